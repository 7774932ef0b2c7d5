from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.jobs.conftest import Workshop, ended, videos
from tests.unit.jobs.peers import DownloadPeer, StoragePeer, video_id
from ytarchive.common.config import NetworkConfig, StorageConfig
from ytarchive.common.database import Database
from ytarchive.common.download_config import DownloadConfig, Pace
from ytarchive.common.errors import (
    AgeRestricted,
    DeletedVideo,
    DrmProtected,
    ExtractorBroken,
    MembersOnly,
    NetworkFailure,
    NotFound,
    PaymentRequired,
    PrivateVideo,
    RegionBlocked,
    Unavailable,
    UpcomingVideo,
    VideoUnavailable,
    YTArchiveError,
)
from ytarchive.jobs import AvailabilityQuery, AvailabilityState
from ytarchive.jobs.availability.evidence import EvidenceHistory
from ytarchive.jobs.availability.service import AvailabilityLedger
from ytarchive.jobs.governor.governor import Governor
from ytarchive.jobs.queue.repository import SCHEMA
from ytarchive.jobs.queue.retry_conditions import RetryConditions

VIDEO = video_id(1)


@dataclass
class Desk:
    """A ledger with a clock controlled by the test."""

    ledger: AvailabilityLedger
    download: DownloadPeer
    storage: StoragePeer
    days: list[float] = field(default_factory=lambda: [0.0])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    days = [0.0]

    def now() -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days[0])

    async with await Database.open(tmp_path / "jobs.db", SCHEMA) as database:
        governor = await Governor.open(database, DownloadConfig(pace=Pace.OFF), now)
        download, storage = DownloadPeer(), StoragePeer()
        conditions = RetryConditions(NetworkConfig())
        evidence = EvidenceHistory(StorageConfig(base_path=tmp_path), database)
        ledger = AvailabilityLedger(
            database, download, storage, governor, conditions, evidence, now
        )
        yield Desk(ledger, download, storage, days)


async def test_a_stored_video_that_became_private_is_safe(desk: Desk) -> None:
    desk.storage.stored[VIDEO] = desk.storage.location(VIDEO)
    await desk.ledger.seen_unavailable(VIDEO, PrivateVideo("Private video"))
    found = await desk.ledger.get_availability(VIDEO)

    assert (found.state, found.reason) == (AvailabilityState.UNAVAILABLE, "private")
    assert (found.evidence, found.summary) == ("Private video", "lost upstream, safe here")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PrivateVideo(), "lost upstream"),
        (DeletedVideo(), "lost upstream"),
        (MembersOnly(), "for members only"),
        (AgeRestricted(), "age-restricted"),
        (RegionBlocked(), "blocked in this country"),
        (PaymentRequired(), "must be paid for"),
        (DrmProtected(), "copy-protected"),
        (VideoUnavailable(), "perhaps lost upstream"),
    ],
)
async def test_a_restricted_video_is_not_reported_as_lost(
    desk: Desk, error: Unavailable, words: str
) -> None:
    await desk.ledger.seen_unavailable(VIDEO, error)
    assert (await desk.ledger.get_availability(VIDEO)).summary == f"{words}, not here"
    desk.storage.stored[VIDEO] = desk.storage.location(VIDEO)
    assert (await desk.ledger.get_availability(VIDEO)).summary == f"{words}, safe here"


async def test_a_premiere_is_not_reported_as_lost(desk: Desk) -> None:
    await desk.ledger.seen_postponed(VIDEO, UpcomingVideo(), None)
    assert (await desk.ledger.get_availability(VIDEO)).summary == "not out yet, not here"


async def test_a_vague_answer_counts_only_when_it_was_confirmed_for_weeks(desk: Desk) -> None:
    desk.download.failures[VIDEO] = [VideoUnavailable()] * 3
    await desk.ledger.seen_unavailable(VIDEO, VideoUnavailable())
    states = []
    for day in (0.5, 1.1, 2, 8.2, 20, 38.5):
        desk.days[0] = day
        states.append(
            (await desk.ledger.check_due(), (await desk.ledger.get_availability(VIDEO)).state)
        )

    suspected = AvailabilityState.SUSPECTED
    assert states == [
        (0, suspected),
        (1, suspected),
        (0, suspected),
        (1, suspected),
        (0, suspected),
        (1, AvailabilityState.UNAVAILABLE),
    ]


async def test_two_requests_in_an_hour_confirm_nothing(desk: Desk) -> None:
    for _ in range(10):
        await desk.ledger.seen_unavailable(VIDEO, VideoUnavailable())

    found = await desk.ledger.get_availability(VIDEO)
    assert (found.state, found.confirmations) == (AvailabilityState.SUSPECTED, 1)


async def test_a_video_that_is_available_again_is_detected(desk: Desk) -> None:
    await desk.ledger.seen_unavailable(VIDEO, PrivateVideo())
    desk.days[0] = 31
    assert await desk.ledger.check_due() == 1

    found = await desk.ledger.get_availability(VIDEO)
    assert (found.state, found.summary) == (AvailabilityState.AVAILABLE, "available again")


@pytest.mark.parametrize("failure", [ExtractorBroken(), NetworkFailure()])
async def test_a_failed_request_changes_nothing(desk: Desk, failure: YTArchiveError) -> None:
    await desk.ledger.seen_missing([VIDEO], "not listed")
    before = await desk.ledger.get_availability(VIDEO)
    desk.download.failures[VIDEO] = [failure]
    assert await desk.ledger.check_due() == 1

    after = await desk.ledger.get_availability(VIDEO)
    assert (after.state, after.confirmations) == (before.state, before.confirmations)
    assert await desk.ledger.check_due() == 0


async def test_the_ledger_is_listed_by_pages_and_states(desk: Desk) -> None:
    for number in range(5):
        await desk.ledger.seen_unavailable(video_id(number), PrivateVideo())
    await desk.ledger.seen_unavailable(video_id(9), VideoUnavailable())
    first = await desk.ledger.list_availability(AvailabilityQuery(limit=4))
    rest = await desk.ledger.list_availability(AvailabilityQuery(limit=4, cursor=first.next_cursor))
    suspected = await desk.ledger.list_availability(
        AvailabilityQuery(state=AvailabilityState.SUSPECTED)
    )

    assert [f.video_id for f in [*first.items, *rest.items]] == [
        video_id(n) for n in (0, 1, 2, 3, 4, 9)
    ]
    assert rest.next_cursor is None
    assert [f.video_id for f in suspected.items] == [video_id(9)]


async def test_jobs_record_only_evidence(workshop: Workshop) -> None:
    workshop.download.failures = {
        video_id(1): [PrivateVideo()],
        video_id(2): [ExtractorBroken("no idea")] * 9,
    }
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(*(video_id(n) for n in (1, 2, 3))))
        await ended(jobs, created.id)
        known = await jobs.availability.list_availability(AvailabilityQuery())
        with pytest.raises(NotFound):
            await jobs.availability.get_availability(video_id(3))

    assert [(f.video_id, f.reason) for f in known.items] == [(video_id(1), "private")]
