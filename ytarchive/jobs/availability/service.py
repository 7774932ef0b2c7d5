"""The availability ledger: YouTube's evidence about unavailable videos.

Only YouTube's own statements about a video count: private, removed, members only, … "Unavailable"
without a reason, or the absence of a video in its list, is a suspicion until checks on several days
confirm it. Failures of the extraction or the network are no evidence and are not recorded.
"""

import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

from loguru import logger

from ytarchive.common.cursors import video_cursor
from ytarchive.common.database import Database, Row
from ytarchive.common.errors import NotFound, Postponed, Unavailable, YTArchiveError
from ytarchive.common.listing import Listing, read_alone
from ytarchive.common.models import Page, to_micros, utc_now
from ytarchive.common.rows import all_readable, readable, row_of
from ytarchive.common.scheduler import Duty
from ytarchive.common.supervision import mark_working
from ytarchive.download import DownloadAPI
from ytarchive.jobs.availability.api import AvailabilityAPI
from ytarchive.jobs.availability.evidence import EvidenceHistory
from ytarchive.jobs.availability.models import (
    Availability,
    AvailabilityQuery,
    AvailabilityState,
    RestoredAvailability,
)
from ytarchive.jobs.availability.records import (
    AvailabilityRecord,
    checks_of,
    next_check,
    record_of,
)
from ytarchive.jobs.governor.governor import Governor
from ytarchive.jobs.governor.models import Permit
from ytarchive.jobs.queue.clock import Clock
from ytarchive.jobs.queue.policy import Condition, condition_of, is_an_answer
from ytarchive.jobs.queue.retry_conditions import RetryConditions
from ytarchive.storage import ExistsRequest, StorageAPI

log = logger.bind(service="jobs")

_APART = timedelta(hours=20)
"""Findings within this time count as one."""
INTERVAL = 600.0
"""Seconds between two checks for due videos."""
_AT_ONCE = 20


