"""Conversion of rows of jobs.db into objects, and back."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from ytarchive.common.database import Row
from ytarchive.common.identifiers import OpaqueId, parse_video_id
from ytarchive.common.models import ErrorDetail, from_micros, to_micros, utc_now
from ytarchive.common.rows import fields_of, readable
from ytarchive.jobs.queue.filtering import Exclusion
from ytarchive.jobs.queue.models import (
    MAX_SHOWN,
    QUALITY_RECHECK,
    CreateJob,
    Job,
    JobOptions,
    JobProgress,
    JobResult,
    JobStatus,
    JobType,
    ResultStatus,
)

_OPAQUE: TypeAdapter[str] = TypeAdapter(OpaqueId)


class NewVideo(NamedTuple):
    """How a job came to a video that is not prepared yet."""

    is_asked: bool
    """The job names it, or it is retried: requested also if it was unavailable."""
    is_named: bool
    """The job names it, and it is not retried: fetched also if a mark excludes it."""


@dataclass(frozen=True)
class JobHead:
    """A job without its videos."""

    id: str
    type: JobType
    status: JobStatus
    options: JobOptions
    priority: int
    playlist_id: str | None
    created_at: datetime
    trace_id: str
    listing: bool
    own_videos: int
    work_plan_id: str | None
    title: str | None
    list_id: str | None
    """The playlist's own id, once it is known: `UU…` for a channel."""
    done: int
    total: int
    good: int

    @property
    def rechecks_captions(self) -> bool:
        """Return whether captions that YouTube did not have are requested before they are due.

        Only for jobs that name a few videos: a list would need a request for each of its videos.
        """
        names_few = self.playlist_id is None and self.own_videos <= 20
        return names_few and not self.is_quality_recheck

    @property
    def is_quality_recheck(self) -> bool:
        """Return whether the job requests fresh videos again in a better quality."""
        return self.subscription_id == QUALITY_RECHECK

    known: int
    """Entries of the list that earlier jobs archived or ended; not in `total`."""
    missing: int
    """Failed and unavailable videos."""
    failed_before: int
    """Those of `missing` that the work plan had before this job."""
    subscription_id: str | None
    """The subscription that created the job; None: a user."""

    @property
    def list(self) -> str | None:
        """Return the id of the job's list; None for a job that names videos."""
        return self.list_id or self.playlist_id


@dataclass(frozen=True)
class DueVideo:
    """A video of a job that may start."""

    job: JobHead
    video_id: str
    attempts: int
    title: str
    is_named: bool
    """As in `NewVideo`."""
    generation: int
    """Generation of the queue when the video was read: later it may have been cancelled."""


@dataclass(frozen=True)
class FetchedMedia:
    """Media that a job fetched and stored."""

    stored_at: datetime
    replaces: datetime | None = None
    """When the earlier media was stored; None if there was none."""


@dataclass(frozen=True)
class Outcome:
    """A video's result, with further data for the work plan."""

    result: JobResult
    title: str = ""
    errors: Sequence[ErrorDetail] = ()
    waits_for: str | None = None
    """The condition of a retry, with its state: from `RetryConditions.park`."""
    media: FetchedMedia | None = None


@dataclass(frozen=True)
class Stored:
    """The consequences of a stored result."""

    ends_job: bool
    """All videos of the job have a result."""
    was_missing: bool
    """The ledger has the video as unavailable."""


def now_micros() -> int:
    """Return the present time as stored in rows."""
    return to_micros(utc_now())


def video_rows(
    job_id: str, video_ids: Iterable[str], *, is_named: bool = True
) -> list[dict[str, Any]]:
    """Return the rows of a job's own videos, in their order. `is_named`: as in `NewVideo`."""
    row = {"job_id": job_id, "title": "", "asked": is_named}
    return [
        row | {"video_id": video_id, "position": position}
        for position, video_id in enumerate(dict.fromkeys(video_ids))
    ]


def head_of(row: Row) -> JobHead:
    """Return a job's row as its head."""
    good = row["success"] + row["skipped"]
    return JobHead(
        **fields_of(JobHead, row)
        | {
            "type": JobType(row["type"]),
            "status": JobStatus(row["status"]),
            "options": JobOptions.model_validate_json(row["options"]),
        },
        done=good + row["failed"] + row["unavailable"],
        good=good,
        missing=row["failed"] + row["unavailable"],
    )


