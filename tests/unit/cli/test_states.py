"""The states of jobs in the terminal, and the exit codes."""

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import FILM, LIST, Peers, stored
from ytarchive.jobs import JobProgress, JobResult, JobStatus, ResultStatus


@pytest.mark.parametrize(
    ("status", "progress", "shown"),
    [
        (JobStatus.COMPLETED, JobProgress(done=3, total=3, succeeded=3), "COMPLETED 3/3"),
        (
            JobStatus.COMPLETED,
            JobProgress(done=9, total=9, succeeded=6, failed=1, unavailable=2),
            "COMPLETED, 3 missing 9/9",
        ),
        (
            JobStatus.CANCELLED,
            JobProgress(done=3, total=2873, succeeded=3, cancelled=2870),
            "CANCELLED 3/2873",
        ),
        (JobStatus.FAILED, JobProgress(done=1, total=1, failed=1), "FAILED, 1 missing 1/1"),
        (JobStatus.PENDING, JobProgress(done=2, total=5, waiting_for="x"), "PENDING 2/5"),
    ],
)
def test_a_job_with_missing_videos_shows_their_number(
    cli: Cli, archive: Peers, status: JobStatus, progress: JobProgress, shown: str
) -> None:
    archive.jobs.listed = [archive.jobs.job("job-1", status, progress=progress)]
    assert f"job-1 {shown} " in " ".join(cli("jobs").out.split())


def gone(status: ResultStatus, *, before: bool) -> JobResult:
    return JobResult(
        video_id=LIST[:11], status=status, message="gone", error_code="E111", failed_before=before
    )


@pytest.mark.parametrize("status", [ResultStatus.FAILED, ResultStatus.UNAVAILABLE])
@pytest.mark.parametrize(("before", "code"), [(True, 0), (False, 1)])
def test_only_failures_that_are_new_to_the_plan_make_the_exit_status_1(
    cli: Cli, archive: Peers, status: ResultStatus, before: bool, code: int
) -> None:
    archive.jobs.results = [stored(FILM), gone(status, before=before)]
    archive.jobs.work_plan_id = None
    ran = cli("playlist", LIST)
    assert ran.code == code
    assert f"1 stored, 1 {status}." in ran.out
    assert "To retry the missing videos: `ytarchive jobs retry job-1`" in ran.out


def test_failures_beyond_the_shown_results_count_too(cli: Cli, archive: Peers) -> None:
    progress = JobProgress(done=3000, total=3000, succeeded=2998, unavailable=2, failed_before=1)
    archive.jobs.results = [stored(FILM)]
    archive.jobs.ended_progress = progress
    assert cli("playlist", LIST).code == 1
    archive.jobs.ended_progress = progress.model_copy(update={"failed_before": 2})
    assert cli("playlist", LIST).code == 0
