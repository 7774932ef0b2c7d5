"""Jobs and work plans by the beginning of their ids, or `last`, in every command that takes one."""

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import LIST, Peers
from ytarchive.common.models import utc_now
from ytarchive.jobs import JobStatus, RetryJobs, RetryWorkPlans
from ytarchive.storage import UnavailableVideo, WorkPlan

JOBS = [f"job-01a20611-{tail}" for tail in ("7cb1", "7cb2", "9f00")]
PLANS = [f"01b30611-{tail}-72da-b4ec-06be5ee0be8f" for tail in ("aaaa", "aabb", "cccc")]


@pytest.fixture
def known(archive: Peers) -> Peers:
    """Three jobs, the newest first; the second newest has a work plan."""
    archive.jobs.listed = [
        archive.jobs.job(each, JobStatus.PENDING, work_plan_id=plan)
        for each, plan in zip(reversed(JOBS), (None, PLANS[1], PLANS[0]), strict=True)
    ]
    private = UnavailableVideo(video_id="dQw4w9WgXcQ", reason="private")
    archive.storage.plans = [
        WorkPlan(
            id=each, created_at=utc_now(), updated_at=utc_now(), unavailable_videos=[private],
            failed_downloads=[], total_videos=1, successful_videos=0, playlist_id=LIST,
        )
        for each in PLANS
    ]  # fmt: skip
    return archive


@pytest.mark.parametrize("command", ["show", "watch", "cancel", "retry"])
@pytest.mark.parametrize(
    ("given", "meant"), [("last", JOBS[2]), ("job-01a20611-9", JOBS[2]), (JOBS[0], JOBS[0])]
)
def test_a_job_is_meant_by_its_beginning_or_as_the_last(
    cli: Cli, known: Peers, command: str, given: str, meant: str
) -> None:
    ran = cli("jobs", command, given, "--json")
    assert ran.code == 0, ran
    assert meant in ran.out.splitlines()[-1] + ran.out
    if command == "retry":
        assert known.jobs.retried == [meant]
        cli("jobs", "retry", given, "--reason", "private")
        assert known.jobs.bulk == [RetryJobs(job_id=meant, reason="private")]


@pytest.mark.parametrize("command", ["show", "watch", "cancel", "retry"])
def test_the_beginning_of_several_jobs_is_refused_with_their_ids(
    cli: Cli, known: Peers, command: str
) -> None:
    ran = cli("jobs", command, "job-01a20611-7")
    assert ran.code == 2
    assert JOBS[0] in ran.err
    assert JOBS[1] in ran.err


@pytest.mark.parametrize(("given", "meant"), [("last", PLANS[1]), ("01b30611-c", PLANS[2])])
def test_a_work_plan_is_meant_by_its_beginning_or_as_the_last(
    cli: Cli, known: Peers, given: str, meant: str
) -> None:
    assert cli("workplan", "show", given, "--json").json["id"] == meant
    cli("workplan", "retry", given)
    assert known.jobs.bulk == [RetryWorkPlans(plan_id=meant)]
    assert PLANS[0] in cli("workplan", "show", "01b30611-aa").err


@pytest.mark.parametrize("line", [("jobs", "show"), ("jobs", "cancel"), ("workplan", "show")])
def test_unknown_beginnings_and_last_without_any_are_refused(
    cli: Cli, archive: Peers, line: tuple[str, str]
) -> None:
    for given in ("01ffffff", "last"):
        ran = cli(*line, given)
        assert ran.code == 1
        assert "there is no" in ran.err


@pytest.mark.parametrize("given", [(), ("job-1", "--all"), ("--dry-run",), ("job-1", "--dry-run")])
def test_cancel_needs_either_a_job_or_a_choice_of_many(
    cli: Cli, archive: Peers, given: tuple[str, ...]
) -> None:
    ran = cli("jobs", "cancel", *given)
    assert ran.code == 2
    assert "--all" in ran.err


def test_all_open_jobs_or_the_old_ones_are_cancelled(cli: Cli, archive: Peers) -> None:
    made = archive.jobs.job
    archive.jobs.listed = [
        made("job-4", JobStatus.PENDING, created_at=utc_now()),
        made("job-3", JobStatus.RUNNING),
        made("job-2", JobStatus.COMPLETED),
        made("job-1", JobStatus.PENDING),
    ]
    counted = cli("jobs", "cancel", "--older-than", "30s", "--dry-run", "--json").json
    assert counted == {"dry_run": True, "jobs": ["job-3", "job-1"]}
    assert archive.jobs.cancelled == []
    ran = cli("jobs", "cancel", "--older-than", "30s")
    assert ran.out.splitlines() == ["job-3", "job-1", "2 jobs cancelled"]
    assert sorted(archive.jobs.cancelled) == ["job-1", "job-3"]
    assert cli("jobs", "cancel", "--all", "--json").json["jobs"] == ["job-4", "job-3", "job-1"]
