"""The external programs: the paths of ffmpeg and a JavaScript runtime, and the age of yt-dlp.

yt-dlp is never imported here; its version comes from the installed package's metadata.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic

import deno
from pydantic import Field

from ytarchive.common.models import Model
from ytarchive.common.telemetry import YT_DLP_AGE
from ytarchive.media import ffmpeg_path

_OLDEST = {"deno": (2, 3), "node": (22,)}
"""The lowest versions that yt-dlp supports."""


class Tool(Model):
    """A program and the version that it reports."""

    name: str
    path: str | None = Field(default=None, description="null if it was not found")
    version: str | None = None


class ToolReport(Model):
    """The report about the tools for `ytarchive doctor`."""

    yt_dlp: Tool
    yt_dlp_age_days: int | None = Field(default=None, description="Since its release")
    ffmpeg: Tool
    javascript: Tool


class KnownTools:
    """The available tools, searched once a minute, because health checks are frequent.

    yt-dlp works on many videos without a JavaScript runtime, but not on all.
    """

    def __init__(self, max_age: float) -> None:
        """`max_age`: days after which yt-dlp is old."""
        self._max_age = max_age
        self._found: dict[str, bool] = {}
        self._looked_at = 0.0

    def found(self) -> dict[str, bool]:
        """Return the availability of the tools, and whether yt-dlp is recent."""
        now = monotonic()
        if not self._found or now - self._looked_at > 60:
            self._looked_at = now
            version = yt_dlp_version()
            age = (version and _age(version)) or 0
            YT_DLP_AGE.set(age)
            self._found = {
                "yt_dlp": version is not None,
                "yt_dlp_is_recent": age <= self._max_age,
                "ffmpeg": ffmpeg_path() is not None,
                "javascript": javascript_runtime() is not None,
            }
        return self._found


def tool_report() -> ToolReport:
    """Inspect every tool. This is slow: each program is run to print its version."""
    version = yt_dlp_version()
    ffmpeg = ffmpeg_path()
    runtime = javascript_runtime()
    return ToolReport(
        yt_dlp=Tool(name="yt-dlp", path=_yt_dlp_folder(), version=version),
        yt_dlp_age_days=_age(version) if version else None,
        ffmpeg=Tool(name="ffmpeg", path=ffmpeg, version=_version_of(ffmpeg, "-version")),
        javascript=Tool(
            name=runtime[0] if runtime else "deno",
            path=runtime[1] if runtime else None,
            version=_version_of(runtime[1], "--version") if runtime else None,
        ),
    )


def yt_dlp_version() -> str | None:
    """Return the version of the installed yt-dlp, or None."""
    try:
        return importlib.metadata.version("yt-dlp")
    except importlib.metadata.PackageNotFoundError:
        return None


def yt_dlp_fingerprint() -> tuple[str, int, int] | None:
    """Return a value that changes with the installed yt-dlp; None without yt-dlp.

    One `stat` call.
    """
    folder = _yt_dlp_folder()
    try:
        found = (Path(folder) / "version.py").stat() if folder else None
    except OSError:
        return None
    return (str(folder), found.st_mtime_ns, found.st_ino) if found else None


def javascript_runtime() -> tuple[str, str] | None:
    """Return name and path of a runtime for yt-dlp: deno, or a recent Node.js."""
    bundled = _bundled_deno()
    if bundled:
        return "deno", bundled
    for name, oldest in _OLDEST.items():
        path = shutil.which(name)
        if path and _numbers(_version_of(path, "--version")) >= oldest:
            return name, path
    return None


def _bundled_deno() -> str | None:
    try:
        path = deno.find_deno_bin()
    except OSError:
        return None
    return str(path) if os.access(path, os.X_OK) else None


def _yt_dlp_folder() -> str | None:
    importlib.invalidate_caches()
    found = importlib.util.find_spec("yt_dlp")
    return str(Path(found.origin).parent) if found and found.origin else None


def _age(version: str) -> int | None:
    """Return the days since the release of a version such as 2026.8.19."""
    numbers = [int(part) for part in version.split(".")[:3] if part.isdecimal()]
    try:
        released = date(*numbers)
    except (TypeError, ValueError):
        return None
    return max((datetime.now(UTC).date() - released).days, 0)


def _version_of(path: str | None, question: str) -> str | None:
    if path is None:
        return None
    try:
        answer = subprocess.run(  # noqa: S603  # our own tool, found above, and a fixed argument
            [path, question], capture_output=True, text=True, timeout=10,
            check=True, stdin=subprocess.DEVNULL,
        ).stdout  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\d+(?:\.\d+)+", answer)
    return found.group() if found else None


def _numbers(version: str | None) -> tuple[int, ...]:
    return tuple(int(part) for part in (version or "0").split("."))
