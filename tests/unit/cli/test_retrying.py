"""Retries of many videos, and commands that end when all remaining videos have to wait."""

import json
from datetime import timedelta

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import FILM, LIST, Peers
from ytarchive.common.models import utc_now
from ytarchive.jobs import JobProgress, RetriedJob, RetryJobs, RetryWorkPlans


def held(reason: str, minutes: float | None) -> dict[str, JobProgress]:
    """A job with one video done and one that waits."""
    until = None if minutes is None else utc_now() + timedelta(minutes=minutes)
    waiting = {"waiting_for": f"because of {reason}", "waiting_reason": reason}
    return {"progress": JobProgress(done=1, total=2, waiting_until=until, **waiting)}


def test_a_dry_run_lists_the_reasons_and_changes_nothing(cli: Cli, archive: Peers) -> None:
    archive.jobs.report = archive.jobs.report.model_copy(update={"waiting_for": "a bot check"})
    ran = cli("jobs", "retry", "--reason", "private", "--dry-run")
    assert ran.code == 0
    assert archive.jobs.bulk == [RetryJobs(reason="private", dry_run=True)]
    assert "Would be retried: 3 videos of 1 job" in ran.out
    assert "private       2" in ran.out
    assert "They start later: a bot check" in ran.out
    assert cli("jobs", "retry", "--dry-run", "--json").json["reasons"] == {
        "private": 2,
        "network": 1,
    }


def test_a_retry_by_reason_follows_the_jobs(cli: Cli, archive: Peers) -> None:
    ran = cli("jobs", "retry", "--reason", "private")
    assert ran.code == 0
    assert "Queued again: 3 videos of 1 job" in ran.out
    assert "1 stored." in ran.out
    assert cli("jobs", "retry", "--reason", "private", "--json").json["id"] == "job-1"


def test_many_jobs_are_left_to_the_server(cli: Cli, server: Peers) -> None:
    jobs = [RetriedJob(job_id=f"job-{number}", videos=1) for number in range(30)]
    server.jobs.report = server.jobs.report.model_copy(update={"jobs": jobs})
    ran = cli("jobs", "retry", "--reason", "private")
    assert ran.code == 0
    assert "of 30 jobs" in ran.out
    assert "stored" not in ran.out


def test_a_retry_needs_a_job_or_a_reason(cli: Cli, archive: Peers) -> None:
    ran = cli("jobs", "retry")
    assert ran.code == 2
    assert "Give a JOB_ID, or --reason for all jobs." in ran.err
    assert archive.jobs.bulk == []


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        ([], RetryWorkPlans()),
        (["plan-1"], RetryWorkPlans(plan_id="plan-1")),
        (["plan-1", "--reason", "private"], RetryWorkPlans(plan_id="plan-1", reason="private")),
    ],
)
def test_work_plans_are_retried_as_asked(
    cli: Cli, archive: Peers, arguments: list[str], request_: RetryWorkPlans
) -> None:
    assert cli("workplan", "retry", *arguments).code == 0
    assert archive.jobs.bulk == [request_]


@pytest.mark.parametrize(
    ("reason", "minutes"), [("upcoming", 90.0), ("bot_check", 60.0), ("disk_full", None)]
)
def test_a_command_without_a_server_ends_when_all_remaining_videos_wait(
    cli: Cli, archive: Peers, reason: str, minutes: float | None
) -> None:
    archive.jobs.moments = [held(reason, minutes) for _ in range(10)]
    ran = cli("playlist", LIST)
    assert ran.code == 1
    assert f"1 of 2 done; the others wait: because of {reason}" in ran.out
    assert "`ytarchive serve` or `ytarchive jobs watch job-1`" in ran.out
    assert len(archive.jobs.moments) > 5


def test_json_output_has_the_waiting_job(cli: Cli, archive: Peers) -> None:
    archive.jobs.moments = [held("live", 30) for _ in range(3)]
    ran = cli("download", FILM, "--json")
    assert ran.code == 1
    assert json.loads(ran.out)["progress"]["waiting_reason"] == "live"


@pytest.mark.parametrize(
    ("reason", "minutes"), [("pace", None), ("network", 0.5), ("probing", None)]
)
def test_a_command_waits_during_short_pauses(
    cli: Cli, archive: Peers, reason: str, minutes: float | None
) -> None:
    archive.jobs.moments = [held(reason, minutes)]
    ran = cli("playlist", LIST)
    assert ran.code == 0
    assert "1 stored." in ran.out


def test_with_a_server_the_command_waits_for_as_long_as_it_takes(cli: Cli, server: Peers) -> None:
    server.jobs.moments = [held("upcoming", 90)]
    assert cli("playlist", LIST).code == 0
