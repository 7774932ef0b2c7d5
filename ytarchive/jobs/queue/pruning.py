"""Removes finished jobs after `jobs.keep_days`, except those with open videos."""

from collections.abc import AsyncIterator
from datetime import timedelta

from loguru import logger

from ytarchive.common.database import Database, Writer
from ytarchive.common.models import to_micros, utc_now
from ytarchive.common.scheduler import Duty
from ytarchive.jobs.queue.clock import Clock
from ytarchive.storage import ExistsRequest, StorageAPI

log = logger.bind(service="jobs")

INTERVAL = 6 * 3600.0
"""Seconds between two rounds."""
_AT_ONCE = 500
"""Jobs or videos in one transaction; larger transactions would delay other writes."""


class Pruner:
    """Removes old jobs and their results, but no stored videos and no entries of work plans.

    A job is kept while it has the latest result of a video that could not be archived: that video
    waits for a time or a condition, or is an entry of an open work plan.
    """

    def __init__(
        self, database: Database, storage: StorageAPI, keep_days: float, now: Clock | None = None
    ) -> None:
        self._database = database
        self._storage = storage
        self._keep = timedelta(days=keep_days)
        self._now = now or utc_now

    @property
    def duty(self) -> Duty:
        """Return the duty of a server, and of a command that works on a job."""
        return Duty("finished jobs", self.prune, INTERVAL, in_commands=True)

    async def prune(self) -> int:
        """Remove the jobs that are old enough; return their number. With `keep_days` 0 none is."""
        if not self._keep:
            return 0
        before = to_micros(self._now() - self._keep)
        await self._supersede_stored(before)
        removed = 0
        async for job_id in self._old_jobs(before):
            removed += await self._remove(job_id)
        if removed:
            log.info("{} jobs that ended more than {} days ago removed", removed, self._keep.days)
        return removed

    async def _supersede_stored(self, before: int) -> None:
        """Close failures of old jobs whose video another job has stored meanwhile."""
        after = ""
        while True:
            values = {"before": before, "after": after, "limit": _AT_ONCE}
            rows = await self._database.fetch_all("old_failures", values)
            if not rows:
                return
            ids = list(dict.fromkeys(row["video_id"] for row in rows))
            found = await self._storage.videos_exist(ExistsRequest(video_ids=ids))
            stored = [{"video_id": each} for each in found.video_ids]
            if stored:
                await self._write_all("supersede_stored", stored)
            after = ids[-1]

    async def _write_all(self, statement: str, rows: list[dict[str, str]]) -> None:
        await self._database.write(lambda writer: writer.execute_many(statement, rows))

    async def _old_jobs(self, before: int) -> AsyncIterator[str]:
        after = ""
        while True:
            values = {"before": before, "after": after, "limit": _AT_ONCE}
            rows = await self._database.fetch_all("old_jobs", values)
            if not rows:
                return
            for row in rows:
                yield row["id"]
            after = rows[-1]["id"]

    async def _remove(self, job_id: str) -> int:
        """Remove a job, some videos at a time; 0 if it was queued again meanwhile."""
        values = {"id": job_id, "limit": _AT_ONCE}

        def remove(writer: Writer) -> tuple[int, int]:
            videos = writer.execute("remove_job_videos", values)
            return videos, writer.execute("remove_job", values)

        while True:
            videos, jobs = await self._database.write(remove)
            if jobs or not videos:
                return jobs
