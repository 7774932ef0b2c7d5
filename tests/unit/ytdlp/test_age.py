"""The age of yt-dlp in the health answer of Download and in the metrics."""

from datetime import UTC, datetime, timedelta

import pytest

from ytarchive.common.telemetry import REGISTRY
from ytarchive.ytdlp import KnownTools, tools


@pytest.mark.parametrize(("days", "is_recent"), [(0, True), (60, True), (61, False)])
def test_an_old_yt_dlp_is_reported(
    days: int, is_recent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = datetime.now(UTC) - timedelta(days=days)
    version = f"{released.year}.{released.month}.{released.day}"
    monkeypatch.setattr(tools, "yt_dlp_version", lambda: version)
    found = KnownTools(60).found()
    assert (found["yt_dlp"], found["yt_dlp_is_recent"]) == (True, is_recent)
    assert REGISTRY.get_sample_value("ytarchive_yt_dlp_age_days") == days
