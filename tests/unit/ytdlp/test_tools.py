"""The paths of the programs that yt-dlp needs."""

from pathlib import Path

import pytest

from ytarchive.media import ffmpeg_path
from ytarchive.ytdlp import tools


@pytest.fixture(autouse=True)
def no_system_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def test_without_a_system_ffmpeg_the_packaged_one_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("IMAGEIO_FFMPEG_EXE", raising=False)
    assert ffmpeg_path() is not None


def test_a_configured_ffmpeg_that_does_not_exist_counts_as_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "ffmpeg"))
    assert ffmpeg_path() is None


@pytest.mark.parametrize(
    ("program", "version", "is_used"),
    [
        ("deno", "deno 2.3.0 (stable)", True),
        ("deno", "deno 2.2.9 (stable)", False),
        ("deno", "deno 10.0.1", True),
        ("node", "v22.0.0", True),
        ("node", "v21.7.3", False),
        ("node", "no version", False),
    ],
)
def test_a_system_runtime_is_used_from_the_version_that_yt_dlp_supports(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, version: str, is_used: bool
) -> None:
    monkeypatch.setattr(tools, "_bundled_deno", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / program
    file.write_text(f"#!/bin/sh\necho '{version}'\n")
    file.chmod(0o755)
    assert tools.javascript_runtime() == ((program, str(file)) if is_used else None)