def new_job(job_id: str, request: CreateJob, now: int) -> Job:
    """Return the job created from `request` at `now` (microseconds), as it was stored."""
    video_ids = list(dict.fromkeys(request.video_ids))
    return Job(
        id=job_id,
        type=request.type,
        status=JobStatus.PENDING,
        created_at=from_micros(now),
        updated_at=from_micros(now),
        video_ids=video_ids[:MAX_SHOWN],
        playlist_id=request.playlist_id,
        options=request.options,
        subscription_id=request.subscription_id,
        results=[],
        truncated=len(video_ids) > MAX_SHOWN,
        progress=JobProgress(total=len(video_ids), listing=request.playlist_id is not None),
    )


def job_of(
    row: Row, video_ids: list[str], results: list[JobResult], *, truncated: bool = False
) -> Job:
    """Return a job's row as the job."""
    ended = sum(row[name] for name in ("success", "skipped", "failed", "unavailable"))
    read = {
        "id": _OPAQUE.validate_python(row["id"]),
        "options": JobOptions.model_validate_json(row["options"]),
    }
    return Job(
        **fields_of(Job, row) | read,
        video_ids=video_ids,
        results=results,
        truncated=truncated,
        progress=JobProgress(**fields_of(JobProgress, row), done=ended, succeeded=row["success"]),
    )


_RESULT_FIELDS = [name for name in JobResult.model_fields if name not in {"status", "retry_after"}]


def result_of(row: Row) -> JobResult:
    """Return a video's row as its result."""
    fields = {name: row[name] for name in _RESULT_FIELDS}
    later = row["next_attempt_at"] if row["state"] in {"failed", "unavailable"} else None
    retry_after = from_micros(later) if later else None
    return JobResult(status=ResultStatus(row["state"]), retry_after=retry_after, **fields)


DAMAGED = "the stored file is damaged: `ytarchive verify --repair` downloads it again"


def stored_already(video_id: str, hint: str = "") -> Outcome:
    """Return the outcome of a video that was already stored; `hint` is added to its message."""
    message = "; ".join(filter(None, ["already in the archive", hint]))
    result = JobResult(video_id=video_id, status=ResultStatus.SKIPPED, message=message)
    return Outcome(result)


def removed_before(video_id: str) -> Outcome:
    """Return the outcome of a video that a user removed from the archive."""
    message = (
        f"removed from the archive: `ytarchive download {video_id}` fetches it, and `ytarchive "
        f"marks set {video_id} --no-removed` lets lists fetch it"
    )
    return _not_fetched(video_id, message, REMOVED)


def known_elsewhere(video_id: str, place: str) -> Outcome:
    """Return the outcome of a video of a list that is stored outside the archive."""
    message = f"known elsewhere ({place}): `ytarchive download {video_id}` fetches it"
    return _not_fetched(video_id, message, "known_elsewhere")


def is_marked(outcome: Outcome) -> bool:
    """Return whether a mark excludes the video, unless a job names it."""
    return outcome.result.reason in _MARKED


REMOVED = "removed"
_MARKED = {REMOVED, "known_elsewhere"}


def _not_fetched(video_id: str, message: str, reason: str) -> Outcome:
    return Outcome(
        JobResult(video_id=video_id, status=ResultStatus.SKIPPED, message=message, reason=reason)
    )


FILTERED = "filtered"
"""The reason of videos that the job's filter excludes."""


def filtered(video_id: str, exclusion: Exclusion, title: str = "") -> Outcome:
    """Return the outcome of a video that the job's filter excludes."""
    result = _not_fetched(video_id, exclusion.reason, FILTERED).result
    return Outcome(result.model_copy(update={"rule": exclusion.rule}), title)


def outcome_row(job_id: str, outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as the parameters of the statement that stores it."""
    values = outcome.result.model_dump(exclude={"failed_before"})
    later = values.pop("retry_after")
    return values | {
        "job_id": job_id,
        "state": values.pop("status"),
        "errors": errors_json(outcome.errors),
        "title": outcome.title,
        "waits_for": outcome.waits_for,
        "next_attempt_at": to_micros(later) if later else 0,
        "now": now_micros(),
    }


def errors_json(errors: Sequence[ErrorDetail]) -> str:
    """Return failures as JSON for a row."""
    return json.dumps([error.model_dump(mode="json") for error in errors])


def errors_of(row: Row) -> list[ErrorDetail]:
    """Return the failures in a video's row, oldest first; none if they are damaged."""
    found = readable(row, _errors, "the failures of a video")
    return found or []


def _errors(row: Row) -> list[ErrorDetail]:
    return [ErrorDetail.model_validate(item) for item in json.loads(row["errors"])]


def id_of(row: Row) -> str:
    """Return the id of a video's row. Raises InvalidIdentifier if it is damaged."""
    return parse_video_id(row["video_id"])
