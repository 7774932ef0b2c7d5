"""The governor with a clock controlled by the test: pauses and resumption."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.waiting import until
from ytarchive.common.database import Database
from ytarchive.common.download_config import DownloadConfig
from ytarchive.common.errors import (
    BotCheck,
    ExtractorBroken,
    IpBlocked,
    MediaRefused,
    NetworkFailure,
    RateLimited,
    RequestsPaused,
    VideoUnavailable,
    YTArchiveError,
)
from ytarchive.common.telemetry import REGISTRY
from ytarchive.jobs.governor.governor import Governor
from ytarchive.jobs.governor.models import DIRECT, PauseRequest, Permit
from ytarchive.jobs.queue.repository import SCHEMA

HOUR = 3600.0


@dataclass
class Bench:
    """A governor, and its clocks."""

    database: Database
    settings: DownloadConfig = field(
        default_factory=lambda: DownloadConfig(videos_per_hour=60, burst=20)
    )
    passed: float = 0
    wall_is_off_by: timedelta = timedelta(0)

    def now(self) -> datetime:
        return (
            datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.passed) + self.wall_is_off_by
        )

    async def open(self, egress: str = DIRECT) -> Governor:
        """The governor as a fresh process would open it."""
        return await Governor.open(
            self.database, self.settings, self.now, lambda: self.passed, egress
        )


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with await Database.open(tmp_path / "jobs.db", SCHEMA) as database:
        yield Bench(database)


async def admitted(governor: Governor) -> Permit | None:
    """A permit, if there is one at this moment."""
    asking = asyncio.ensure_future(governor.admit())
    for _ in range(3):
        await asyncio.sleep(0)
    if asking.done():
        return asking.result()
    asking.cancel()
    await asyncio.wait([asking])
    return None


async def probe(governor: Governor) -> Permit:
    permit = await admitted(governor)
    assert permit is not None
    assert permit.is_probe
    return permit


async def test_each_block_in_a_row_lasts_twice_as_long_up_to_three_days(bench: Bench) -> None:
    governor = await bench.open()
    hours = []
    await governor.failed(BotCheck(), "video")
    for _ in range(9):
        state = governor.snapshot()
        assert state.opened_at is not None
        assert state.next_probe_at is not None
        hours.append((state.next_probe_at - state.opened_at).total_seconds() / HOUR)
        bench.passed += hours[-1] * HOUR + 1
        await governor.failed(BotCheck(), "video", await probe(governor))

    for found, doubled in zip(hours, [1, 2, 4, 8, 16, 32, 64, 72, 72], strict=True):
        assert doubled <= found <= doubled * 1.1


async def test_one_probe_and_then_one_more_video_for_each_success(bench: Bench) -> None:
    governor = await bench.open()
    await governor.failed(RateLimited(), "video")
    assert await admitted(governor) is None
    bench.passed += 2 * HOUR
    first = await probe(governor)
    assert await admitted(governor) is None
    await governor.succeeded(first)
    bench.passed += HOUR  # without a pace, so that only the ramp has an effect
    governor.release(first)
    under_way = []
    sizes = []
    for _ in range(4):
        while (permit := await admitted(governor)) is not None:
            under_way.append(permit)
        sizes.append(len(under_way))
        await governor.succeeded(under_way[0])
        governor.release(under_way.pop(0))

    assert sizes == [1, 2, 3, 4]


async def test_no_burst_follows_a_pause(bench: Bench) -> None:
    governor = await bench.open()
    await governor.failed(BotCheck(), "video")
    bench.passed += 2 * HOUR
    await governor.succeeded(await probe(governor))

    assert governor.snapshot().ready_videos == 0
    bench.passed += 5 * 60
    assert governor.snapshot().ready_videos == 5  # sixty an hour


async def test_a_block_soon_after_the_probe_counts_as_the_same_one(bench: Bench) -> None:
    governor = await bench.open()
    await governor.failed(BotCheck(), "video")
    bench.passed += 2 * HOUR
    await governor.succeeded(await probe(governor))
    again = await bench.open()  # also across a restart
    await again.failed(BotCheck(), "video")

    state = again.snapshot()
    assert state.opened_at is not None
    assert state.next_probe_at is not None
    assert state.next_probe_at - state.opened_at >= timedelta(hours=2)


async def test_the_time_requested_by_youtube_is_the_first_pause(bench: Bench) -> None:
    governor = await bench.open()
    await governor.failed(RateLimited(retry_after=600), "video")
    bench.passed += 11 * 60 + 1  # jitter adds a tenth at most
    await governor.failed(RateLimited(retry_after=600), "video", await probe(governor))

    bench.passed += HOUR
    assert await admitted(governor) is None


async def test_six_unexplained_failures_without_a_success_between_are_a_block(
    bench: Bench,
) -> None:
    governor = await bench.open()
    for number in range(5):
        await governor.failed(ExtractorBroken("reload"), f"video {number}")
    await governor.succeeded()
    for number in range(5):
        await governor.failed(ExtractorBroken("reload"), f"video {number}")
        await governor.failed(NetworkFailure(), "the network says nothing of YouTube")
    assert governor.snapshot().state == "closed"
    await governor.failed(ExtractorBroken("reload"), "the sixth")

    found = governor.snapshot()
    assert (found.state, found.reason) == ("open", "extraction_failing")


async def test_refused_media_of_six_videos_are_a_block_that_only_media_end(bench: Bench) -> None:
    governor = await bench.open()
    for number in range(5):
        await governor.failed(MediaRefused("403"), f"video {number}")
        await governor.succeeded()  # metadata works
    assert governor.snapshot().state == "closed"
    await governor.failed(MediaRefused("403"), "the sixth")
    found = governor.snapshot()
    assert (found.state, found.reason) == ("open", "media_refused")

    extraction = await probe_at_once(governor)
    await governor.succeeded(extraction)
    governor.release(extraction)
    assert governor.snapshot().state == "open"
    await governor.failed(MediaRefused("403"), "video", await probe(governor))
    assert governor.snapshot().state == "open"
    assert await admitted(governor) is None
    await governor.succeeded(await probe_at_once(governor), media=True)
    assert governor.snapshot().state == "closed"


async def test_fetched_media_end_a_series_of_refusals(bench: Bench) -> None:
    governor = await bench.open()
    for number in range(10):
        await governor.failed(MediaRefused("403"), f"video {number}")
        if number % 5 == 4:
            await governor.succeeded(media=True)
    assert governor.snapshot().state == "closed"


async def test_a_shrunk_list_counts_as_a_block(bench: Bench) -> None:
    governor = await bench.open()
    await governor.listing_shrank("UUlist", 5000, 100)

    found = governor.snapshot()
    assert (found.state, found.reason) == ("open", "listing_shrank")
    assert "lists 100 videos instead of 5000" in (found.message or "")


@pytest.mark.parametrize("error", [NetworkFailure(), VideoUnavailable()])
async def test_a_probe_without_result_is_repeated_soon(bench: Bench, error: NetworkFailure) -> None:
    governor = await bench.open()
    await governor.failed(BotCheck(), "video")
    bench.passed += 2 * HOUR
    await governor.failed(error, "video", await probe(governor))
    assert await admitted(governor) is None
    bench.passed += 121

    await governor.succeeded(await probe(governor))
    assert governor.snapshot().state == "closed"


async def test_a_cancelled_probe_delays_nothing(bench: Bench) -> None:
    governor = await bench.open()
    await governor.failed(BotCheck(), "video")
    bench.passed += 2 * HOUR
    governor.release(await probe(governor))
    lost = await probe(governor)
    bench.passed += 901

    assert await probe(governor) is not lost


async def test_outcomes_of_earlier_requests_do_not_end_the_probe(bench: Bench) -> None:
    governor = await bench.open()
    before = await admitted(governor)
    await governor.failed(BotCheck(), "video")
    bench.passed += 2 * HOUR
    await probe(governor)
    await governor.succeeded(before)

    assert governor.snapshot().state == "probing"


async def test_a_restart_keeps_the_pause(bench: Bench) -> None:
    governor = await bench.open()
    await governor.failed(BotCheck("Sign in"), "video")
    bench.passed += HOUR / 2
    before, again = governor.snapshot(), await bench.open()

    assert again.snapshot() == before
    assert await admitted(again) is None
    bench.passed += HOUR
    await probe(again)


@pytest.mark.parametrize("days", [-30, -1, 1, 30])
async def test_setting_the_wall_clock_neither_ends_nor_extends_a_pause(
    bench: Bench, days: int
) -> None:
    governor = await bench.open()
    await governor.failed(BotCheck(), "video")
    bench.wall_is_off_by = timedelta(days=days)
    assert await admitted(governor) is None
    next_probe = governor.snapshot().next_probe_at
    assert next_probe is not None
    assert timedelta(0) < next_probe - bench.now() <= timedelta(hours=1.1)
    bench.passed += 1.2 * HOUR

    assert (await probe(governor)).is_probe


async def test_a_clock_set_back_between_two_processes_extends_nothing(bench: Bench) -> None:
    await (await bench.open()).failed(BotCheck(), "video")
    bench.wall_is_off_by = timedelta(days=-30)
    governor = await bench.open()
    bench.passed += 1.2 * HOUR

    assert (await probe(governor)).is_probe


async def test_a_clock_set_ahead_allows_no_burst(bench: Bench) -> None:
    governor = await bench.open()
    taken = 0
    while await admitted(governor) is not None:
        taken += 1
    bench.wall_is_off_by = timedelta(days=1)

    assert taken == 20
    assert await admitted(governor) is None


async def test_the_metrics_have_the_state_and_the_next_probe(bench: Bench) -> None:
    governor = await bench.open()

    def value(name: str, **labels: str) -> float | None:
        labels["egress"] = "direct"
        return REGISTRY.get_sample_value(f"ytarchive_governor_{name}", labels)

    counted = value("pauses_total", reason="bot_check")
    await governor.failed(BotCheck(), "video")

    probe_at = governor.snapshot().next_probe_at
    assert probe_at is not None
    assert value("state", state="open") == 1
    assert value("state", state="closed") == 0
    assert value("next_probe_timestamp_seconds") == probe_at.timestamp()
    assert value("pauses_total", reason="bot_check") == (counted or 0) + 1
    await governor.succeeded(await probe_at_once(governor))
    assert value("state", state="closed") == 1
    assert value("next_probe_timestamp_seconds") == 0


async def test_each_egress_is_paused_separately(bench: Bench) -> None:
    own, other = await bench.open(), await bench.open("second")
    await own.failed(BotCheck(), "video")
    waiting = own.waiting()
    assert waiting is not None
    assert (waiting.reason, waiting.egress) == ("bot_check", "direct")
    permit = await admitted(other)
    assert permit is not None
    assert permit.egress == "second"
    await other.save()
    again = [await bench.open(), await bench.open("second")]
    states = [(each.snapshot().egress, each.snapshot().state) for each in again]
    assert states == [("direct", "open"), ("second", "closed")]


async def probe_at_once(governor: Governor) -> Permit:
    """Resume, and return the permit of the probe."""
    await governor.resume()
    return await probe(governor)


async def test_waiting_requests_continue_after_a_resume(bench: Bench) -> None:
    governor = await bench.open()
    await governor.failed(BotCheck(), "video")
    asking = asyncio.create_task(governor.admit())
    await asyncio.sleep(0)
    bench.passed += HOUR / 2  # which refills the bucket no more than it should
    await governor.resume()
    bench.passed += 60
    governor.release(Permit(1))

    await until(asking.done)
    assert asking.result().is_probe


async def test_requests_from_before_a_resume_do_not_block_again(
    bench: Bench,
) -> None:
    governor = await bench.open()
    before = await governor.admit()
    await governor.failed(BotCheck(), "another")
    await governor.resume()
    await governor.failed(BotCheck(), "video", before)
    governor.release(before)
    await governor.failed(BotCheck(), "video", await probe(governor))
    assert governor.snapshot().state == "open"
    assert await admitted(governor) is None


async def test_without_a_connection_everything_waits_some_minutes_and_no_longer(
    bench: Bench,
) -> None:
    governor = await bench.open()
    for _ in range(9):
        await governor.failed(NetworkFailure(), "one video, again and again")
    assert governor.snapshot().state == "closed"
    for number in range(4):
        await governor.failed(NetworkFailure("no route"), f"video {number}")

    found = governor.snapshot()
    assert (found.state, found.reason) == ("open", "network")
    minutes = []
    for _ in range(5):
        bench.passed += 15 * 60
        await governor.failed(NetworkFailure(), "video", await probe(governor))
        state = governor.snapshot()
        assert state.opened_at is not None
        assert state.next_probe_at is not None
        minutes.append((state.next_probe_at - state.opened_at).total_seconds() / 60)
    for found_minutes, expected in zip(minutes, [2, 4, 8, 8, 8], strict=True):
        assert expected <= found_minutes <= expected * 1.1

    bench.passed += 15 * 60
    await governor.succeeded(await probe(governor))
    await governor.failed(BotCheck(), "video")
    state = governor.snapshot()
    assert state.opened_at is not None
    assert state.next_probe_at is not None
    # An outage is no block: what follows is the first one.
    assert state.next_probe_at - state.opened_at <= timedelta(hours=1.1)


async def test_a_pause_by_a_user_lasts_until_resume_also_after_a_restart(
    bench: Bench,
) -> None:
    governor = await bench.open()
    running = await governor.admit(source="running", queued=True)
    await governor.pause(PauseRequest())
    listing = asyncio.create_task(governor.turn())
    assert await admitted(governor) is None
    async with asyncio.timeout(5):  # what belongs to a running download passes
        assert (await governor.admit(source="running")).is_covered
    governor.release(running)

    again = await bench.open()
    bench.passed += 100 * HOUR
    waiting = again.waiting()
    assert waiting is not None
    assert waiting.reason == "paused"
    assert "ytarchive resume" in waiting.message
    assert again.snapshot().paused_at is not None
    assert await admitted(again) is None
    with pytest.raises(RequestsPaused, match="paused by `ytarchive pause`"):
        await again.admit(patience=0.01)
    assert not listing.done()

    await again.resume()
    assert again.waiting() is None
    assert await admitted(again) is not None
    await governor.resume()
    await asyncio.wait_for(listing, 5)
    assert (await bench.open()).snapshot().paused_at is None


async def test_a_pause_with_a_time_ends_by_itself_also_after_a_restart(bench: Bench) -> None:
    until = bench.now() + timedelta(hours=2)
    governor = await bench.open()
    await governor.pause(PauseRequest(until=until, reason="the disk is copied"))
    waiting = governor.waiting()
    assert waiting is not None
    assert waiting.until == until
    assert "until 2026-01-01 02:00 UTC (the disk is copied)" in waiting.message

    bench.passed += 1.9 * HOUR
    again = await bench.open()
    assert again.snapshot().pause_reason == "the disk is copied"
    assert await admitted(again) is None
    bench.passed += 0.2 * HOUR
    assert again.waiting() is None
    assert await admitted(again) is not None
    for each in (again, await bench.open()):
        assert (each.snapshot().paused_at, each.snapshot().paused_until) == (None, None)


async def test_a_waiting_request_is_sent_when_the_time_of_the_pause_is_over(bench: Bench) -> None:
    governor = await bench.open()
    await governor.pause(PauseRequest(until=bench.now() + timedelta(seconds=0.05)))
    asking = asyncio.create_task(governor.admit())
    await asyncio.sleep(0)
    assert not asking.done()
    bench.passed += 1
    await asyncio.wait_for(asking, 10)


async def test_a_further_pause_replaces_time_and_reason(bench: Bench) -> None:
    governor = await bench.open()
    await governor.pause(PauseRequest(until=bench.now() + timedelta(hours=1), reason="one"))
    since = governor.snapshot().paused_at
    bench.passed += 60
    await governor.pause(PauseRequest(reason="two"))
    state = governor.snapshot()
    assert (state.paused_at, state.paused_until, state.pause_reason) == (since, None, "two")


@pytest.mark.parametrize("error", [BotCheck(), IpBlocked(), RateLimited(retry_after=80_000)])
async def test_resume_sends_one_probe_at_once_and_no_more(
    bench: Bench, error: YTArchiveError
) -> None:
    governor = await bench.open()
    await governor.failed(error, "video")
    assert await admitted(governor) is None
    first = await probe_at_once(governor)
    assert await admitted(governor) is None
    await governor.resume()  # while the probe is under way there is no second one
    assert await admitted(governor) is None
    await governor.succeeded(first)
    assert governor.snapshot().state == "closed"


async def test_pages_of_lists_do_not_hide_failing_extractions(bench: Bench) -> None:
    governor = await bench.open()
    for number in range(6):
        await governor.failed(ExtractorBroken(), f"video{number}", Permit(1))
        await governor.succeeded(Permit(0))
    assert governor.snapshot().reason == "extraction_failing"


async def test_a_page_of_a_list_shows_that_the_network_works(bench: Bench) -> None:
    governor = await bench.open()
    for number in range(12):
        await governor.failed(NetworkFailure("no connection"), f"list{number}", Permit(0))
        if number % 4 == 3:
            await governor.succeeded(Permit(0))
    assert governor.snapshot().state == "closed"
