"""Caches jobs that were read recently, until the next commit."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from ytarchive.common.database import Database
from ytarchive.jobs.queue.models import Job

_MAX_VIDEOS = 5_000
"""Maximum videos of all cached jobs: a few megabytes."""

Key = tuple[str, bool | None]


class RecentJobs:
    """Caches jobs for repeated requests. A cached job is never older than the last commit."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[Key, tuple[int, Job]] = OrderedDict()
        self._videos = 0

    async def get(self, key: Key, read: Callable[[], Awaitable[Job | None]]) -> Job | None:
        """Return the job, the same object until it changes; None if it does not exist."""
        version = self._database.version
        known = self._kept.get(key)
        if known is not None and known[0] == version:
            self._kept.move_to_end(key)
            return known[1]
        job = await read()
        self._forget(key)
        # A commit during the read may be missing in the result, which then is not cached.
        if job is not None and version == self._database.version:
            self._keep(key, version, job)
        return job

    def _keep(self, key: Key, version: int, job: Job) -> None:
        self._kept[key] = version, job
        self._videos += _size(job)
        while self._videos > _MAX_VIDEOS:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: Key) -> None:
        known = self._kept.pop(key, None)
        if known is not None:
            self._videos -= _size(known[1])


def _size(job: Job) -> int:
    return 1 + len(job.video_ids)
