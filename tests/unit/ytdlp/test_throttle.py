"""The limit of all transfers together: its division, and the delays in a worker."""

from dataclasses import dataclass, field

from ytarchive.common.download_config import DownloadConfig
from ytarchive.ytdlp.shared_rate import SharedRate
from ytarchive.ytdlp.worker.throttle import Throttle

BLOCK = 64 * 1024


@dataclass
class Time:
    """A clock that only sleeping moves."""

    now: float = 0
    naps: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


@dataclass
class Worker:
    rates: list[float] = field(default_factory=list)

    async def limit_rate(self, rate: float) -> None:
        self.rates.append(rate)


def receive(throttle: Throttle, start: float, first: int, blocks: int) -> int:
    for number in range(1, blocks + 1):
        throttle.received(start, first + number * BLOCK)
    return first + blocks * BLOCK


def test_a_transfer_takes_the_time_of_the_limit_also_after_changes() -> None:
    time = Time()
    throttle = Throttle(lambda: time.now, time.sleep)
    throttle.rate = 10 * BLOCK
    count = receive(throttle, 1.0, 0, 20)
    assert abs(time.now - 2) < 0.01
    throttle.rate = 100 * BLOCK
    receive(throttle, 1.0, count, 100)  # nothing is made up for
    assert abs(time.now - 3) < 0.01
    throttle.rate = 5 * BLOCK
    receive(throttle, 2.0, 0, 10)  # another stream
    assert abs(time.now - 5) < 0.01
    assert max(time.naps) <= 0.25


def test_a_pause_between_transfers_allows_no_burst() -> None:
    time = Time()
    throttle = Throttle(lambda: time.now, time.sleep)
    throttle.rate = 10 * BLOCK
    receive(throttle, 1.0, 0, 10)
    time.now += 100
    receive(throttle, 2.0, 0, 10)
    assert time.now >= 100 + 2 - 0.11  # at most the first block is free


def test_without_a_limit_nothing_is_delayed() -> None:
    time = Time()
    throttle = Throttle(lambda: time.now, time.sleep)
    receive(throttle, 1.0, 0, 1000)
    assert time.naps == []


async def test_active_downloads_have_equal_shares_at_every_moment() -> None:
    shared = SharedRate(DownloadConfig(total_rate_limit=1_200_000))
    first, second, third = Worker(), Worker(), Worker()
    async with shared.share(first):
        async with shared.share(second), shared.share(third):
            assert [each.rates[-1] for each in (first, second, third)] == [400_000] * 3
        assert first.rates == [1_200_000, 600_000, 400_000, 600_000, 1_200_000]
    assert second.rates == [600_000, 400_000, 600_000]
    assert third.rates == [400_000]


async def test_the_limit_of_each_video_still_applies() -> None:
    shared = SharedRate(DownloadConfig(total_rate_limit=1_200_000, rate_limit=500_000))
    first, second, third = Worker(), Worker(), Worker()
    async with shared.share(first), shared.share(second):
        assert (first.rates[-1], second.rates[-1]) == (500_000, 500_000)
        async with shared.share(third):
            assert third.rates == [400_000]
    unlimited = Worker()
    async with SharedRate(DownloadConfig()).share(unlimited):
        assert unlimited.rates == []