class AvailabilityLedger(AvailabilityAPI):
    """Stores the findings, and requests videos again when they are due."""

    def __init__(
        self,
        database: Database,
        download: DownloadAPI,
        storage: StorageAPI,
        governor: Governor,
        conditions: RetryConditions,
        evidence: EvidenceHistory,
        now: Clock = utc_now,
    ) -> None:
        self._database = database
        self._evidence = evidence
        self._download = download
        self._storage = storage
        self._governor = governor
        self._conditions = conditions
        self._now = now
        self.on_return: Callable[[str], Awaitable[None]] = _ignore
        """Called when an unavailable video is available again."""
        self.on_finding: Callable[[str], Awaitable[None]] = _ignore
        """Called when there is new evidence about a suspicion."""

    async def seen_available(self, video_id: str) -> None:
        """Record that a video is available. Cheap unless it was unavailable before."""
        known = await self._known(video_id)
        if known is None or known.state is AvailabilityState.AVAILABLE:
            return
        log.info("{} is available now; it was {}", video_id, known.reason)
        now = self._now()
        await self._save(
            AvailabilityRecord(
                video_id=video_id,
                state=AvailabilityState.AVAILABLE,
                source=known.source,
                first_seen=now,
                last_seen=now,
                last_available=now,
            )
        )
        await self.on_return(video_id)

    async def seen_unavailable(self, video_id: str, error: Unavailable) -> None:
        """Record the reason that YouTube reported for an unavailable video."""
        known, now = await self._known(video_id), self._now()
        again = known is not None and known.reason == error.reason
        confirmations = 1
        if known is not None and again:
            apart = now - known.last_seen >= _APART or known.source == "listing"
            confirmations = known.confirmations + apart
        is_fact = confirmations > len(checks_of(error))
        await self._save(
            AvailabilityRecord(
                video_id=video_id,
                state=AvailabilityState.UNAVAILABLE if is_fact else AvailabilityState.SUSPECTED,
                reason=error.reason,
                evidence=error.message,
                source="youtube",
                first_seen=known.first_seen if known is not None and again else now,
                last_seen=now,
                confirmations=confirmations,
                last_available=known.last_available if known else None,
                next_check_at=next_check(error, confirmations, now),
                waits_for=await self._conditions.park(condition_of(error)),
            )
        )
        if known is not None and known.state is AvailabilityState.SUSPECTED:
            await self.on_finding(video_id)

    async def seen_postponed(self, video_id: str, error: Postponed, until: datetime | None) -> None:
        """Record an upcoming or live video: it is requested again at `until`."""
        now = self._now()
        await self._save(
            AvailabilityRecord(
                video_id=video_id,
                state=AvailabilityState.UNAVAILABLE,
                reason=error.reason,
                evidence=error.message,
                source="youtube",
                first_seen=now,
                last_seen=now,
                next_check_at=until,
            )
        )

    async def held(self, video_ids: Iterable[str]) -> dict[str, AvailabilityRecord]:
        """Return those of the videos that are known to be unavailable and not due again.

        A video is due when its time has come, or when its condition (cookies, proxy) has changed.
        """
        values = {"ids": json.dumps(list(video_ids))}
        rows = await self._database.fetch_all("availability_of", values)
        present = {each: await self._conditions.may_help(each) for each in Condition}
        now = self._now()
        return {
            record.video_id: record
            for record in all_readable(rows, record_of, _name)
            if record.is_held(now, record.condition and present[record.condition])
        }

    async def seen_missing(self, video_ids: Iterable[str], evidence: str) -> None:
        """Record a suspicion about stored videos that a list shows as unavailable."""
        now = self._now()
        for video_id in video_ids:
            if await self._known(video_id) is None:
                finding = AvailabilityRecord(
                    video_id=video_id,
                    state=AvailabilityState.SUSPECTED,
                    reason="unavailable",
                    evidence=evidence,
                    source="listing",
                    first_seen=now,
                    last_seen=now,
                    next_check_at=now,
                )
                await self._save(finding)

    async def get_availability(self, video_id: str) -> Availability:
        known = await self._known(video_id)
        if known is None:
            raise NotFound(f"there is no evidence that {video_id} was ever unavailable")
        return (await self._shown([known]))[0]

    async def list_availability(self, request: AvailabilityQuery) -> Page[Availability]:
        statement = "list_availability" if request.state is None else "list_availability_of_state"

        async def fetch(count: int) -> list[Row]:
            return await self._database.fetch_all(
                statement, request.model_dump() | {"limit": count}
            )

        page = await _LISTING.page(request.limit, fetch)
        return Page(**vars(page) | {"items": await self._shown(page.items)})

    async def restore_availability(self) -> RestoredAvailability:
        return RestoredAvailability(videos=await self._evidence.restore())

    @property
    def duty(self) -> Duty:
        """Return the duty of a server."""
        return Duty("availability", self.check_due, INTERVAL)

    async def check_due(self) -> int:
        """Request the due videos, and return their number."""
        values = {"now": to_micros(self._now()), "limit": _AT_ONCE}
        rows = await self._database.fetch_all("due_availability", values)
        due = all_readable(rows, record_of, _name)
        mark_working()  # this may wait for a permit
        for finding in due:
            permit = await self._governor.admit(source=finding.video_id, queued=True)
            try:
                await self._check(finding.video_id, permit)
            finally:
                self._governor.release(permit)
        return len(due)

    async def _check(self, video_id: str, permit: Permit) -> None:
        """Extract the video: yt-dlp is the source of the suspicion, and a download can follow."""
        try:
            await self._download.get_formats(video_id)
        except YTArchiveError as error:
            if is_an_answer(error):
                await self._governor.succeeded(permit)
            else:
                await self._governor.failed(error, video_id, permit)
            if isinstance(error, Unavailable):
                await self.seen_unavailable(video_id, error)
            else:
                values = {"video_id": video_id, "next_check_at": to_micros(self._now() + _APART)}
                await self._database.execute("check_later", values)
        else:
            await self._governor.succeeded(permit)
            await self.seen_available(video_id)

    async def _shown(self, findings: list[AvailabilityRecord]) -> list[Availability]:
        ids = [finding.video_id for finding in findings]
        stored = set((await self._storage.videos_exist(ExistsRequest(video_ids=ids))).video_ids)
        return [finding.shown(stored=finding.video_id in stored) for finding in findings]

    async def _known(self, video_id: str) -> AvailabilityRecord | None:
        row = await self._database.fetch_one("get_availability", {"video_id": video_id})
        return readable(row, record_of, _name(row)) if row else None

    async def _save(self, finding: AvailabilityRecord) -> None:
        known = await self._known(finding.video_id)
        await self._database.execute("save_availability", row_of(finding))
        if known is None or known.evidence_of() != finding.evidence_of():
            await self._evidence.record(finding)


def _name(row: Row) -> str:
    return f"the availability of video {row['video_id']}"


async def _ignore(_: str) -> None:
    return


_LISTING = Listing(
    name=_name, place=lambda row: video_cursor(row["video_id"]), read=read_alone(record_of, _name)
)
