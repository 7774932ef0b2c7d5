"""The actions after failures."""

from datetime import timedelta

import pytest

from ytarchive.common.config import JobsConfig
from ytarchive.common.errors import (
    ApiFailure,
    ApiRateLimited,
    FileTooLarge,
    IntegrityFailure,
    InvalidConfiguration,
    NetworkFailure,
    NetworkTimeout,
    StorageProblem,
    ToolFailed,
    ToolMissing,
    UnknownFailure,
    YTArchiveError,
    error_classes,
)
from ytarchive.common.models import utc_now
from ytarchive.jobs.queue.policy import Action, decide

LONG_AGO = 1000
"""Attempts, far more than any job allows."""


@pytest.mark.parametrize(
    "error", [ToolMissing("no ffmpeg"), InvalidConfiguration("no CA file"), FileTooLarge("5 GiB")]
)
def test_failures_that_only_a_user_can_fix_are_not_retried(error: YTArchiveError) -> None:
    assert decide(error, 1, 3, JobsConfig()).action is Action.FAIL


@pytest.mark.parametrize("error", [ToolFailed("codec"), UnknownFailure("strange")])
def test_temporary_failures_are_retried_max_retries_times(error: YTArchiveError) -> None:
    assert decide(error, 3, 3, JobsConfig()).action is Action.RETRY
    assert decide(error, 4, 3, JobsConfig()).action is Action.FAIL


@pytest.mark.parametrize(("max_retries", "failures", "same_code", "expected"), [
    (100, 1, 1, Action.RETRY),
    (100, 2, 2, Action.FAIL),
    (100, 5, 1, Action.RETRY),
    (100, 6, 2, Action.FAIL),
    (0, 1, 1, Action.FAIL),
])  # fmt: skip
def test_integrity_failure_is_retried_once_whatever_the_job_allows(
    max_retries: int, failures: int, same_code: int, expected: Action
) -> None:
    error = IntegrityFailure("the file plays 4 of 60 seconds")
    assert (
        decide(error, failures, max_retries, JobsConfig(), same_code=same_code).action is expected
    )


@pytest.mark.parametrize(
    "error", [NetworkFailure(), NetworkTimeout(), ApiFailure(), ApiRateLimited()]
)
def test_an_outage_causes_growing_pauses_up_to_five_minutes(
    error: YTArchiveError,
) -> None:
    pauses = []
    for same_code in range(1, 12):
        decision = decide(error, LONG_AGO, 0, JobsConfig(), same_code=same_code)
        assert decision.action is Action.WAIT
        assert decision.until is not None
        pauses.append(decision.until - utc_now())

    assert pauses[0] < timedelta(seconds=10) < pauses[3] < pauses[5]
    assert pauses[-1] <= timedelta(minutes=5)


@pytest.mark.parametrize(
    "kind", [kind for kind in error_classes() if issubclass(kind, StorageProblem)]
)
def test_a_problem_of_the_disk_uses_no_attempt(kind: type[YTArchiveError]) -> None:
    assert decide(kind(), LONG_AGO, 0, JobsConfig()).action is Action.WAIT
