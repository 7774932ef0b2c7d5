"""The terminal shows times of this machine, or UTC with `--utc`; JSON is always UTC."""

import os
import re
import time
from collections.abc import Iterator

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import NOON, Peers
from ytarchive.cli.times import local_times
from ytarchive.common.errors import QuotaExceeded
from ytarchive.jobs import GovernorState, JobProgress, JobStatus

ZONES = {"Asia/Kathmandu": "17:45", "America/Los_Angeles": "04:00", "UTC": "12:00"}
"""A zone, and what its clocks show at `NOON`."""

WAITING = "YouTube asks for a proof; next attempt at 2026-11-20 12:00 UTC"


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    os.environ.pop("TZ", None)
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


LINES = [("jobs", "list"), ("jobs", "show", "job-1")]


@pytest.fixture
def waiting(archive: Peers) -> Peers:
    """A job that waits, and a pause, with a moment in each message."""
    progress = JobProgress(
        total=2, waiting_for=WAITING, waiting_reason="bot_check", waiting_until=NOON
    )
    archive.jobs.listed = [archive.jobs.job("job-1", JobStatus.PENDING, progress=progress)]
    archive.jobs.moments = [{"progress": progress}] * 9
    archive.jobs.governor.state = GovernorState(
        state="open", message=WAITING, pace="polite", videos_per_hour=1, ready_videos=0,
        next_probe_at=NOON,
    )  # fmt: skip
    return archive


@pytest.mark.parametrize("line", LINES)
def test_every_time_is_local_or_with_utc_in_utc(
    cli: Cli, waiting: Peers, zone: str, line: tuple[str, ...]
) -> None:
    shown = cli(*line)
    found = set(re.findall(r"\b\d\d:\d\d\b", shown.out))
    assert found == {ZONES[zone]}, shown.out
    assert set(re.findall(r"\b\d\d:\d\d\b", cli(*line, "--utc").out)) == {"12:00"}


@pytest.mark.parametrize("line", LINES)
def test_json_stays_utc_in_every_zone(
    cli: Cli, waiting: Peers, zone: str, line: tuple[str, ...]
) -> None:
    out = cli(*line, "--json").out
    assert "2026-11-20T12:00:00Z" in out
    assert WAITING in out
    assert ZONES[zone] == "12:00" or ZONES[zone] not in out


def test_an_error_names_its_moment_in_local_time(cli: Cli, archive: Peers, zone: str) -> None:
    def refuse() -> None:
        raise QuotaExceeded("used up; it is reset at 2026-11-20 12:00 UTC")

    archive.jobs.when_looked_at = refuse
    assert f"reset at 2026-11-20 {ZONES[zone]}." in cli("jobs", "show", "job-1").err
    assert "12:00 UTC" in cli("--json", "jobs", "show", "job-1").out


@pytest.mark.parametrize(
    ("message", "in_kathmandu"),
    [
        ("at 2026-11-20 23:00 UTC (1 more)", "at 2026-11-21 04:45 (1 more)"),
        ("at 2026-11-20T23:00:05Z.", "at 2026-11-21 04:45:05."),
        ("at 2026-11-20T23:00:05.123456+00:00", "at 2026-11-21 04:45:05"),
        ("at 2026-99-20 23:00 UTC", "at 2026-99-20 23:00 UTC"),
        ("a film of 2026-11-20 23:00", "a film of 2026-11-20 23:00"),
    ],
)
def test_moments_in_messages_are_converted_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, message: str, in_kathmandu: str
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        assert local_times(message).startswith(in_kathmandu)
    finally:
        monkeypatch.undo()
        time.tzset()
