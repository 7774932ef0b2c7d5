"""Finds ffmpeg, and returns its output about a file."""

import shutil
import subprocess
from pathlib import Path

FILES_ALONE = ("-protocol_whitelist", "file,pipe")
"""Precedes each input, because data from the network may look like a list of URLs to open."""


def ffmpeg_path() -> str | None:
    """Return the system's ffmpeg, otherwise the installed package's, or None."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    import imageio_ffmpeg  # noqa: PLC0415  # 25 ms of start-up that most commands do not need

    try:
        # With IMAGEIO_FFMPEG_EXE it returns that path, even if it does not exist.
        return shutil.which(str(imageio_ffmpeg.get_ffmpeg_exe()))
    except RuntimeError:
        return None


def printed_by_ffmpeg(ffmpeg: str, path: Path, *output: str, timeout: float, check: bool) -> str:
    """Return what ffmpeg prints while it reads a file. Raises SubprocessError, or OSError."""
    command = [ffmpeg, "-hide_banner", "-nostdin", *FILES_ALONE]
    return subprocess.run(  # noqa: S603  # our own ffmpeg with fixed arguments
        [*command, "-i", f"file:{path}", *output],
        capture_output=True, text=True, check=check, errors="replace", timeout=timeout,
    ).stderr  # fmt: skip
