"""A pass takes several sessions: each resumes where the last one ended."""

import asyncio
import itertools
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.storage.generated import make_archive, video_id
from tests.unit.storage.samples import flip_byte, run
from tests.unit.storage.test_verify import ended, found
from ytarchive.common.config import StorageConfig
from ytarchive.storage import PassState, VerifyRequest
from ytarchive.storage.service import StorageService
from ytarchive.storage.verify.passes import Pass
from ytarchive.storage.verify.service import due_at
from ytarchive.storage.verify.session import Sample

VIDEOS = 10_000
NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def ten_thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of 10,000 videos, some of them damaged."""
    config = StorageConfig(base_path=tmp_path_factory.mktemp("generated") / "archive")
    asyncio.run(make_archive(config, VIDEOS))
    for number in DAMAGED:
        flip_byte(media(config, number))
    return config.base_path


DAMAGED = (0, 4_999, 9_999)


def media(config: StorageConfig, number: int) -> Path:
    name = video_id(number)
    return config.base_path / "videos" / name / f"{name}.mp4"


@pytest.fixture
async def large(ten_thousand: Path) -> AsyncIterator[StorageService]:
    """The service on that archive, with a library of its own."""
    config = StorageConfig(base_path=ten_thousand)
    fresh = config.state_path / "library.fresh"
    if not fresh.exists():
        shutil.copyfile(config.state_path / "library.db", fresh)
    shutil.copyfile(fresh, config.state_path / "library.db")
    service = await StorageService.open(config)
    yield service
    await service.close()


async def test_short_sessions_complete_one_pass(large: StorageService) -> None:
    """Every file is read once, whatever the number of sessions, and each session gets on."""
    seen = []
    for _ in range(200):
        verification = await ended(large, time_limit=0.1)
        seen.append(verification.videos_checked)
        if verification.state is PassState.COMPLETE:
            break
    assert verification.state is PassState.COMPLETE
    assert len(seen) > 2
    assert all(earlier < later for earlier, later in itertools.pairwise(seen[:-1]))
    assert verification.videos_checked == VIDEOS
    assert verification.files_checked == 2 * VIDEOS
    expected = [f"videos/{video_id(n)}/{video_id(n)}.mp4" for n in DAMAGED]
    assert list(await found(large)) == expected


async def test_a_cancelled_or_interrupted_pass_resumes_after_a_restart(
    large: StorageService, ten_thousand: Path
) -> None:
    await large.verifier.start_verification(VerifyRequest())
    while (await large.verifier.get_verification()).videos_checked == 0:
        pass
    stopped = await large.verifier.cancel_verification()
    assert stopped.state is PassState.STOPPED
    assert 0 < stopped.videos_checked < VIDEOS
    await large.close()
    library = StorageConfig(base_path=ten_thousand).state_path / "library.db"
    with closing(sqlite3.connect(library)) as database:  # as a killed process leaves it
        database.execute("UPDATE verification SET state = 'running'")
        database.commit()
    again = await StorageService.open(StorageConfig(base_path=ten_thousand))
    assert (await again.verifier.get_verification()).state is PassState.STOPPED
    verification = await ended(again)
    assert verification.state is PassState.COMPLETE
    assert verification.started_at == stopped.started_at
    assert verification.files_checked == 2 * VIDEOS
    await again.close()


async def test_a_pass_can_be_restarted_and_a_quick_one_does_not_affect_a_full_one(
    large: StorageService,
) -> None:
    partial = await ended(large, time_limit=0.05)
    quick = await ended(large, mode="quick")
    assert (quick.state, quick.videos_checked) == (PassState.COMPLETE, VIDEOS)
    resumed = await ended(large, time_limit=0.001)
    assert resumed.started_at == partial.started_at
    assert resumed.videos_checked > partial.videos_checked
    anew = await ended(large, time_limit=0.001, resume=False)
    assert anew.started_at != partial.started_at


@pytest.mark.parametrize(
    ("asked", "videos"),
    [
        ({"sample_percent": 5}, VIDEOS // 20),
        ({"sample_percent": 0.0001}, 1),
        ({"sample_videos": 5}, 5),
        ({"sample_videos": VIDEOS}, VIDEOS),
        ({"sample_videos": 10 * VIDEOS}, VIDEOS),
    ],
)
async def test_a_sample_reads_and_reports_exactly_its_share(
    large: StorageService, asked: dict[str, Any], videos: int
) -> None:
    verification = await ended(large, **asked)
    assert verification.state is PassState.COMPLETE
    assert (verification.videos_checked, verification.videos_total) == (videos, VIDEOS)
    assert verification.files_checked == 2 * videos


@given(
    total=st.integers(1, 200),
    percent=st.floats(0.001, 100),
    seed=st.text(max_size=5),
    stop=st.integers(0, 200),
)
def test_a_sample_has_the_same_videos_when_it_is_resumed(
    total: int, percent: float, seed: str, stop: int
) -> None:
    drawn = [at for at in range(total) if Sample(total, percent, seed).has(at)]
    assert len(drawn) == max(round(total * percent / 100), 1)
    again = Sample(total, percent, seed)
    assert drawn == [at for at in range(stop) if again.has(at) and at < total] + [
        at for at in range(stop, total) if again.has(at)
    ]


def test_samples_select_other_videos_each_time() -> None:
    draws = {next(at for at in range(18) if Sample(18, 5, str(seed)).has(at)) for seed in range(99)}
    assert draws == set(range(18))


def test_memory_does_not_grow_with_the_archive(tmp_path: Path) -> None:
    """More than 10,000 videos are verified in a few megabytes more than 20."""
    answer = run(sys.executable, "-m", "tests.unit.storage.generated", str(tmp_path), "10000")
    _, large = map(int, answer.split())
    assert large < 12 * 2**20


def last(state: PassState, updated: timedelta, completed: timedelta | None = None) -> Pass:
    return Pass(
        scope="full",
        sample_percent=100,
        seed="",
        state=state,
        updated_at=NOW - updated,
        completed_at=None if completed is None else NOW - completed,
        error=None,
        video_cursor=0,
        videos_total=0,
        videos_checked=0,
        files_checked=0,
        bytes_checked=0,
    )


@pytest.mark.parametrize(
    ("last_pass", "expected"),
    [
        (None, True),
        (last(PassState.STOPPED, timedelta(hours=23)), False),
        (last(PassState.STOPPED, timedelta(days=1)), True),
        (last(PassState.FAILED, timedelta(days=2), timedelta(days=3)), True),
        (last(PassState.RUNNING, timedelta(hours=1)), True),
        (last(PassState.COMPLETE, timedelta(days=29), timedelta(days=29)), False),
        (last(PassState.COMPLETE, timedelta(days=30), timedelta(days=30)), True),
    ],
)
def test_a_server_verifies_when_it_is_due(last_pass: Pass | None, expected: bool) -> None:
    """A pass every 30 days, which is resumed each day until it is complete."""
    due = due_at(last_pass, timedelta(days=30), NOW)
    assert (due is not None and due <= NOW) is expected
