"""Channels followed in simulated time: fifty for 30 days or, in full, five hundred for a year.

Only YouTube and its Data API are imitated. The feeds fail for days, the quota is enough for a part
of each day, YouTube requests proof of a human once in a while, and the connection is lost.
"""

import asyncio
import random
import sys
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median, median_low
from typing import cast

import pytest

from tests.reliability import virtual_time
from tests.reliability.scale import FULL
from tests.reliability.virtual_time import START, VirtualLoop
from tests.unit.subscriptions.following import Following, YouTube
from ytarchive.common.config import Settings, load_settings
from ytarchive.common.errors import BotCheck, NetworkFailure
from ytarchive.common.media import PlaylistVideo
from ytarchive.common.scheduler import Scheduler
from ytarchive.jobs import CreateJob, Job
from ytarchive.jobs.governor.gate import GovernedGate
from ytarchive.jobs.processing import engine
from ytarchive.metadata import (
    FeedEntry,
    ListFeed,
    MetadataAPI,
    PlaylistPage,
    PlaylistPageQuery,
    QuotaUsage,
)
from ytarchive.subscriptions import Subscribe, running
from ytarchive.subscriptions.service import SubscriptionsService

CHANNELS, DAYS = (500, 365) if FULL else (50, 30)
GAPS = [timedelta(hours=hours) for hours in (24, 36, 48, 96, 168)]
"""The mean time between two uploads of a channel, one after the other."""
BUDGET, UNITS = 24 * CHANNELS // 5, CHANNELS
"""Requests and units of quota for the checks of a day."""
QUOTA = 3 * CHANNELS // 2
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HISTORY = 25
ENOUGH = 12
"""Uploads of a channel from which its own median is compared: that of fewer ones is chance."""

Period = tuple[timedelta, timedelta]


