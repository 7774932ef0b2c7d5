"""What follows from a failure."""

import pytest

from ytarchive.common.config import JobsConfig
from ytarchive.common.errors import (
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
