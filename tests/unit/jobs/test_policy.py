"""What follows from a failure."""

import pytest

from ytarchive.common.config import JobsConfig
from ytarchive.common.errors import (
    IntegrityFailure,
    InvalidConfiguration,
    NetworkFailure,
    ToolMissing,
    UnknownFailure,
    YTArchiveError,
)
from ytarchive.jobs.policy import Action, decide


@pytest.mark.parametrize("error", [ToolMissing("no ffmpeg"), InvalidConfiguration("no CA file")])
def test_what_is_missing_on_this_machine_is_not_tried_again(error: YTArchiveError) -> None:
    assert decide(error, 1, 3, JobsConfig()).action is Action.FAIL


@pytest.mark.parametrize("error", [NetworkFailure("reset"), UnknownFailure("strange")])
def test_what_may_pass_is_tried_again_so_often_and_no_more(error: YTArchiveError) -> None:
    assert decide(error, 3, 3, JobsConfig()).action is Action.RETRY
    assert decide(error, 4, 3, JobsConfig()).action is Action.FAIL


@pytest.mark.parametrize(("max_retries", "failures", "alike", "expected"), [
    (100, 1, 1, Action.RETRY),
    (100, 2, 2, Action.FAIL),
    (100, 5, 1, Action.RETRY),
    (100, 6, 2, Action.FAIL),
    (0, 1, 1, Action.FAIL),
])  # fmt: skip
def test_integrity_failure_is_retried_once_whatever_the_job_allows(
    max_retries: int, failures: int, alike: int, expected: Action
) -> None:
    error = IntegrityFailure("the file plays 4 of 60 seconds")
    assert decide(error, failures, max_retries, JobsConfig(), alike=alike).action is expected
