"""What asks YouTube without a job stands before the same governor as the queue."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.jobs.test_governor import Bench
from ytarchive.common.database import Database
from ytarchive.common.errors import BotCheck, RequestsPaused
from ytarchive.jobs.gate import GovernedGate
from ytarchive.jobs.governor import Governor
from ytarchive.jobs.repository import SCHEMA


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with await Database.open(tmp_path / "jobs.db", SCHEMA) as database:
        yield Bench(database)


async def extract(governor: Governor, error: Exception | None = None) -> None:
    """Stands for an extraction that somebody asked the API for."""
    async with GovernedGate(governor).passing("video", is_video=True, patient=False):
        if error is not None:
            raise error


async def test_a_block_met_without_a_job_opens_the_circuit(bench: Bench) -> None:
    governor = await bench.open()
    with pytest.raises(BotCheck):
        await extract(governor, BotCheck())
    assert governor.snapshot().state == "open"
    with pytest.raises(RequestsPaused) as refused:
        await extract(governor)
    assert "not a bot" in refused.value.message
    assert 3600 <= refused.value.details["retry_after"] <= 3600 * 1.1 + 1


async def test_lists_too_are_not_asked_for_while_it_is_open(bench: Bench) -> None:
    governor = await bench.open()
    await governor.failed(BotCheck(), "video")
    with pytest.raises(RequestsPaused):
        async with GovernedGate(governor).passing("UUlist", is_video=False, patient=False):
            pass


async def test_what_the_queue_was_admitted_for_passes(bench: Bench) -> None:
    """The probe itself goes through the gate, and ends the pause."""
    governor = await bench.open()
    await governor.failed(BotCheck(), "video")
    bench.passed += 2 * 3600
    permit = await governor.admit()
    await asyncio.create_task(extract(governor))  # as the worker tasks of a flight do
    assert governor.snapshot().state == "probing"
    await governor.succeeded(permit)
    governor.leave(permit)
    assert governor.snapshot().state == "closed"


async def test_after_its_permit_a_task_is_governed_again(bench: Bench) -> None:
    governor = await bench.open()
    await extract(governor)
    await governor.failed(BotCheck(), "video")
    with pytest.raises(RequestsPaused):
        await extract(governor)


async def test_somebody_who_asks_waits_for_the_pace_but_not_for_long(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    governor = await bench.open()
    for _ in range(bench.settings.burst):
        await extract(governor)
    waiting = asyncio.create_task(extract(governor))
    await asyncio.sleep(0)
    assert not waiting.done()
    bench.passed += 60  # one video's share of the hour
    await governor.resume()  # wakes it; in a server its own clock does
    await asyncio.wait_for(waiting, 10)

    monkeypatch.setattr("ytarchive.jobs.governor._PATIENCE", 0.01)
    with pytest.raises(RequestsPaused, match="pace of 60 videos an hour") as refused:
        await extract(governor)
    assert refused.value.details["retry_after"] == 60


async def test_a_download_by_hand_waits_and_ends_the_pause_as_its_probe(bench: Bench) -> None:
    governor = await bench.open()
    await governor.failed(BotCheck(), "video")
    fetched = asyncio.Event()

    async def download() -> None:
        async with GovernedGate(governor).passing("video", is_video=True, patient=True):
            fetched.set()

    running = asyncio.create_task(download())
    for _ in range(3):
        await asyncio.sleep(0)
    assert not fetched.is_set()
    bench.passed += 2 * 3600
    await governor.probe_now()  # wakes it; in a server the minute's look does
    async with asyncio.timeout(10):
        await running
    assert governor.snapshot().state == "closed"
