"""Passes of the verification over the archive, and their progress."""

from dataclasses import dataclass, replace
from datetime import datetime

from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.events import VerificationChanged, publish
from ytarchive.common.identifiers import new_id
from ytarchive.common.models import to_micros, utc_now
from ytarchive.common.rows import fields_of, readable, row_of
from ytarchive.storage.store.background import PassState
from ytarchive.storage.verify.models import (
    FindingKind,
    Verification,
    VerifyRequest,
)


@dataclass(frozen=True)
class Pass:
    """One pass over the archive, and its progress."""

    scope: str
    sample_percent: float
    seed: str
    state: PassState
    updated_at: datetime
    completed_at: datetime | None
    error: str | None
    video_cursor: int
    """Number of the last checked video."""
    videos_total: int
    videos_checked: int
    files_checked: int
    bytes_checked: int

    @property
    def was_interrupted(self) -> bool:
        """Return whether it stopped because the archive's folder was missing."""
        return self.state is PassState.STOPPED and self.error is not None

    def advanced(self, cursor: int, videos: int, files: int, size: int) -> "Pass":
        """Return the pass after further videos, the last of which is `cursor`."""
        return replace(
            self,
            video_cursor=cursor,
            videos_checked=self.videos_checked + videos,
            files_checked=self.files_checked + files,
            bytes_checked=self.bytes_checked + size,
        )


def scope_of(request: VerifyRequest) -> str:
    """Return the scope of a request; each scope has its own progress."""
    if request.known_only:
        return "known"
    return request.mode if request.sample_percent == 100 else f"{request.mode}-sample"


class VerificationPasses:
    """The rows of the passes: the newest of each scope."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last_pass(self, scope: str) -> Pass | None:
        """Return the current or last pass of a scope; None if there is none or it is unreadable."""
        row = await self._database.fetch_one("get_pass", {"scope": scope})
        found = readable(row, _pass, _name(row)) if row else None
        if row is not None and found is None:
            await self._database.execute("forget_pass", {"scope": scope})
        return found

    async def summary(self) -> Verification:
        """Return the current or last pass of all scopes, and the number of open findings."""
        rows = await self._database.fetch_all("newest_passes")
        counts = await self._database.fetch_all("count_findings")
        known = set(FindingKind)
        findings = {each["kind"]: each["findings"] for each in counts if each["kind"] in known}
        never = Verification(state=PassState.NEVER, findings=findings)

        def read(row: Row) -> Verification:
            return Verification(**fields_of(Verification, row), findings=findings)

        found = (readable(row, read, _name(row)) for row in rows)
        return next(filter(None, found), never)

    async def count_videos(self) -> int:
        """Return the number of videos in the library, including those with only metadata."""
        [counted] = await self._database.fetch_all("count_videos")
        return int(counted["videos"])

    async def covered_videos(self, progress: Pass) -> int:
        """Return how many videos a pass has covered, including those outside its sample."""
        row = await self._database.fetch_one(
            "count_videos_until", {"cursor": progress.video_cursor}
        )
        return int(row["videos"]) if row else 0

    async def begin(self, request: VerifyRequest) -> Pass:
        """Begin a new pass."""
        row = {
            "scope": scope_of(request),
            "mode": request.mode,
            "sample_percent": request.sample_percent,
            "seed": new_id(),
            "videos_total": 0 if request.known_only else await self.count_videos(),
            "now": to_micros(utc_now()),
        }

        def transaction(writer: Writer) -> list[Row]:
            writer.execute("begin_pass", row)
            if row["scope"] == request.mode:  # the pass reads every row again
                writer.execute("delete_row_findings")
            return writer.fetch_all("get_pass", row)

        [begun] = await self._database.write(transaction)
        publish(VerificationChanged(scope=row["scope"], state=PassState.RUNNING))
        return _pass(begun)

    async def save_progress(self, progress: Pass) -> None:
        """Record the progress of a pass, durably."""
        row = row_of(progress) | {"now": to_micros(utc_now())}
        await self._database.execute("save_progress", row)
        publish(VerificationChanged(scope=progress.scope, videos_checked=progress.videos_checked))

    async def set_state(self, scope: str, state: PassState, error: str | None = None) -> None:
        """Record the state of a pass."""
        row = {"scope": scope, "state": state, "error": error, "now": to_micros(utc_now())}
        await self._database.execute("set_pass_state", row)
        publish(VerificationChanged(scope=scope, state=state))

    async def stop_interrupted_passes(self) -> None:
        """Mark passes as stopped that were running when the last process ended."""
        await self._database.execute("stop_interrupted_passes")


def _name(row: Row) -> str:
    return f"the verification {row['scope']}"


def _pass(row: Row) -> Pass:
    read = {"state": PassState(row["state"]), "video_cursor": int(row["video_cursor"] or 0)}
    return Pass(**fields_of(Pass, row) | read)
