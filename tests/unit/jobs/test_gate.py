"""Requests to YouTube without a job need the governor of the queue, in any process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.unit.http.serving import serving
from tests.unit.jobs.test_governor import HOUR, Bench
from tests.waiting import until
from ytarchive.common.database import Database
from ytarchive.common.errors import BotCheck, NotFound, RequestsPaused, ServiceUnavailable
from ytarchive.common.models import Done
from ytarchive.http import remote
from ytarchive.jobs import PermitsAPI
from ytarchive.jobs.governor.gate import GovernedGate
from ytarchive.jobs.governor.governor import Governor
from ytarchive.jobs.governor.models import PermitOutcome, PermitRequest
from ytarchive.jobs.governor.service import Permits
from ytarchive.jobs.queue.repository import SCHEMA
from ytarchive.jobs.remote_gate import RemoteGate
from ytarchive.ytdlp import LIST_PAGE, VIDEO, Gate


class CountingPermits(Permits):
    """Counts the renewals."""

    def __init__(self, governor: Governor) -> None:
        super().__init__(GovernedGate(governor))
        self.renewed = 0

    async def renew_permit(self, permit_id: str) -> Done:
        done = await super().renew_permit(permit_id)
        self.renewed += 1
        return done


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with await Database.open(tmp_path / "jobs.db", SCHEMA) as database:
        yield Bench(database)


Apart = Callable[[CountingPermits], Coroutine[Any, Any, Gate]]


@pytest.fixture
async def apart(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Apart]:
    """The gate of a process that asks over HTTP."""
    monkeypatch.setattr("ytarchive.jobs.remote_gate._SECONDS_BETWEEN", (0.01,))
    async with AsyncExitStack() as opened:

        async def gate(desk: CountingPermits) -> Gate:
            server = await opened.enter_async_context(serving((PermitsAPI, desk)))
            session = await opened.enter_async_context(aiohttp.ClientSession())
            return RemoteGate(remote(PermitsAPI, session, server.url))

        yield gate


GateOf = Callable[[Governor], Coroutine[Any, Any, Gate]]


@pytest.fixture(params=["in process", "apart"])
def gate_of(request: pytest.FixtureRequest, apart: Apart) -> GateOf:
    """A governor's gate, in its own process or in another one."""

    async def gate(governor: Governor) -> Gate:
        if request.param == "in process":
            return GovernedGate(governor)
        return await apart(CountingPermits(governor))

    return gate


async def extract(gate: Gate, error: Exception | None = None) -> None:
    """Represents an extraction that a user requested by the API."""
    async with gate.passing("video", cost=VIDEO, patient=False):
        if error is not None:
            raise error


async def test_a_block_of_a_request_without_a_job_opens_the_circuit(
    bench: Bench, gate_of: GateOf
) -> None:
    governor = await bench.open()
    gate = await gate_of(governor)
    with pytest.raises(BotCheck):
        await extract(gate, BotCheck())
    assert governor.snapshot().state == "open"
    with pytest.raises(RequestsPaused) as refused:
        await extract(gate)
    assert "not a bot" in refused.value.message
    assert HOUR <= refused.value.details["retry_after"] <= HOUR * 1.1 + 1


async def test_lists_are_not_requested_while_the_circuit_is_open(
    bench: Bench, gate_of: GateOf
) -> None:
    governor = await bench.open()
    await governor.failed(BotCheck(), "video")
    with pytest.raises(RequestsPaused):
        async with (await gate_of(governor)).passing("UUlist", cost=LIST_PAGE, patient=False):
            pass


async def test_a_page_of_a_list_can_be_the_probe(bench: Bench, gate_of: GateOf) -> None:
    governor = await bench.open()
    await governor.failed(BotCheck(), "video")
    bench.passed += 2 * HOUR
    async with (await gate_of(governor)).passing("UUlist", cost=LIST_PAGE, patient=False):
        assert governor.snapshot().state == "probing"
    assert governor.snapshot().state == "closed"


async def test_requests_about_an_admitted_video_pass(bench: Bench, gate_of: GateOf) -> None:
    """The probe itself passes the gate, and ends the pause. It uses one token."""
    governor = await bench.open()
    gate = await gate_of(governor)
    await governor.failed(BotCheck(), "video")
    bench.passed += 2 * HOUR
    permit = await governor.admit(source="video", queued=True)
    await extract(gate)
    assert governor.snapshot().state == "probing"
    assert governor.snapshot().ready_videos == bench.settings.burst - 1
    with pytest.raises(BotCheck):
        await extract(gate, BotCheck())
    assert governor.snapshot().state == "probing"  # the queue reports the outcomes of its videos
    await governor.succeeded(permit)
    governor.release(permit)
    assert governor.snapshot().state == "closed"


async def test_after_its_permit_a_video_needs_a_new_permit(bench: Bench, gate_of: GateOf) -> None:
    governor = await bench.open()
    gate = await gate_of(governor)
    governor.release(await governor.admit(source="video", queued=True))
    await governor.failed(BotCheck(), "video")
    with pytest.raises(RequestsPaused):
        await extract(gate)


