"""The expected end of a job: from measured speed, never faster than the pace allows."""

import pytest

from ytarchive.download import DownloadPhase
from ytarchive.jobs.governor.models import GovernorState
from ytarchive.jobs.processing.progress import Estimate, time_of_pace
from ytarchive.jobs.queue.models import JobProgress, JobType, VideoProgress


def progress(done: int = 0, total: int = 100, percent: float | None = None) -> JobProgress:
    active = [] if percent is None else [
        VideoProgress(
            video_id="dQw4w9WgXcQ", phase=DownloadPhase.VIDEO, progress_percent=percent,
            downloaded_bytes=1, total_bytes=2, speed=1,
        )
    ]  # fmt: skip
    return JobProgress(done=done, succeeded=done, total=total, active=active)


def governor(pace: str = "polite", ready: int = 80) -> GovernorState:
    return GovernorState(state="closed", pace=pace, videos_per_hour=180, ready_videos=ready)


def test_the_time_left_follows_the_speed_so_far() -> None:
    estimate = Estimate()
    assert estimate.seconds_left(0, progress(0), 0) is None
    assert estimate.seconds_left(100, progress(10), 0) == 900
    assert estimate.seconds_left(200, progress(50), 0) == 200


def test_one_long_video_is_estimated_by_its_fetched_part() -> None:
    estimate = Estimate()
    estimate.seconds_left(0, progress(total=1, percent=0), 0)
    assert estimate.seconds_left(600, progress(total=1, percent=25), 0) == 1800


def test_work_before_a_restart_does_not_count_for_the_speed() -> None:
    estimate = Estimate()
    assert estimate.seconds_left(0, progress(90), 0) is None
    assert estimate.seconds_left(60, progress(91), 0) == 540


def test_skipped_videos_do_not_count_for_the_speed() -> None:
    estimate = Estimate()
    estimate.seconds_left(0, progress(0), 0)
    skipped = progress(51).model_copy(update={"skipped": 50, "succeeded": 1})
    assert estimate.seconds_left(10, skipped, 0) == 490


def test_an_old_speed_is_forgotten() -> None:
    estimate = Estimate()
    for minute in range(120):
        done = minute * 10 if minute < 60 else 600 + minute - 60
        left = estimate.seconds_left(minute * 60, progress(done, total=1000), 0)
    assert left == (1000 - 659) * 60


@pytest.mark.parametrize(("pace", "ready", "seconds"), [("polite", 80, 400), ("off", 80, 0)])
def test_no_estimate_is_faster_than_the_pace(pace: str, ready: int, seconds: int) -> None:
    now = progress(0, total=100)
    slowest = time_of_pace(now, JobType.PLAYLIST_DOWNLOAD, governor(pace, ready))
    assert slowest == seconds
    estimate = Estimate()
    assert estimate.seconds_left(0, now, slowest) == (seconds or None)
    assert estimate.seconds_left(10, progress(50), slowest) == max(seconds, 10)


def test_metadata_only_jobs_are_not_estimated_by_the_pace() -> None:
    assert time_of_pace(progress(total=10_000), JobType.METADATA_ONLY, governor()) == 0
