"""Thirty nights of the same commands, in simulated time: nothing accumulates."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from tests.reliability import virtual_time
from tests.reliability.virtual_time import START, VirtualLoop
from tests.unit.jobs.conftest import Workshop, ended
from tests.unit.jobs.peers import DownloadPeer, MetadataPeer, StoragePeer, video_id
from ytarchive.cli.summary import has_failures
from ytarchive.common.config import load_settings
from ytarchive.common.errors import (
    AgeRestricted,
    DeletedVideo,
    DrmProtected,
    LiveVideo,
    MembersOnly,
    PaymentRequired,
    PrivateVideo,
    RegionBlocked,
    UpcomingVideo,
    VideoUnavailable,
    YTArchiveError,
)
from ytarchive.download import DownloadProgress, DownloadRequest
from ytarchive.jobs import CreateJob, Job, JobQuery, JobStatus, JobType, ResultStatus
from ytarchive.storage import WorkPlan

NIGHTS = 30
DAY = 24 * 3600.0
LISTS = ["PLnightly000001", "UUnightly00000000000000A"]
NEW_COOKIES = 20
"""The night before which the user exports new cookies, of an adult's account."""

PREMIERE = START + timedelta(days=10, hours=12)

Answer = Callable[[float], YTArchiveError | None]
"""YouTube's answer for a video at a moment of the simulation; None: it is available."""


def always(kind: type[YTArchiveError]) -> Answer:
    return lambda _: kind()


def premiere(now: float) -> YTArchiveError | None:
    early = START + timedelta(seconds=now) < PREMIERE
    return UpcomingVideo(retry_after=PREMIERE.isoformat()) if early else None


def adults_only(now: float) -> YTArchiveError | None:
    return AgeRestricted() if now < NEW_COOKIES * DAY else None


ANSWERS: dict[str, tuple[Answer, int]] = {
    "private": (always(PrivateVideo), 2),  # the second time with the new cookies
    "deleted": (always(DeletedVideo), 1),
    "protected": (always(DrmProtected), 1),
    "region": (always(RegionBlocked), 1),
    "payment": (always(PaymentRequired), 2),
    "members": (always(MembersOnly), 3),  # after a week, and with the new cookies
    "vague": (always(VideoUnavailable), 3),  # after one day, and after seven
    "adults": (adults_only, 2),
    "premiere": (premiere, 2),
    "live": (always(LiveVideo), NIGHTS),  # its end is not announced
}
"""Each kind of unavailable video, and how often it may be requested in 30 nights."""

IDS = {video_id(100 + number): name for number, name in enumerate(ANSWERS)}


@dataclass
class Channel(DownloadPeer):
    """Answers as `ANSWERS` says, and counts requests by video."""

    requests: Counter[str] = field(default_factory=Counter)

    async def start_download(self, request: DownloadRequest) -> DownloadProgress:
        self.requests[request.video_id] += 1
        answer, _ = ANSWERS.get(IDS.get(request.video_id, ""), (lambda _: None, 0))
        failure = answer(asyncio.get_running_loop().time())
        self.failures[request.video_id] = [failure] if failure else []
        return await super().start_download(request)


@dataclass
class Month:
    """Observations: per night, the exit code and the jobs that are not final afterwards."""

    exits: list[int] = field(default_factory=list)
    unfinished: list[int] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)


def export(cookies: Path, text: str) -> None:
    cookies.write_text(text)


async def nights(workshop: Workshop, loop: VirtualLoop, cookies: Path, followed: str) -> Month:
    month = Month()
    workshop.storage.now = loop.now
    listed = workshop.metadata.playlists[followed] = [*IDS]
    for night in range(NIGHTS):
        listed.insert(0, video_id(night))
        if night == NEW_COOKIES:
            export(cookies, "of an adult")
        async with workshop.open(whole_queue=False) as jobs:
            request = CreateJob(type=JobType.PLAYLIST_DOWNLOAD, playlist_id=followed)
            created = await jobs.create_job(request)
            jobs.work_on(created.id)
            job = await ended(jobs, created.id)
            page = await jobs.list_jobs(JobQuery(limit=500, expand=False))
        month.jobs.append(job)
        month.exits.append(int(has_failures(job)))
        month.unfinished.append(sum(not each.status.is_final for each in page.items))
        await asyncio.sleep((night + 1) * (DAY + 60) - loop.time())
    return month


@pytest.mark.parametrize("followed", LISTS)
def test_following_a_list_every_night_accumulates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, followed: str
) -> None:
    cookies = tmp_path / "cookies.txt"
    export(cookies, "of a child")
    settings = load_settings(
        download={"concurrency": 3, "pace": "off"},
        jobs={"notification_timeout": 3600, "health_interval": 3600, "shutdown_grace": 0},
        network={"cookies_file": cookies},
    )
    channel, storage = Channel(), StoragePeer()
    workshop = Workshop(tmp_path, settings, MetadataPeer(), channel, storage)

    month = virtual_time.run(monkeypatch, lambda loop: nights(workshop, loop, cookies, followed))

    plans: dict[str, WorkPlan] = {plan.id: plan for plan in storage.plans.values()}
    assert len(plans) == 1
    assert month.unfinished == [0] * NIGHTS
    assert month.exits == [1, *[0] * (NIGHTS - 1)]
    assert {job.status for job in month.jobs} == {JobStatus.COMPLETED}
    requests = {name: channel.requests[each] for each, name in IDS.items()}
    assert requests == {name: allowed for name, (_, allowed) in ANSWERS.items()}
    assert all(channel.requests[video_id(night)] == 1 for night in range(NIGHTS))
    stored = {name for each, name in IDS.items() if each in storage.stored}
    assert stored == {"premiere", "adults"}


def test_a_result_without_a_request_names_the_evidence_and_the_next_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(download={"pace": "off"}, jobs={"shutdown_grace": 0})
    workshop = Workshop(tmp_path, settings, MetadataPeer(), Channel(), StoragePeer())
    month = virtual_time.run(
        monkeypatch, lambda loop: nights(workshop, loop, tmp_path / "cookies.txt", LISTS[0])
    )
    results = {IDS.get(each.video_id): each for each in month.jobs[5].results}

    vague, early = results["vague"], results["premiere"]
    assert {each.status for each in (vague, early)} == {ResultStatus.UNAVAILABLE}
    assert (vague.error_code, vague.attempts, vague.failed_before) == ("E118", 0, True)
    assert "last request 2026-03-02 00:01" in vague.message
    assert vague.retry_after is not None
    assert timedelta(days=7) <= vague.retry_after - START < timedelta(days=9)
    assert early.retry_after is not None
    assert timedelta(0) < early.retry_after - PREMIERE < timedelta(minutes=2)
