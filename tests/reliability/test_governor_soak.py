"""A month of bot checks, in simulated time: few requests while blocked, and nothing is lost."""

import asyncio
import math
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from tests.reliability import virtual_time
from tests.reliability.report import record
from tests.reliability.scale import FULL, chance
from tests.reliability.virtual_time import VirtualLoop
from tests.unit.jobs.conftest import Workshop, videos
from tests.unit.jobs.peers import DownloadPeer, video_id
from tests.waiting import until
from ytarchive.common.config import load_settings
from ytarchive.common.errors import BotCheck, NetworkFailure, YTArchiveError
from ytarchive.download import (
    DEFAULT_CHOICE,
    DownloadProgress,
    DownloadRequest,
    FormatsQuery,
    VideoFormats,
)
from ytarchive.jobs import Job
from ytarchive.jobs.processing import engine
from ytarchive.jobs.retrying import parked_retries

VIDEOS = 10_000 if FULL else 1_000
PER_HOUR = 180 if FULL else 18
DAYS = 30
HOUR = 3600.0
CONCURRENCY = 3
PLACES = 4  # videos at a time: concurrency and a quarter


@dataclass
class Block:
    """Intervals in seconds during which YouTube answers with a bot check, or not at all."""

    begin: float
    end: float
    error: type[YTArchiveError] = BotCheck
    requests: list[float] = field(default_factory=list)


@dataclass
class MoodyYouTube(DownloadPeer):
    """Answers with a bot check during blocks, and counts requests."""

    blocks: list[Block] = field(default_factory=list)
    asked: int = 0

    async def start_download(self, request: DownloadRequest) -> DownloadProgress:
        self.meet(request.video_id)
        return await super().start_download(request)

    async def get_formats(
        self, video_id: str, request: FormatsQuery = DEFAULT_CHOICE
    ) -> VideoFormats:
        self.meet(video_id)
        self.asked -= video_id not in self.failures  # the download does not ask again
        return await super().get_formats(video_id, request)

    def meet(self, video_id: str) -> None:
        """Count a request, and determine its outcome."""
        now = asyncio.get_running_loop().time()
        self.asked += 1
        self.failures.pop(video_id, None)
        for block in self.blocks:
            if block.begin <= now < block.end:
                block.requests.append(now)
                self.failures[video_id] = [block.error()]

    async def end(self, task_id: str) -> None:
        await asyncio.sleep(20)  # a transfer's time
        await super().end(task_id)


def blocks(random: Random) -> list[Block]:
    """Blocks of half an hour to three days, with hours between."""
    found, now = [], 0.0
    while now < DAYS * 24 * HOUR:
        now += random.uniform(2, 10) * HOUR
        end = now + random.choice([0.5, 1, 3, 6, 12, 24, 72]) * HOUR
        found.append(Block(now, end))
        now = end
    return found


async def month(workshop: Workshop, loop: VirtualLoop) -> tuple[Job, float]:
    """The backlog's job at its end, and how many seconds it took."""
    ids = [video_id(number) for number in range(VIDEOS)]
    async with workshop.open() as jobs:
        job_id = (await jobs.create_job(videos(*ids))).id
    while True:  # a restart every three days, wherever the queue is
        async with workshop.open() as jobs:
            for _ in range(72):
                await asyncio.sleep(HOUR)
                job = await jobs.get_job(job_id)
                if job.status.is_final:
                    return job, loop.time()


def test_a_month_of_bot_checks_costs_time_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = chance("governor")
    youtube = MoodyYouTube(blocks=blocks(random))
    monkeypatch.setattr(engine, "_COUNT_INTERVAL", 6 * HOUR)
    monkeypatch.setattr(engine, "_REPORT_INTERVAL", HOUR)
    monkeypatch.setattr(parked_retries, "INTERVAL", HOUR)
    settings = load_settings(
        download={"concurrency": CONCURRENCY, "videos_per_hour": PER_HOUR, "burst": 10},
        jobs={"notification_timeout": HOUR, "health_interval": HOUR, "shutdown_grace": 0},
    )
    workshop = Workshop(tmp_path, settings, download=youtube)

    job, took = virtual_time.run(monkeypatch, lambda loop: month(workshop, loop))

    seen = [block for block in youtube.blocks if block.requests]
    wasted = sum(len(block.requests) for block in seen)
    hours = sum(block.end - block.begin for block in youtube.blocks if block.begin < took) / HOUR
    record(
        "Governor: a month of bot checks",
        f"{VIDEOS} videos at {PER_HOUR} an hour, {len(seen)} blocks met, {hours:.0f} hours blocked "
        f"of {took / HOUR:.0f}: {youtube.asked} requests in all, {wasted} while blocked. "
        f"Every video was stored once, with one attempt at most.",
    )
    # A restart between storing a video and its result finds it in the archive afterwards.
    good = job.progress.succeeded + job.progress.skipped
    assert (job.status, good, len(workshop.storage.saves)) == ("COMPLETED", VIDEOS, VIDEOS)
    assert max(result.attempts for result in job.results) == 1
    assert max(workshop.storage.saves.values()) == 1
    for block in seen:
        # those under way, and then a probe after 1 hour, 2, 4, …; a restart may probe once more
        probes = math.log2((block.end - block.begin) / HOUR + 1) + 1
        assert len(block.requests) <= PLACES + math.ceil(probes) + 1
    assert youtube.asked == VIDEOS + wasted


def test_a_night_without_network_costs_time_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = Block(begin=600, end=600 + 8 * HOUR, error=NetworkFailure)
    youtube = MoodyYouTube(blocks=[night])
    settings = load_settings(
        download={"concurrency": CONCURRENCY, "pace": "off"},
        jobs={"notification_timeout": HOUR, "health_interval": HOUR, "shutdown_grace": 0},
    )
    workshop = Workshop(tmp_path, settings, download=youtube)

    job, took = virtual_time.run(monkeypatch, lambda loop: month(workshop, loop))

    probes = (night.end - night.begin) / (8 * 60) + 4  # after a minute, 2, 4, 8, 8, …
    assert (job.status, job.progress.succeeded) == ("COMPLETED", VIDEOS)
    assert took > night.end
    assert max(result.attempts for result in job.results) <= 2
    assert sum(result.attempts == 2 for result in job.results) <= 5
    assert PLACES < len(night.requests) <= 5 + PLACES + probes


async def test_videos_started_before_the_block_do_not_end_it(tmp_path: Path) -> None:
    first, blocked, waiting = map(video_id, range(3))
    settings = load_settings(
        download={"concurrency": 2, "pace": "off"}, jobs={"notification_timeout": 0.05}
    )
    workshop = Workshop(tmp_path, settings)
    peer = workshop.download
    peer.hold = {first}
    peer.failures = {blocked: [BotCheck()]}
    async with workshop.open() as jobs:
        await jobs.create_job(videos(first))
        await until(lambda: peer.tasks)
        await jobs.create_job(videos(blocked, waiting))
        await until(lambda: blocked in peer.started)
        await peer.end(peer.task_of(first))
        await until(lambda: first in workshop.storage.stored)
        governor = await jobs.governor.get_governor()

    assert (governor.state, governor.reason) == ("open", "bot_check")
    assert peer.started.count(blocked) == 1
