"""Commands wait for events instead of polling."""

import asyncio

import aiohttp
import pytest

from tests.unit.http.serving import serving
from ytarchive.cli import changes as module
from ytarchive.cli.changes import following
from ytarchive.common.errors import ServiceUnavailable
from ytarchive.common.events import EventBus, JobChanged, LogsAdded
from ytarchive.discovery import Archive
from ytarchive.http import remote
from ytarchive.jobs import EventsAPI
from ytarchive.jobs.events.service import EventsService

HOUR = 3600.0


async def test_a_command_checks_at_once_and_at_every_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_QUIET", HOUR)
    bus = EventBus()
    async with following(Archive({EventsAPI: EventsService(bus)}), "job") as changes:
        await changes.next()  # the snapshot
        waiting = asyncio.create_task(changes.next())
        bus.publish(LogsAdded(entries=1))
        bus.publish(JobChanged(job_id="1", status="RUNNING"))
        await waiting
    assert not bus._subscribers


async def test_a_command_checks_after_some_seconds_without_an_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_QUIET", 0.001)
    async with following(Archive({EventsAPI: EventsService(EventBus())})) as changes:
        await changes.next()  # the snapshot
        waiting = asyncio.create_task(changes.next())
        await asyncio.wait([waiting], timeout=30)
        assert waiting.done()


async def test_the_end_of_the_server_ends_the_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_QUIET", HOUR)
    async with aiohttp.ClientSession() as session:
        async with serving((EventsAPI, EventsService(EventBus()))) as server:
            opening = following(Archive({EventsAPI: remote(EventsAPI, session, server.url)}))
            changes = await opening.__aenter__()
            await changes.next()
        with pytest.raises(ServiceUnavailable):
            await changes.next()
        await opening.__aexit__(None, None, None)