def periods(first: float, length: timedelta, every: float) -> list[Period]:
    """Return periods of a length that begin every some days."""
    count = int((DAYS - first) // every) + 1
    return [(begin, begin + length) for begin in (DAY * (first + n * every) for n in range(count))]


FEED_OUTAGES = periods(4.2, 2 * DAY, 28)
BOT_CHECKS = periods(10.4, 3 * HOUR, 30)
OUTAGES = periods(20.3, 5 * HOUR, 30)


@dataclass
class Channels(YouTube):
    """Channels that upload by chance, each at its own rhythm."""

    loop: VirtualLoop | None = None
    gate: GovernedGate | None = None
    uploads: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    used: Counter[int] = field(default_factory=Counter)
    """Units by the days of the quota, which begin at midnight in California."""

    def now(self) -> datetime:
        assert self.loop is not None
        return self.loop.now()

    def newest(self, list_id: str, count: int) -> list[tuple[datetime, str]]:
        """Return the newest uploads until now, newest first."""
        made = self.uploads[list_id]
        end = bisect_left(made, (self.now(), "~"))
        return made[max(end - count, 0) : end][::-1]

    @property
    def quota_day(self) -> int:
        return (self.now() - START - 8 * HOUR) // DAY

    def is_during(self, found: Iterable[Period]) -> bool:
        elapsed = self.now() - START
        return any(begin <= elapsed < end for begin, end in found)

    async def get_quota(self) -> QuotaUsage:
        left = QUOTA - self.used[self.quota_day]
        return QuotaUsage(
            quota_limit=QUOTA, quota_reserve=0, used=QUOTA - left, remaining=left,
            resets_at=self.now(), source="data_api",
        )  # fmt: skip

    async def get_feed(self, playlist_id: str) -> ListFeed:
        if self.is_during(FEED_OUTAGES) or self.is_during(OUTAGES):
            return ListFeed(list_id=playlist_id, problem="HTTP status 500")
        entries = [
            FeedEntry(video_id=each, title="", published_at=at)
            for at, each in self.newest(playlist_id, 15)
        ]
        return ListFeed(list_id=playlist_id, entries=entries)

    async def get_playlist_page(self, playlist_id: str, request: PlaylistPageQuery) -> PlaylistPage:
        assert self.gate is not None
        if self.used[self.quota_day] < QUOTA and not request.extract:
            if self.is_during(OUTAGES):
                raise NetworkFailure("no connection")
            self.used[self.quota_day] += 1
        else:
            async with self.gate.passing(playlist_id, cost=0, patient=False):
                if self.is_during(OUTAGES):
                    raise NetworkFailure("no connection")
                if self.is_during(BOT_CHECKS):
                    raise BotCheck("Sign in to confirm you're not a bot")
        videos = [
            PlaylistVideo(video_id=each, position=number, added_at=at)
            for number, (at, each) in enumerate(self.newest(playlist_id, 50))
        ]
        return PlaylistPage(playlist_id=playlist_id, title=playlist_id, videos=videos)


@dataclass
class Checks:
    """YouTube as the checks see it; counts their requests."""

    youtube: Channels
    requests: Counter[int] = field(default_factory=Counter)
    units: Counter[int] = field(default_factory=Counter)
    """Both by the days of the budget, which begin at midnight UTC."""
    at: defaultdict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def __getattr__(self, name: str) -> object:
        return getattr(self.youtube, name)

    async def get_feed(self, playlist_id: str) -> ListFeed:
        self._count(playlist_id)
        return await self.youtube.get_feed(playlist_id)

    async def get_playlist_page(self, playlist_id: str, request: PlaylistPageQuery) -> PlaylistPage:
        if request.newer_than is not None:  # not for a new subscription
            self._count(playlist_id)
        before = self.youtube.used.total()
        try:
            return await self.youtube.get_playlist_page(playlist_id, request)
        finally:
            if request.newer_than is not None:
                self.units[self._day] += self.youtube.used.total() - before

    @property
    def _day(self) -> int:
        return (self.youtube.now() - START) // DAY

    def _count(self, playlist_id: str) -> None:
        self.requests[self._day] += 1
        self.at[playlist_id].append(self.youtube.now())


def uploads_of(number: int, gap: timedelta) -> list[tuple[datetime, str]]:
    """Uploads before and during the simulation, at about a rhythm."""
    chance, moment = random.Random(number), START - HISTORY * gap
    made: list[tuple[datetime, str]] = []
    while moment < START + timedelta(days=DAYS):
        moment += gap * (0.2 + 0.8 * chance.expovariate(1))
        made.append((moment, f"v{number:03}{len(made):07}"))
    return made


async def follow(base_path: Path, checks: Checks, loop: VirtualLoop) -> dict[str, datetime]:
    """Follow all channels until the end; return when each video was queued."""
    youtube = checks.youtube
    youtube.loop = loop
    queued: dict[str, datetime] = {}
    following = Following(base_path, youtube)
    async with following.open_jobs(whole_queue=False) as jobs:
        youtube.gate, create = jobs.gate, jobs.create_job

        async def created(request: CreateJob) -> Job:
            assert request.playlist_id is not None
            for _, video in youtube.newest(request.playlist_id, 50):
                queued.setdefault(video, loop.now())
            job = await create(request)
            jobs.work_on(job.id)
            return job

        jobs.create_job = created  # type: ignore[method-assign]  # observed, and passed on
        clients = following.clients(jobs)
        clients = replace(clients, metadata=cast("MetadataAPI", checks))
        settings = limited(following.settings)
        scheduler = Scheduler(now=loop.now)
        async with SubscriptionsService.open(settings, clients, scheduler) as service:
            for list_id in youtube.uploads:
                await service.subscribe(Subscribe(source=list_id))
            await asyncio.sleep(DAYS * 86_400 - loop.time())
    return queued


def limited(settings: Settings) -> Settings:
    limits = load_settings(
        subscriptions={"requests_per_day": BUDGET, "units_per_day": UNITS}
    ).subscriptions
    return settings.model_copy(update={"subscriptions": limits})


@dataclass(frozen=True)
class Rhythm:
    """The channels of one rhythm: shares of the usual gap of a channel."""

    gap: timedelta
    delays: list[float]
    """Of each upload."""
    medians: list[float]
    """Of each channel with enough uploads."""
    pauses: list[float]
    """The longest pause between two checks of each channel."""

    def __str__(self) -> str:
        worst = f"{max(self.medians):.3f}" if self.medians else "-"
        return (
            f"{self.gap / HOUR:6.0f} h  {len(self.pauses):5}  {len(self.delays):7}  "
            f"{median(self.delays):.3f}  {worst:>6}  {max(self.pauses):.2f}"
        )


def rhythm(
    gap: timedelta, lists: Iterable[str], checks: Checks, queued: dict[str, datetime]
) -> Rhythm:
    end = START + timedelta(days=DAYS)
    delays, medians, pauses = [], [], []
    for each in lists:
        made = checks.youtube.uploads[each]
        usual = usual_gap(made)
        own = [
            (queued.get(video, end + DAYS * DAY) - at) / usual
            for at, video in made
            if START + 2 * DAY < at < end - 2 * DAY
        ]
        delays += own
        medians += [median_low(own)] if len(own) >= ENOUGH else []
        times = [START, *checks.at[each], end]
        pauses.append(max(later - earlier for earlier, later in pairwise(times)) / usual)
    return Rhythm(gap, delays, medians, pauses)


def usual_gap(made: list[tuple[datetime, str]]) -> timedelta:
    return median_low(later[0] - earlier[0] for earlier, later in pairwise(made))


def least_delay(checks: Checks) -> float:
    """The median delay, in usual gaps, if the whole budget were divided evenly by rhythm.

    Checks at an interval i find uploads after i / 2 at the median, and their rates sum up to the
    budget.
    """
    return sum(DAY / usual_gap(made) for made in checks.youtube.uploads.values()) / (2 * BUDGET)


def test_checks_stay_within_the_budget_and_find_every_video_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Data API has quota for a part of each day, and then the feed and yt-dlp are used."""
    for name in ("_REPORT_INTERVAL", "_COUNT_INTERVAL"):  # frequent duties of no concern here
        monkeypatch.setattr(engine, name, 3600.0)
    monkeypatch.setattr(running, "_INTERVAL", 120.0)
    lists = {f"UUchannel{number:015}": GAPS[number % len(GAPS)] for number in range(CHANNELS)}
    uploads = {each: uploads_of(n, gap) for n, (each, gap) in enumerate(lists.items())}
    checks = Checks(Channels(uploads=uploads))
    queued = virtual_time.run(monkeypatch, lambda loop: follow(tmp_path, checks, loop))

    found = [
        rhythm(gap, [each for each in lists if lists[each] == gap], checks, queued) for gap in GAPS
    ]
    sys.stdout.write(
        f"\n{CHANNELS} channels, {DAYS} days; at most {max(checks.requests.values())} of {BUDGET} "
        f"requests for checks in a day, {median(checks.requests.values()):.0f} usually; "
        f"{max(checks.units.values())} of {UNITS} units; quota {max(checks.youtube.used.values())} "
        f"of {QUOTA}\nthe budget allows a median delay of {least_delay(checks):.3f} of the usual "
        f"gap\nmean gap  channels  uploads  median delay, of a channel  longest pause\n"
        + "\n".join(map(str, found)) + "\n"
    )  # fmt: skip
    assert max(checks.requests.values()) <= BUDGET
    assert max(checks.units.values()) <= UNITS
    assert max(checks.youtube.used.values()) <= QUOTA
    assert median_low(checks.requests.values()) > BUDGET / 2
    for each in found:
        assert max([*each.medians, median(each.delays)]) <= 0.2, each
        assert max(each.delays) <= 1, each
        assert max(each.pauses) <= 1, each
