"""Evidence of availability survives the loss of `jobs.db`, by the history of the videos."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from tests.unit.jobs.peers import DownloadPeer, StoragePeer
from tests.unit.storage.samples import OTHER, VIDEO
from ytarchive.common.config import NetworkConfig, Settings, load_settings
from ytarchive.common.database import Database
from ytarchive.common.download_config import DownloadConfig
from ytarchive.common.errors import PrivateVideo, VideoUnavailable
from ytarchive.jobs import restore_evidence
from ytarchive.jobs.availability.evidence import EvidenceHistory
from ytarchive.jobs.availability.models import Availability
from ytarchive.jobs.availability.service import AvailabilityLedger
from ytarchive.jobs.governor.governor import Governor
from ytarchive.jobs.queue.repository import SCHEMA
from ytarchive.jobs.queue.retry_conditions import RetryConditions
from ytarchive.storage import HistoryAPI, HistoryKind
from ytarchive.storage.service import StorageService


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(storage={"base_path": str(tmp_path / "archive")})


@pytest.fixture
async def history(settings: Settings) -> AsyncIterator[HistoryAPI]:
    storage = await StorageService.open(settings.storage)
    yield cast("HistoryAPI", storage.subjects()[HistoryAPI])
    await storage.close()


async def found(settings: Settings, history: HistoryAPI, *video_ids: str) -> list[Availability]:
    """The evidence of the ledger in `jobs.db`; the videos are reported to it before."""
    path = settings.storage.state_path / "jobs.db"
    async with await Database.open(path, SCHEMA) as database:
        governor = await Governor.open(database, DownloadConfig())
        conditions = RetryConditions(NetworkConfig())
        evidence = EvidenceHistory(settings.storage, database, history)
        ledger = AvailabilityLedger(
            database, DownloadPeer(), StoragePeer(), governor, conditions, evidence
        )
        for video_id in video_ids:
            await ledger.seen_unavailable(video_id, VideoUnavailable("gone"))
            await ledger.seen_unavailable(video_id, VideoUnavailable("gone"))
            await ledger.seen_unavailable(video_id, PrivateVideo("Private video"))
        return [await ledger.get_availability(video_id) for video_id in (VIDEO, OTHER)]


async def test_evidence_is_restored_after_the_loss_of_the_database(
    settings: Settings, history: HistoryAPI
) -> None:
    before = await found(settings, history, VIDEO, OTHER)
    evidence = await history.get_history(VIDEO)
    assert [(each.kind, each.data["reason"]) for each in evidence] == [
        (HistoryKind.AVAILABILITY, "unavailable"),
        (HistoryKind.AVAILABILITY, "private"),
    ]
    assert evidence[-1].source == "youtube"
    for file in settings.storage.state_path.glob("jobs.db*"):
        file.unlink()
    assert await restore_evidence(settings) == 2
    assert await found(settings, history) == before
    assert await restore_evidence(settings) == 0


async def test_unreadable_evidence_does_not_affect_other_evidence(
    settings: Settings, history: HistoryAPI
) -> None:
    before = await found(settings, history, VIDEO, OTHER)
    folder = settings.storage.base_path / "metadata/history"
    (folder / f"{OTHER}.jsonl").write_bytes(b'\xff\n{"kind":"availability"}\n')
    (folder / "no-video.jsonl").write_text("{}")
    for file in settings.storage.state_path.glob("jobs.db*"):
        file.unlink()
    assert await restore_evidence(settings) == 1
    (folder / f"{OTHER}.jsonl").unlink()
    assert (await found(settings, history, OTHER))[0] == before[0]
