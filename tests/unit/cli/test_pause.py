"""`ytarchive pause`, `ytarchive resume`, and the pause in the output of `jobs`."""

from datetime import timedelta

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import Peers
from ytarchive.common.models import utc_now


def test_pause_and_resume_reach_the_governor(cli: Cli, archive: Peers) -> None:
    paused, resumed = cli("pause"), cli("resume")
    assert (paused.code, resumed.code) == (0, 0)
    assert archive.jobs.governor.calls == ["pause", "resume"]
    assert "until `ytarchive resume`" in paused.out
    assert "Work resumes" in resumed.out
    assert cli("pause", "--json").json["state"] == "closed"


@pytest.mark.parametrize(
    ("option", "value"), [("--for", "2h"), ("--until", "07:00"), ("--until", "2999-01-01 07:00")]
)
def test_a_pause_can_have_an_end_and_a_reason(
    cli: Cli, archive: Peers, option: str, value: str
) -> None:
    ran = cli("pause", option, value, "--reason", "backup")
    [request] = archive.jobs.governor.pauses
    assert ran.code == 0
    assert request.reason == "backup"
    assert request.until is not None
    local = request.until.astimezone()
    assert f"until {local:%Y-%m-%d %H:%M:%S}" in ran.out
    if option == "--for":
        assert timedelta(hours=1.9) < request.until - utc_now() <= timedelta(hours=2)
    else:
        assert (local.hour, local.minute) == (7, 0)
        assert request.until > utc_now()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--until", "25:00"], "neither a time of day"),
        (["--until", "soon"], "neither a time of day"),
        (["--for", "-1h"], "is not a time such as"),
        (["--for", "1h", "--until", "07:00"], "one of --for and --until"),
    ],
)
def test_an_end_that_is_no_time_is_refused(
    cli: Cli, archive: Peers, options: list[str], problem: str
) -> None:
    ran = cli("pause", *options)
    assert ran.code == 2
    assert problem in ran.err
    assert archive.jobs.governor.calls == []


def test_jobs_show_the_end_and_the_reason_of_a_pause(cli: Cli, archive: Peers) -> None:
    update = {"paused_at": utc_now(), "paused_until": utc_now(), "pause_reason": "a backup runs"}
    archive.jobs.governor.state = archive.jobs.governor.state.model_copy(update=update)
    shown = " ".join(cli("jobs").out.split())
    assert f"until {utc_now().astimezone():%Y-%m-%d}" in shown
    assert "(a backup runs)" in shown


def test_jobs_show_why_no_video_starts(cli: Cli, archive: Peers) -> None:
    why = "outside the download windows (01:00-07:00); the next one opens at 2026-11-29 01:00 UTC"
    update = {"waiting_reason": "outside_window", "waiting_for": why}
    archive.jobs.governor.state = archive.jobs.governor.state.model_copy(update=update)
    shown = " ".join(cli("jobs").out.split())
    assert "No video starts: outside the download windows (01:00-07:00)" in shown


def test_resume_during_a_block_reports_the_probe(cli: Cli, archive: Peers) -> None:
    update = {"state": "open", "reason": "bot_check", "message": "YouTube asks for a proof"}
    archive.jobs.governor.state = archive.jobs.governor.state.model_copy(update=update)
    assert "tests whether this is over: YouTube asks for a proof" in cli("resume").out


def test_jobs_show_a_pause_by_hand(cli: Cli, archive: Peers) -> None:
    update = {"paused_at": utc_now()}
    archive.jobs.governor.state = archive.jobs.governor.state.model_copy(update=update)
    assert "`ytarchive resume` ends the pause" in cli("jobs").out


def test_a_retry_that_ends_a_pause_reports_it_without_failures(cli: Cli, archive: Peers) -> None:
    update = {"videos": 0, "reasons": {}, "jobs": [], "resumed": True}
    archive.jobs.report = archive.jobs.report.model_copy(update=update)
    ran = cli("jobs", "retry", "--reason", "bot_check")
    assert ran.code == 0
    assert "The pause is ended" in ran.out
    counted = cli("jobs", "retry", "--reason", "bot_check", "--dry-run")
    assert "The pause would be ended" in counted.out
    assert "The pause is ended" not in counted.out
