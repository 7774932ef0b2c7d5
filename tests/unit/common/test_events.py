"""The event bus: snapshots, the order of events, resumption, and slow subscribers."""

import pytest

from ytarchive.common import events
from ytarchive.common.events import (
    Change,
    DownloadChanged,
    EventBus,
    EventStream,
    GovernorChanged,
    JobChanged,
    LogsAdded,
    ResultAdded,
    SentEvent,
    Snapshot,
    VideoChanged,
    open_bus,
    publish,
)

RUNNING = JobChanged(job_id="1", status="RUNNING")
ENDED = JobChanged(job_id="1", status="COMPLETED")
STORED = VideoChanged(video_id="00000000001", change="stored")


def download(percent: float, video_id: str = "00000000001") -> DownloadChanged:
    return DownloadChanged(
        task_id="t", video_id=video_id, status="DOWNLOADING", phase="video",
        progress_percent=percent, downloaded_bytes=0, total_bytes=0, speed=0,
    )  # fmt: skip


async def taken(stream: EventStream, count: int) -> list[SentEvent]:
    return [await anext(stream) for _ in range(count)]


async def snapshot(bus: EventBus, *kinds: str) -> list[Change]:
    stream = bus.follow(kinds=kinds)
    sent = await anext(stream)
    await stream.aclose()
    assert isinstance(sent.event, Snapshot)
    return sent.event.events


async def test_a_late_subscriber_gets_the_present_state_first() -> None:
    bus = EventBus()
    for event in (RUNNING, download(10), download(20), STORED, LogsAdded(entries=2)):
        bus.publish(event)
    assert await snapshot(bus) == [RUNNING, download(20)]
    assert await snapshot(bus, "download") == [download(20)]
    bus.publish(ResultAdded(job_id="1", video_id="00000000001", status="success"))
    bus.publish(ENDED)
    assert await snapshot(bus) == []


async def test_every_subscriber_gets_every_event_in_order() -> None:
    bus = EventBus()
    streams = [bus.follow() for _ in range(3)]
    for stream in streams:
        await anext(stream)
    for event in (RUNNING, STORED, ENDED):
        bus.publish(event)
    for stream in streams:
        assert [sent.event for sent in await taken(stream, 3)] == [RUNNING, STORED, ENDED]
    only = bus.follow(kinds=["video"])
    await anext(only)
    bus.publish(RUNNING)
    bus.publish(STORED)
    assert (await anext(only)).event == STORED


async def test_a_state_that_has_not_changed_is_no_event() -> None:
    bus = EventBus()
    stream = bus.follow()
    await anext(stream)
    closed = GovernorChanged(state="closed")
    for event in (closed, closed, GovernorChanged(state="open", reason="bot_check")):
        bus.publish(event)
    states = [sent.event for sent in await taken(stream, 2)]
    assert states == [closed, GovernorChanged(state="open", reason="bot_check")]


async def test_a_subscriber_resumes_after_the_last_event_that_it_got() -> None:
    bus = EventBus()
    stream = bus.follow()
    await anext(stream)
    bus.publish(RUNNING)
    last = await anext(stream)
    await stream.aclose()
    bus.publish(STORED)
    bus.publish(ENDED)
    resumed = bus.follow(last.id)
    assert [sent.event for sent in await taken(resumed, 2)] == [STORED, ENDED]
    bus.publish(RUNNING)
    assert (await anext(resumed)).event == RUNNING


@pytest.mark.parametrize(
    "last_id", ["", "0-1", "no id", "{process}-x", "{process}-99", "{process}-"]
)
async def test_an_unknown_id_is_answered_with_a_snapshot(last_id: str) -> None:
    bus = EventBus()
    bus.publish(RUNNING)
    known = (await anext(bus.follow())).id.partition("-")[0]
    sent = await anext(bus.follow(last_id.format(process=known)))
    assert sent.event == Snapshot(events=[RUNNING])


async def test_an_id_from_before_a_restart_is_answered_with_a_snapshot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000)
    before = EventBus()
    before.publish(RUNNING)
    last = await anext(before.follow())
    monkeypatch.setattr("time.time_ns", lambda: 2_000_000)
    after = EventBus()
    after.publish(STORED)
    assert (last.id, (await anext(after.follow(last.id))).event) == ("1-1", Snapshot(events=[]))


async def test_a_slow_subscriber_gets_a_new_snapshot_and_delays_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "_QUEUED", 10)
    bus = EventBus()
    slow, quick = bus.follow(), bus.follow()
    await anext(slow)
    await anext(quick)
    for number in range(50):
        bus.publish(download(number))
        assert (await anext(quick)).event == download(number)
    assert (await anext(slow)).event == Snapshot(events=[download(49)])
    bus.publish(STORED)
    assert (await anext(slow)).event == STORED


async def test_an_ended_subscription_is_removed() -> None:
    bus = EventBus()
    stream = bus.follow()
    await anext(stream)
    assert len(bus._subscribers) == 1
    await stream.aclose()
    assert not bus._subscribers


async def test_events_are_published_on_the_bus_of_their_context() -> None:
    bus = open_bus()
    publish(RUNNING)
    assert await snapshot(bus) == [RUNNING]
