"""Queues unsuccessful videos again: by cause, by condition, or from a work plan.

Each call is one transaction: its videos are queued and their jobs are opened, or nothing changes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from loguru import logger

from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.models import ErrorDetail
from ytarchive.jobs.queue.models import CreateJob
from ytarchive.jobs.queue.rows import errors_json, now_micros


@dataclass(frozen=True)
class RetryCandidate:
    """Videos of one job that ended, or wait, for one reason."""

    job_id: str
    reason: str
    videos: int


@dataclass(frozen=True)
class PlannedVideo:
    """A video of a work plan, with its history."""

    video_id: str
    title: str
    reason: str
    errors: Sequence[ErrorDetail]


class Requeueing:
    """The statements of `queries.sql` that queue videos again."""

    def __init__(self, database: Database, changed: Callable[[str], None]) -> None:
        self._database = database
        self._changed = changed

    async def find(self, job_id: str | None, reason: str | None) -> list[RetryCandidate]:
        """Return the videos that a retry would queue again."""
        rows = await self._database.fetch_all("retryable_videos", _selection(job_id, reason))
        return [RetryCandidate(**dict(row)) for row in rows]

    async def retry(self, job_id: str | None, reason: str | None) -> list[RetryCandidate]:
        """Queue failed videos again, and end the waits for that reason; return these videos."""
        selection = _selection(job_id, reason)

        def requeue(writer: Writer) -> list[RetryCandidate]:
            rows = writer.fetch_all("retryable_videos", selection)
            found = [RetryCandidate(**dict(row)) for row in rows]
            for each in found:
                chosen = {"job_id": each.job_id, "reason": each.reason}
                more = {"now": selection["now"], "also_waiting": reason is not None}
                writer.execute("requeue_reason", chosen | more)
            _reopen(writer, {each.job_id for each in found})
            return found

        found = await self._database.write(requeue)
        self._notify({each.job_id for each in found})
        return found

    async def end_waits(self, reason: str) -> int:
        """End the waits for a reason; return the number of videos."""
        values = {"reason": reason, "now": now_micros()}
        rows = await self._database.write(lambda writer: writer.fetch_all("end_waits", values))
        self._notify({row["job_id"] for row in rows})
        return len(rows)

    async def requeue_parked(self, condition: str, present: str) -> int:
        """Queue videos that are parked for another state of a condition; return their number."""
        values = {"condition": condition, "present": present}
        return await self._requeue("parked_videos", values)

    async def requeue_due(self) -> int:
        """Queue upcoming and live videos that are due now; return their number."""
        return await self._requeue("released_videos", {"now": now_micros()})

    async def requeue_unavailable(self, video_id: str) -> int:
        """Queue a video in all jobs where it is unavailable; return the number of jobs."""
        return await self._requeue("unavailable_in_jobs", {"video_id": video_id})

    async def queue_planned(self, job_id: str, videos: Sequence[PlannedVideo]) -> None:
        """Queue the videos of a work plan in its job."""
        rows = [
            {
                "job_id": job_id,
                "video_id": video.video_id,
                "title": video.title,
                "errors": errors_json(video.errors),
            }
            for video in videos
        ]

        def take(writer: Writer) -> None:
            writer.execute_many("queue_planned", rows)
            _reopen(writer, {job_id})

        await self._database.write(take)
        self._notify({job_id})

    async def _requeue(self, query: str, values: Mapping[str, str | int]) -> int:
        if not await self._database.fetch_all(query, values):
            return 0

        def requeue(writer: Writer) -> list[Row]:
            rows = writer.fetch_all(query, values)
            writer.execute_many("requeue_video", [dict(row) for row in rows])
            _reopen(writer, {job_id for job_id, _ in groupby(rows, lambda row: row["job_id"])})
            return rows

        rows = await self._database.write(requeue)
        self._notify({row["job_id"] for row in rows})
        return len(rows)

    def _notify(self, job_ids: set[str]) -> None:
        for job_id in sorted(job_ids):
            self._changed(job_id)


def _selection(job_id: str | None, reason: str | None) -> dict[str, str | int | None]:
    return {"job_id": job_id, "reason": reason, "now": now_micros()}


def _reopen(writer: Writer, job_ids: set[str]) -> None:
    """Open jobs that had ended; the other jobs are open."""
    now = now_micros()
    writer.execute_many("reopen_job", [{"id": job_id, "now": now} for job_id in sorted(job_ids)])


log = logger.bind(service="jobs")


class OpenJobs:
    """Finds open jobs by what they were created for, to continue them instead of adding another.

    A command without a server leaves a job open when all that is left has to wait. The same
    command, run every night, would leave another one each time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def continued(self, request: CreateJob) -> str | None:
        """Return the oldest open job of the same request, and mark its list to be listed again."""
        own_videos = list(dict.fromkeys(request.video_ids))
        values = {
            "type": request.type,
            "playlist_id": request.playlist_id,
            "options": request.options.model_dump_json(),
            "own_videos": len(request.video_ids),
            "subscription_id": request.subscription_id,
        }
        for row in await self._database.fetch_all("open_jobs_like", values):
            videos = {"job_id": row["id"], "limit": len(own_videos)}
            found = await self._database.fetch_all("job_video_ids", videos)
            if [each["video_id"] for each in found] == own_videos:
                if request.playlist_id is not None:
                    await self._database.execute("list_again", {"id": row["id"]})
                log.info("job {} is continued: it was created by the same request", row["id"])
                return str(row["id"])
        return None
