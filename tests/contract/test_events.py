"""The contract of the events, in process and over HTTP."""

import asyncio
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.contract.conftest import Reach
from tests.unit.http.serving import serving
from tests.unit.jobs.conftest import Workshop, ended, videos
from tests.waiting import until
from ytarchive.common.config import load_settings
from ytarchive.common.errors import ServiceUnavailable
from ytarchive.common.events import (
    EventBus,
    JobChanged,
    LogsAdded,
    ResultAdded,
    Snapshot,
    VideoChanged,
    open_bus,
)
from ytarchive.http import events as http_events
from ytarchive.http import remote
from ytarchive.jobs import EventBatch, EventQuery, EventsAPI
from ytarchive.jobs.events.service import EventsService, PolledEvents, forward_events

ONE = "00000000001"
RUNNING = JobChanged(job_id="1", status="RUNNING")
STORED = VideoChanged(video_id=ONE, change="stored")


async def test_the_events_of_a_job_are_sent_from_its_snapshot_to_its_end(
    reach: Reach[Any], tmp_path: Path
) -> None:
    open_bus()
    settings = load_settings(download={"pace": "off"}, jobs={"shutdown_grace": 0})
    async with Workshop(tmp_path, settings).open() as jobs:
        api: EventsAPI = await reach(EventsAPI, jobs.events)
        async with aclosing(await api.follow_events(EventQuery(kinds=["job", "result"]))) as sent:
            assert isinstance((await anext(sent)).event, Snapshot)
            job_id = (await jobs.create_job(videos(ONE))).id
            seen = []
            while JobChanged(job_id=job_id, status="COMPLETED") not in seen:
                seen.append((await anext(sent)).event)
        await ended(jobs, job_id)

    assert ResultAdded(job_id=job_id, video_id=ONE, status="success") in seen
    assert JobChanged(job_id=job_id, status="RUNNING") in seen
    assert {each.kind for each in seen} == {"job", "result"}


async def test_a_stream_resumes_and_events_of_other_processes_are_in_it(reach: Reach[Any]) -> None:
    bus = EventBus()
    api: EventsAPI = await reach(EventsAPI, EventsService(bus))
    async with aclosing(await api.follow_events(EventQuery())) as stream:
        await anext(stream)
        bus.publish(RUNNING)
        last = await anext(stream)
    await api.send_events(EventBatch(events=[STORED, LogsAdded(entries=3)]))
    async with aclosing(await api.follow_events(EventQuery(last_event_id=last.id))) as stream:
        assert [(await anext(stream)).event for _ in range(2)] == [STORED, LogsAdded(entries=3)]


async def test_a_read_only_command_gets_repeated_snapshots(
    reach: Reach[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytarchive.jobs.events.service._POLL", 0.001)
    bus = EventBus()
    bus.publish(RUNNING)
    api: EventsAPI = await reach(EventsAPI, PolledEvents(bus))
    async with aclosing(await api.follow_events(EventQuery())) as stream:
        for _ in range(3):
            assert (await anext(stream)).event == Snapshot(events=[RUNNING])


async def test_fifty_subscribers_over_http_get_the_same_events_and_end_with_the_server() -> None:
    bus = EventBus()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        async with AsyncExitStack() as opened:
            server = await opened.enter_async_context(serving((EventsAPI, EventsService(bus))))
            api = remote(EventsAPI, session, server.url)
            streams = [await api.follow_events(EventQuery()) for _ in range(50)]
            await asyncio.gather(*(anext(stream) for stream in streams))
            for number in range(5):
                bus.publish(LogsAdded(entries=number))
            for stream in streams:
                got = [(await anext(stream)).event for _ in range(5)]
                assert got == [LogsAdded(entries=number) for number in range(5)]
        for stream in streams:
            with pytest.raises(ServiceUnavailable):
                await anext(stream)
    assert not bus._subscribers


async def test_a_browser_resumes_by_the_header_and_the_guard_applies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_events, "HEARTBEAT", 0.01)
    bus = EventBus()
    async with (
        serving((EventsAPI, EventsService(bus))) as server,
        aiohttp.ClientSession() as session,
    ):
        url = f"{server.url}/api/v1/events"
        async with session.get(url) as response:
            assert response.content_type == "text/event-stream"
            assert response.headers["Cache-Control"] == "no-store"
            first = [await response.content.readline() for _ in range(4)]
            assert first[1:] == [
                b"event: snapshot\n", b'data: {"kind":"snapshot","events":[]}\n', b"\n"
            ]  # fmt: skip
            assert await response.content.readline() == b":\n"  # the heartbeat
        bus.publish(STORED)
        last = first[0].decode().removeprefix("id: ").strip()
        async with session.get(url, headers={"Last-Event-ID": last}) as response:
            lines = [await response.content.readline() for _ in range(3)]
            assert lines[1:] == [
                b"event: video\n",
                b'data: {"kind":"video","video_id":"00000000001","change":"stored"}\n',
            ]
        async with session.get(url, headers={"Origin": "http://elsewhere.example"}) as response:
            assert (response.status, response.content_type) == (403, "application/json")
        async with session.head(url) as response:
            assert (response.status, response.content_type) == (200, "text/event-stream")


async def test_a_client_that_reads_no_bytes_is_disconnected_and_delays_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_events, "_STALLED", 0.05)
    bus = EventBus()
    async with (
        serving((EventsAPI, EventsService(bus))) as server,
        aiohttp.ClientSession() as session,
    ):
        api = remote(EventsAPI, session, server.url)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
        host = f"127.0.0.1:{server.port}".encode()
        writer.write(b"GET /api/v1/events HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        await until(lambda: len(bus._subscribers) == 1)
        async with aclosing(await api.follow_events(EventQuery())) as stream:
            await anext(stream)
            large = [JobChanged(job_id="x" * 4000 + str(n), status="PENDING") for n in range(900)]
            while len(bus._subscribers) == 2:
                for event in large:
                    bus.publish(event)
                for _ in large:
                    assert (await anext(stream)).event.kind in {"job", "snapshot"}
                large = [each.model_copy(update={"listing": not each.listing}) for each in large]
        writer.transport.abort()
        del reader


async def test_after_a_restart_a_subscriber_gets_a_snapshot_of_the_new_process() -> None:
    async with aiohttp.ClientSession() as session:
        before, after = EventBus(), EventBus()
        after._process = "after"
        async with serving((EventsAPI, EventsService(before))) as server:
            before.publish(RUNNING)
            api = remote(EventsAPI, session, server.url)
            async with aclosing(await api.follow_events(EventQuery())) as stream:
                last = await anext(stream)
        async with serving((EventsAPI, EventsService(after))) as server:
            after.publish(STORED)
            after.publish(JobChanged(job_id="2", status="PENDING"))
            api = remote(EventsAPI, session, server.url)
            query = EventQuery(last_event_id=last.id)
            async with aclosing(await api.follow_events(query)) as stream:
                state = (await anext(stream)).event
    assert state == Snapshot(events=[JobChanged(job_id="2", status="PENDING")])


async def test_a_process_without_jobs_sends_its_state_and_its_events(reach: Reach[Any]) -> None:
    here, there = EventBus(), EventBus()
    api: EventsAPI = await reach(EventsAPI, EventsService(there))
    here.publish(RUNNING)
    sending = asyncio.create_task(forward_events(here, api.send_events))
    async with aclosing(there.follow()) as stream:
        await anext(stream)
        assert (await anext(stream)).event == RUNNING
        here.publish(STORED)
        assert (await anext(stream)).event == STORED
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
