"""`make demo` works without internet, and downloads nothing the second time."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.markdown import ROOT


def demo(folder: Path) -> str:
    """Run it as on a fresh clone; its output."""
    kept = {n: v for n, v in os.environ.items() if not re.match("YTARCHIVE_|YOUTUBE_", n)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        check=False,
        cwd=folder,
        env=kept | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_archives_a_playlist_and_the_second_time_downloads_nothing(tmp_path: Path) -> None:
    first = demo(tmp_path)
    media = {path: path.stat().st_mtime_ns for path in tmp_path.glob("demo/videos/*/*.mp4")}
    assert len(media) == 5
    assert "checksums.sha256" in first
    assert "Nothing was to be downloaded" not in first
    assert "Nothing was to be downloaded" in demo(tmp_path)
    assert media == {path: path.stat().st_mtime_ns for path in media}
