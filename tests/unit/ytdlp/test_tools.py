"""Where the programs are that yt-dlp needs."""

from pathlib import Path

import pytest

from ytarchive.ytdlp import ffmpeg_path


@pytest.fixture(autouse=True)
def no_system_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def test_without_a_system_ffmpeg_the_one_that_came_with_us_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("IMAGEIO_FFMPEG_EXE", raising=False)
    assert ffmpeg_path() is not None


def test_an_ffmpeg_that_is_named_but_not_there_counts_as_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "ffmpeg"))
    assert ffmpeg_path() is None
