"""The statements of jobs.db for the queue."""

import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ytarchive.common.cursors import id_cursor, require_id_cursor
from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.errors import StorageProblem, error_for_code
from ytarchive.common.identifiers import new_id
from ytarchive.common.listing import Listing
from ytarchive.common.models import ErrorDetail, Page, from_micros, to_micros
from ytarchive.common.rows import all_readable, readable, row_of
from ytarchive.common.schema import Schema
from ytarchive.jobs.queue.clock import Jump
from ytarchive.jobs.queue.models import (
    MAX_SHOWN,
    QUALITY_RECHECK,
    CreateJob,
    Job,
    JobQuery,
    JobStatus,
)
from ytarchive.jobs.queue.recent import RecentJobs
from ytarchive.jobs.queue.rows import (
    DueVideo,
    JobHead,
    NewVideo,
    Outcome,
    Stored,
    errors_json,
    errors_of,
    head_of,
    id_of,
    job_of,
    new_job,
    now_micros,
    outcome_row,
    result_of,
    video_rows,
)
from ytarchive.jobs.queue.waiting import Waiting

SCHEMA = Schema(
    package="ytarchive.jobs",
    durable=True,
    file="jobs.db",
    lost_when_older="its queued jobs do not continue. Queue your lists again: what is stored is "
    "skipped",
    # A user may request videos after the backup: what is restored no longer proves the contrary.
    in_copies="forget_origins",
)

_MICROSECOND = timedelta(microseconds=1)
_MAX_VIDEOS = 20_000
"""Maximum videos of all jobs on a page."""


