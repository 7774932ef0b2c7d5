"""What a job requests of a stored video that the archive does not have."""

from ytarchive.common.media_requests import request_hint
from ytarchive.common.profile import files_to_fetch
from ytarchive.common.quality import lines_of
from ytarchive.common.side_files import captions_among
from ytarchive.download import DownloadAPI, DownloadEvent, FormatsQuery
from ytarchive.jobs.processing.results import no_longer_stored, skipped
from ytarchive.jobs.queue.models import JobOptions
from ytarchive.jobs.queue.rows import DAMAGED, DueVideo, JobHead, Outcome
from ytarchive.storage import StorageLocation


def missing_of(stored: StorageLocation, options: JobOptions) -> list[str]:
    """Return the files that a job requests and a stored video lacks."""
    return [each for each in stored.missing if options.wants(each)]


def to_recheck(stored: StorageLocation, options: JobOptions, *, recheck: bool) -> list[str]:
    """Return the requested side files that a stored video may have meanwhile."""
    present = [*stored.side_files, *stored.missing]
    due = None if recheck else stored.due_captions
    return files_to_fetch(options, stored.profile, present, due)


def suffix(stored: StorageLocation) -> str:
    """Return the suffix of the stored media, without the dot."""
    return (stored.video_path or "").rpartition(".")[2]


def is_to_form(stored: StorageLocation, options: JobOptions) -> bool:
    """Return whether a job requests the stored media in another form."""
    return options.changes_form(stored.profile, suffix(stored))


def needs_no_request(stored: StorageLocation, video: DueVideo) -> bool:
    """Return whether only the form of a stored video's media changes."""
    options, recheck = video.job.options, video.job.rechecks_captions
    to_fetch = [*missing_of(stored, options), *to_recheck(stored, options, recheck=recheck)]
    lacks_metadata = options.include_metadata and not stored.has_metadata
    is_lacking = to_fetch or lacks_metadata or options.filter.has_criteria
    return is_to_form(stored, options) and not is_lacking


def hint_for(stored: StorageLocation, options: JobOptions) -> str:
    """Return the hint how to fetch what a job requests and does not fetch; empty without one."""
    if stored.media_is_damaged:
        return DAMAGED
    return request_hint(options, stored.profile, stored.quality, stored.video_path or "")


def absent_among(to_fetch: list[str], event: DownloadEvent) -> list[str]:
    """Return the captions among `requested` that YouTube does not have."""
    absent = event.absent_captions
    return [each.key for each in captions_among(to_fetch) if each.language in absent]


def is_stored_since(stored: StorageLocation, job: JobHead) -> bool:
    """Return whether media as good as the job requests was stored after the job was created."""
    options = job.options
    if options.replace or stored.damaged or stored.stored_at < job.created_at:
        return False
    return not options.may_improve(stored.quality, stored.profile)


def unless_upgraded(stored: StorageLocation | None, video: DueVideo) -> StorageLocation | None:
    """Return None for a stored video whose media is fetched again for a better quality.

    The videos that a small job names, and those of quality rechecks, are fetched even if YouTube
    had nothing better before.
    """
    if stored is None or not video.job.options.upgrade:
        return stored
    job = video.job
    asked = None if job.rechecks_captions or job.is_quality_recheck else stored.profile
    return None if video.job.options.may_improve(stored.quality, asked) else stored


async def without_better(
    stored: StorageLocation | None, video: DueVideo, download: DownloadAPI
) -> Outcome | None:
    """Return the outcome of a quality recheck that fetches nothing.

    None if YouTube has better media now. The formats are requested first, because most videos have
    nothing better; a download uses the same extraction.
    """
    options = video.job.options
    if stored is None:
        return Outcome(no_longer_stored(video.video_id))
    if options.may_improve(stored.quality, None):
        query = FormatsQuery(**options.profile_fields)
        choice = (await download.get_formats(video.video_id, query)).choice
        if choice is not None and lines_of(choice.quality) > lines_of(stored.quality):
            return None
    return Outcome(skipped(stored, f"YouTube has nothing better than {stored.quality}"))
