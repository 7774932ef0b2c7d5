"""Requests the jobs of subscriptions, and chooses what the first of them archives."""

from collections.abc import Iterable, Mapping

from ytarchive.common.media import PlaylistVideo
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.profiles import resolved
from ytarchive.jobs import CreateJob, JobOptions, JobsAPI, JobType, JobView, ListComparison
from ytarchive.subscriptions.models import FirstCheck
from ytarchive.subscriptions.repository import Followed

NEWS_PRIORITY = 10
"""Added to the priority of jobs for new videos, so that they precede older videos."""


class JobRequests:
    """Creates jobs that list a subscription's list."""

    def __init__(self, jobs: JobsAPI, profiles: Mapping[str, ArchiveProfile]) -> None:
        self._jobs = jobs
        self._profiles = profiles

    async def job(self, followed: Followed, known: ListComparison) -> str:
        """Return the job that archives the new videos: one that lists already, or a new one."""
        options = job_options(followed, is_backfill=not known.is_known)
        for job_id in known.listed_by:
            if await self._is_equal(job_id, options):
                return job_id
        job = await self._jobs.create_job(
            CreateJob(
                type=JobType.PLAYLIST_DOWNLOAD,
                playlist_id=followed.list_id,
                options=options,
                subscription_id=followed.id,
            )
        )
        return job.id

    async def _is_equal(self, job_id: str, options: JobOptions) -> bool:
        """Return whether a job has the same options; one with other rules can leave videos out."""
        job = await self._jobs.get_job(job_id, JobView(expand=False))
        given = resolved(options, self._profiles)
        return job.options.model_copy(update={"priority": given.priority}) == given


def job_options(followed: Followed, *, is_backfill: bool) -> JobOptions:
    """Return the options of a subscription's job."""
    given = followed.options
    rules = given.filter.model_copy(update={"only_new": followed.first is not FirstCheck.ALL})
    priority = given.priority if is_backfill else min(given.priority + NEWS_PRIORITY, 100)
    return given.model_copy(update={"filter": rules, "priority": priority})


def chosen_first(followed: Followed, videos: Iterable[PlaylistVideo]) -> set[str]:
    """Return the entries that the first check archives: later ones, and the newest."""
    chosen = {
        each.video_id for each in videos if each.added_at and each.added_at > followed.created_at
    }
    wanted = followed.newest or 0
    for entry in videos:
        if wanted <= 0:
            break
        reason = followed.options.filter.exclusion_of_entry(entry, followed.list_id)
        if entry.is_available and reason is None:
            chosen.add(entry.video_id)
            wanted -= 1
    return chosen