class JobsRepository:
    """The queue and its jobs."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._recent = RecentJobs(database)

    async def create(
        self,
        request: CreateJob,
        trace_id: str,
        title: str | None = None,
        also: Callable[[Writer], None] | None = None,
    ) -> Job:
        """Store a job with its videos in one transaction, and return it.

        `also`: a further change in this transaction.
        """
        job_id, now = new_id(), now_micros()
        head = {
            "id": job_id,
            "type": request.type,
            "now": now,
            "playlist_id": request.playlist_id,
            "options": request.options.model_dump_json(),
            "priority": request.options.priority,
            "trace_id": trace_id,
            "listing": request.playlist_id is not None,
            "own_videos": len(request.video_ids),
            "subscription_id": request.subscription_id,
            "title": title,
        }
        is_named = request.subscription_id != QUALITY_RECHECK

        def insert(writer: Writer) -> None:
            writer.execute("insert_job", head)
            rows = video_rows(job_id, request.video_ids, is_named=is_named)
            writer.execute_many("add_video", rows)
            if also is not None:
                also(writer)

        await self.database.write(insert)
        return new_job(job_id, request, now).model_copy(update={"title": title})

    async def head(self, job_id: str) -> JobHead | None:
        """Return a job without its videos."""
        row = await self.database.fetch_one("get_job", {"id": job_id})
        return readable(row, head_of, f"job {job_id}") if row else None

    async def heads(self, job_ids: Iterable[str]) -> list[JobHead]:
        """Return those of some jobs that exist, without their videos."""
        values = {"ids": json.dumps(list(job_ids))}
        return all_readable(await self.database.fetch_all("get_jobs", values), head_of, _name)

    async def active(self) -> list[JobHead]:
        """Return the jobs that have not ended."""
        return all_readable(await self.database.fetch_all("active_jobs"), head_of, _name)

    async def job(self, job_id: str, *, expand: bool | None = None) -> Job | None:
        """Return a job, the same object until it changes; `expand` as in `JobView`."""
        return await self._recent.get((job_id, expand), lambda: self._read(job_id, expand))

    async def _read(self, job_id: str, expand: bool | None) -> Job | None:
        row = await self.database.fetch_one("get_job", {"id": job_id})
        return await self._shown(row, expand) if row else None

    async def page(self, query: JobQuery) -> Page[Job]:
        """Return jobs that match, newest first."""
        require_id_cursor(query.cursor)
        values = query.model_dump(include={"status", "type", "cursor", "prefix"})
        listing = Listing(
            name=_name,
            place=lambda row: id_cursor(row["id"]),
            read=lambda row: self._shown(row, query.expand),
            fit=lambda rows: _together(rows, query.expand),
        )

        async def fetch(count: int) -> list[Row]:
            return await self.database.fetch_all(_list_for(query), values | {"limit": count})

        return await listing.page(query.limit, fetch)

    async def _shown(self, row: Row, expand: bool | None) -> Job | None:
        """Return a job without its unreadable videos; None if the job's own row is unreadable."""
        if expand is False:
            return readable(row, lambda it: job_of(it, [], []), _name(row))
        is_truncated = expand is None and row["total"] > MAX_SHOWN
        values = {"job_id": row["id"], "limit": MAX_SHOWN if is_truncated else -1}
        ids = await self.database.fetch_all("job_video_ids", values)
        results = await self.database.fetch_all("job_results", values)
        video_ids = all_readable(ids, id_of, _video_name)
        read = all_readable(results, result_of, _video_name)
        return readable(
            row, lambda it: job_of(it, video_ids, read, truncated=is_truncated), _name(row)
        )

    async def counts(self) -> tuple[dict[str, int], int]:
        """Return the number of jobs by status, and of all waiting videos."""
        jobs = await self.database.fetch_all("count_jobs_by_status")
        waiting = await self.database.fetch_one("count_waiting_videos")
        return {row["status"]: row["jobs"] for row in jobs}, waiting["videos"] if waiting else 0

    async def set_running(self, job_id: str) -> None:
        """Set the status of a job that has not ended."""
        await self._change("set_status", job_id, status=JobStatus.RUNNING, error=None)

    async def set_pending(self, job_id: str) -> bool:
        """Set a running job to PENDING; return False if it is not running."""
        return await self._change("set_pending", job_id) > 0

    async def set_waiting(self, job_id: str) -> bool:
        """Set a running job to PENDING if all its remaining videos wait; return False if not."""
        return await self._change("set_waiting", job_id) > 0

    async def set_all_pending(self) -> None:
        """Set every running job to PENDING."""
        await self.database.execute("set_all_pending")

    async def _change(self, statement: str, job_id: str, **values: str | None) -> int:
        return await self.database.execute(statement, {"id": job_id, "now": now_micros(), **values})

    async def finish(self, job_id: str, status: JobStatus, error: str | None) -> bool:
        """End a job; return False if it has ended, or has videos without a result."""
        return await self._change("finish_job", job_id, status=status, error=error) > 0

    async def set_list(self, job_id: str, title: str, list_id: str | None) -> None:
        """Record the playlist's title and its own id, which for a channel differs."""
        await self._change("set_list", job_id, title=title, list_id=list_id)

    async def listing_finished(self, job_id: str) -> None:
        """Record that the playlist is listed completely."""
        await self._change("listing_finished", job_id)

    async def set_work_plan(self, job_id: str, plan_id: str) -> None:
        """Record the work plan of a job."""
        await self.database.execute("set_work_plan", {"id": job_id, "work_plan_id": plan_id})

    async def add_videos(
        self,
        job_id: str,
        videos: Iterable[tuple[str, str]],
        first: int,
        settled: Iterable[Outcome] = (),
    ) -> None:
        """Append videos (id, title) at positions from `first`; known ones are not changed.

        `settled`: results of the videos that need no preparation.
        """
        results = [outcome_row(job_id, outcome) for outcome in settled]
        rows = [
            {
                "job_id": job_id,
                "video_id": video_id,
                "position": position,
                "title": title,
                "asked": False,
            }
            for position, (video_id, title) in enumerate(videos, start=first)
        ]

        def add(writer: Writer) -> None:
            writer.execute_many("add_video", rows)
            writer.execute_many("set_result", results)

        await self.database.write(add)

    async def new_videos(self, job_id: str, limit: int) -> dict[str, NewVideo]:
        """Return videos that are not prepared yet."""
        rows = await self.database.fetch_all("new_videos", {"job_id": job_id, "limit": limit})
        return {row["video_id"]: NewVideo(bool(row["asked"]), bool(row["named"])) for row in rows}

    async def count_queued(self, job_id: str) -> int:
        """Return the number of queued videos."""
        row = await self.database.fetch_one("count_queued", {"job_id": job_id})
        return int(row["videos"]) if row else 0

    async def prepare(self, job_id: str, queue: Sequence[str], settled: Sequence[Outcome]) -> None:
        """Queue new videos, and store the results of those that need no request."""
        known = [outcome_row(job_id, outcome) for outcome in settled]
        queued = [{"job_id": job_id, "video_id": video_id} for video_id in queue]

        def move(writer: Writer) -> None:
            writer.execute_many("queue_video", queued)
            writer.execute_many("set_result", known)
            writer.execute_many("supersede_older", [_named(row) for row in known])
            writer.execute("touch_job", {"id": job_id, "now": now_micros()})

        await self.database.write(move)

    async def due(self, job: JobHead, limit: int, now: datetime, generation: int) -> list[DueVideo]:
        """Return the videos of a job that may start `now`, in order."""
        rows = await self.database.fetch_all(
            "due_videos", {"job_id": job.id, "now": to_micros(now), "limit": limit}
        )
        return [
            DueVideo(
                job,
                each["video_id"],
                each["attempts"],
                each["title"],
                is_named=bool(each["named"]),
                generation=generation,
            )
            for each in rows
        ]

    async def next_due(self, job_id: str, now: datetime) -> datetime | None:
        """Return when the next waiting video of a job may start, after `now`."""
        values = {"job_id": job_id, "now": to_micros(now)}
        row = await self.database.fetch_one("next_due", values)
        return from_micros(row["due"]) if row and row["due"] is not None else None

    async def waiting(self, job_id: str) -> Waiting | None:
        """Return why the next waiting video of a job waits; None if others may start before."""
        row = await self.database.fetch_one("next_waiting", {"job_id": job_id, "now": now_micros()})
        if row is None or row["due"] is None:
            return None
        due = from_micros(row["due"])
        others = f" ({row['videos']} videos are waiting)" if row["videos"] > 1 else ""
        kind = error_for_code(row["error_code"] or "")
        remedy = f". {kind.remedy}" if issubclass(kind, StorageProblem) else ""
        cause = f"{row['video_id']}: {row['message']}{remedy}"
        message = f"{cause}; next attempt {due:%Y-%m-%d %H:%M} UTC{others}"
        return Waiting(row["reason"] or "", message, due)

    async def has_open_videos(self, job_id: str) -> bool:
        """Return whether a job has a video without a result."""
        row = await self.database.fetch_one("has_open_videos", {"job_id": job_id})
        return bool(row and row["open"])

    async def is_queued(self, video: DueVideo) -> bool:
        """Return whether a video is queued, and was not cancelled meanwhile."""
        row = await self.database.fetch_one(
            "video_state", {"job_id": video.job.id, "video_id": video.video_id}
        )
        return row is not None and row["state"] == "queued"

    async def set_result(self, job_id: str, outcome: Outcome) -> Stored:
        """Store a video's result, and return the consequences."""
        row = outcome_row(job_id, outcome)

        def store(writer: Writer) -> Stored:
            writer.execute("set_result", row)
            writer.execute("supersede_older", _named(row))
            if outcome.media is not None:
                writer.execute("record_origin", _named(row) | row_of(outcome.media))
            rest = writer.fetch_one("has_open_videos", {"job_id": job_id})
            missing = writer.fetch_one("is_missing", {"video_id": row["video_id"]})
            return Stored(
                ends_job=rest is None or not rest["open"], was_missing=missing is not None
            )

        return await self.database.write(store)

    async def set_requested(self, video_id: str) -> None:
        """Record that a user requested a video without a job."""
        await self.database.execute("request_video", {"video_id": video_id})

    async def postpone(
        self,
        video: DueVideo,
        attempts: int,
        until: datetime,
        reason: str,
        errors: Sequence[ErrorDetail],
    ) -> None:
        """Postpone a video until a moment; `errors`: its failures, newest last."""
        last = errors[-1] if errors else None
        await self.database.execute(
            "postpone_video",
            {
                "job_id": video.job.id,
                "video_id": video.video_id,
                "attempts": attempts,
                "next_attempt_at": to_micros(until),
                "message": last.message if last else "",
                "error_code": last.code if last else None,
                "reason": reason or "unknown",
                "errors": errors_json(errors),
            },
        )

    async def errors(self, video: DueVideo) -> list[ErrorDetail]:
        """Return a video's earlier failures, oldest first."""
        row = await self.database.fetch_one(
            "video_errors", {"job_id": video.job.id, "video_id": video.video_id}
        )
        return errors_of(row) if row else []

    async def cancel(self, job_id: str) -> bool:
        """Cancel a job and all its waiting videos; return False if it had ended."""
        now = now_micros()

        def cancel(writer: Writer) -> int:
            writer.execute("cancel_open_videos", {"job_id": job_id, "now": now})
            values = {"id": job_id, "status": JobStatus.CANCELLED, "error": None, "now": now}
            return writer.execute("set_status", values)

        return await self.database.write(cancel) > 0

    async def cancelled_while_waiting(self, job_id: str) -> list[str]:
        """Return up to 10,000 videos of a cancelled job that were waiting for another attempt."""
        rows = await self.database.fetch_all("cancelled_while_waiting", {"job_id": job_id})
        return [row["video_id"] for row in rows]

    async def requeue(self, job_id: str, *, relist: bool) -> int:
        """Queue unsuccessful videos again; return their number, or -1 if the job is active."""
        now = now_micros()

        def requeue(writer: Writer) -> int:
            if not writer.execute("reopen_job", {"id": job_id, "now": now}):
                return -1
            if relist:
                writer.execute("list_again", {"id": job_id})
            return writer.execute("requeue_videos", {"job_id": job_id})

        return await self.database.write(requeue)

    async def unreported(self) -> list[str]:
        """Return the jobs with failures that are in no work plan."""
        rows = await self.database.fetch_all("unreported_jobs")
        return [row["job_id"] for row in rows]

    async def unplanned(self, job_id: str, limit: int) -> list[Row]:
        """Return failed and unavailable videos that are not in the work plan yet."""
        values = {"job_id": job_id, "limit": limit}
        return await self.database.fetch_all("unplanned_videos", values)

    async def recovered(self, job_id: str) -> list[str]:
        """Return videos that were stored after a failure and are still in the work plan."""
        rows = await self.database.fetch_all("recovered_videos", {"job_id": job_id})
        return [row["video_id"] for row in rows]

    async def shift_waits(self, jump: Jump) -> None:
        """Shift relative waits after a change of the wall clock, so that they keep their length."""
        values = {"drift": jump.by // _MICROSECOND, "before": to_micros(jump.before)}
        await self.database.execute("shift_waits", values)

    async def bound_waits(self, longest: Mapping[str, timedelta]) -> None:
        """Limit each wait to the longest that its cause allows."""
        values = {name: wait // _MICROSECOND for name, wait in longest.items()}
        await self.database.execute("bound_waits", values | {"now": now_micros()})

    async def report_again(self, video_id: str) -> list[str]:
        """Mark results of an unavailable video with new evidence; return jobs with work plans."""

        def mark(writer: Writer) -> list[str]:
            values = {"video_id": video_id}
            writer.execute("report_again", values)
            return [row["job_id"] for row in writer.fetch_all("unavailable_in_jobs", values)]

        return await self.database.write(mark)

    async def mark_planned(
        self, job_id: str, unplanned: Iterable[dict[str, Any]], recovered: Iterable[str]
    ) -> None:
        """Record that the work plan contains these results."""
        stored = [{"job_id": job_id, "video_id": video_id} for video_id in recovered]

        def mark(writer: Writer) -> None:
            writer.execute_many("mark_planned", unplanned)
            writer.execute_many("mark_recovered", stored)

        await self.database.write(mark)


def _named(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("job_id", "video_id")}


def _name(row: Row) -> str:
    return f"job {row['id']}"


def _video_name(row: Row) -> str:
    return f"video {row['video_id']} of a job"


def _together(rows: list[Row], expand: bool | None) -> list[Row]:
    """Return the first of some jobs: as many as one answer can contain with their videos."""
    if expand is False:
        return rows
    most = None if expand else MAX_SHOWN
    totals = itertools.accumulate(min(row["total"], most or row["total"]) for row in rows)
    return rows[: max(1, sum(total <= _MAX_VIDEOS for total in totals))]


def _list_for(query: JobQuery) -> str:
    """Return the statement with the index that the filters need."""
    if query.status is not None:
        return "list_jobs_of_status"
    return "list_jobs" if query.type is None else "list_jobs_of_type"