async def test_a_single_request_waits_for_the_pace_for_a_limited_time(
    bench: Bench, gate_of: GateOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    governor = await bench.open()
    gate = await gate_of(governor)
    for _ in range(bench.settings.burst):
        await extract(gate)
    waiting = asyncio.create_task(extract(gate))
    await asyncio.sleep(0)
    assert not waiting.done()
    bench.passed += 60  # one video's share of the hour
    await governor.resume()  # wakes it; in a server its own clock does
    await asyncio.wait_for(waiting, 10)

    monkeypatch.setattr("ytarchive.jobs.governor.gate._MAX_WAIT", 0.01)
    with pytest.raises(RequestsPaused, match="pace of 60 videos an hour") as refused:
        await extract(gate)
    assert refused.value.details["retry_after"] == 60


async def test_a_direct_download_waits_and_ends_the_pause_as_its_probe(
    bench: Bench, gate_of: GateOf
) -> None:
    governor = await bench.open()
    gate = await gate_of(governor)
    await governor.failed(BotCheck(), "video")
    fetched = asyncio.Event()

    async def download() -> None:
        async with gate.passing("video", cost=VIDEO, patient=True):
            fetched.set()

    running = asyncio.create_task(download())
    with pytest.raises(RequestsPaused):
        await extract(gate)
    assert not fetched.is_set()
    bench.passed += 2 * HOUR
    await governor.resume()  # wakes it; in a server the minute's look does
    async with asyncio.timeout(10):
        await running
    assert governor.snapshot().state == "closed"


async def test_a_direct_download_passes_with_a_job_for_the_same_video(
    bench: Bench, gate_of: GateOf
) -> None:
    """The job waits for that one download: if it were paused meanwhile, neither would end."""
    governor = await bench.open()
    gate = await gate_of(governor)
    await governor.failed(BotCheck(), "video")

    async def download() -> None:
        async with gate.passing("video", cost=VIDEO, patient=True):
            pass

    running = asyncio.create_task(download())
    with pytest.raises(RequestsPaused):
        await extract(gate)
    bench.passed += 2 * HOUR
    permit = await governor.admit(source="video", queued=True)
    await governor.succeeded(permit)  # closed, with room on the ramp for this one alone
    async with asyncio.timeout(10):
        await running
    governor.release(permit)


async def test_a_cancelled_request_releases_its_probe(bench: Bench, gate_of: GateOf) -> None:
    governor = await bench.open()
    gate = await gate_of(governor)
    await governor.failed(BotCheck(), "video")
    bench.passed += 2 * HOUR
    began = asyncio.Event()

    async def hang() -> None:
        async with gate.passing("video", cost=VIDEO, patient=False):
            began.set()
            await asyncio.Event().wait()

    hanging = asyncio.create_task(hang())
    async with asyncio.timeout(10):
        await began.wait()
    assert governor.snapshot().state == "probing"
    hanging.cancel()
    await asyncio.wait([hanging])
    assert governor.snapshot().state == "open"
    await extract(gate)
    assert governor.snapshot().state == "closed"


async def test_an_expired_permit_releases_its_probe(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytarchive.jobs.governor.service._LEASE", 0.05)
    governor = await bench.open()
    desk = CountingPermits(governor)
    await governor.failed(BotCheck(), "video")
    bench.passed += 2 * HOUR
    permit = await desk.ask_permit(PermitRequest(source="video"))
    assert permit.permit_id is not None
    assert governor.snapshot().state == "probing"
    await until(lambda: governor.snapshot().state == "open")
    with pytest.raises(NotFound):
        await desk.renew_permit(permit.permit_id)


async def test_a_block_of_an_expired_permit_is_recorded(bench: Bench) -> None:
    governor = await bench.open()
    outcome = PermitOutcome(source="video", error=BotCheck().detail())
    await CountingPermits(governor).end_permit("given-by-a-process-before", outcome)
    assert governor.snapshot().state == "open"


async def test_a_permit_is_renewed_as_long_as_it_is_used(
    bench: Bench, apart: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytarchive.jobs.governor.service._LEASE", 1.0)
    governor = await bench.open()
    await governor.failed(BotCheck(), "video")
    bench.passed += 2 * HOUR
    desk = CountingPermits(governor)
    gate = await apart(desk)
    async with gate.passing("video", cost=VIDEO, patient=True):
        await until(lambda: desk.renewed >= 4)  # which takes longer than one lease
        assert governor.snapshot().state == "probing"
    assert governor.snapshot().state == "closed"


async def test_without_an_answer_of_the_governor_no_request_is_admitted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user's request fails; a download waits, and continues when Jobs answers again."""
    monkeypatch.setattr("ytarchive.jobs.remote_gate._SECONDS_BETWEEN", (0.01,))
    async with aiohttp.ClientSession() as session:
        url = "http://127.0.0.1:9"
        gate = RemoteGate(remote(PermitsAPI, session, lambda: url))
        with pytest.raises(ServiceUnavailable, match="without a permit of the Jobs service"):
            await extract(gate)
        passed = asyncio.Event()

        async def download() -> None:
            async with gate.passing("video", cost=VIDEO, patient=True):
                passed.set()

        running = asyncio.create_task(download())
        with pytest.raises(ServiceUnavailable):
            await extract(gate)
        assert not passed.is_set()
        async with serving((PermitsAPI, CountingPermits(await bench.open()))) as server:
            url = server.url
            async with asyncio.timeout(10):
                await running
