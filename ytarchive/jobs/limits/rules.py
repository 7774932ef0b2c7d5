"""The most videos and bytes that the rules of a list allow, for each job and for each day."""

from collections.abc import Sequence
from datetime import time, tzinfo
from math import inf

from ytarchive.common.database import Database, Row
from ytarchive.common.models import to_micros, utc_now
from ytarchive.common.windows import moment
from ytarchive.jobs.queue.clock import Clock
from ytarchive.jobs.queue.filtering import Exclusion
from ytarchive.jobs.queue.rows import DueVideo, JobHead, Outcome, filtered, head_of


class RuleLimits:
    """Excludes the videos of a job that are beyond the limits of its filter.

    Counted are videos that were fetched, and those that are queued. The next job of the list
    requests the excluded videos again.
    """

    def __init__(
        self, database: Database, now: Clock = utc_now, zone: tzinfo | None = None
    ) -> None:
        self._database = database
        self._now = now
        self._zone = zone

    async def beyond(self, job: JobHead, video_ids: Sequence[str]) -> dict[str, Outcome]:
        """Return the results of those of some videos, in order, that are beyond a limit."""
        if not job.options.filter.has_limits:
            return {}
        left, exclusion = await self._left(job)
        return {each: filtered(each, exclusion) for each in video_ids[max(left, 0) :]}

    async def bytes_reached(self, video: DueVideo) -> Outcome | None:
        """Return the result of a video if a limit of bytes has been reached since it was queued."""
        if not video.job.options.filter.has_limits:
            return None
        reached = await self._of_bytes(video.job)
        return filtered(video.video_id, reached[0], video.title) if reached else None

    async def may_resume(self, job_id: str) -> bool:
        """Return whether limits held videos of a job back that another job may archive now."""
        row = await self._database.fetch_one("held_back", {"job_id": job_id})
        if row is None:
            return False
        job = head_of(row)
        most, most_bytes = (
            job.options.filter.max_videos_per_day,
            job.options.filter.max_bytes_per_day,
        )
        if most is None and most_bytes is None:
            return True
        counted = await self._today(job)
        return bool(counted["videos"] < (most or inf) and counted["bytes"] < (most_bytes or inf))

    async def _left(self, job: JobHead) -> tuple[int, Exclusion]:
        """Return how many videos may be queued, and the exclusion of the others."""
        wanted = job.options.filter
        found = [(0, exclusion) for exclusion in await self._of_bytes(job)]
        if (most := wanted.max_videos) is not None:
            counted = await self._count("counted_of_job", {"job_id": job.id})
            reason = _reason(f"a job archives at most {most} videos")
            found.append((most - counted["videos"], Exclusion("max_videos", reason)))
        if (most := wanted.max_videos_per_day) is not None:
            counted = await self._today(job)
            reason = _reason(f"at most {most} videos a day are archived")
            found.append((most - counted["videos"], Exclusion("max_videos_per_day", reason)))
        return min(found) if found else (_ANY, _NONE)

    async def _of_bytes(self, job: JobHead) -> list[Exclusion]:
        wanted, found = job.options.filter, []
        if (most := wanted.max_bytes) is not None:
            counted = await self._count("counted_of_job", {"job_id": job.id})
            if counted["bytes"] >= most:
                found.append(Exclusion("max_bytes", _reason(f"the job has fetched {most} bytes")))
        if (most := wanted.max_bytes_per_day) is not None:
            counted = await self._today(job)
            if counted["bytes"] >= most:
                reason = _reason(f"{most} bytes were fetched today")
                found.append(Exclusion("max_bytes_per_day", reason))
        return found

    async def _today(self, job: JobHead) -> Row:
        day = self._now().astimezone(self._zone).date()
        since = to_micros(moment(day, time(), self._zone))
        return await self._count("counted_of_list", {"list": job.list or job.id, "since": since})

    async def _count(self, statement: str, values: dict[str, object]) -> Row:
        [row] = await self._database.fetch_all(statement, values)
        return row


_ANY = 2**31
_NONE = Exclusion("", "")


def _reason(limit: str) -> str:
    return f"excluded by the filter: {limit}; the next job of the list requests it again"
