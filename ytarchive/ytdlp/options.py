"""From our typed settings to yt-dlp's options: an allow-list, and the only place that makes them.

Nothing a caller sends becomes an option by name. What can run programs or reach elsewhere is never
set: exec, external downloaders, netrc commands, browsers' cookies, plug-in folders from callers,
configuration files, other extractors than YouTube's.
"""

import io
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field

from ytarchive.common.models import Model
from ytarchive.common.quality import Quality


class Hooks(Protocol):
    """Where yt-dlp reports how far it is."""

    def progress(self, status: dict[str, Any]) -> None:
        """A transfer moved on."""
        ...

    def postprocessor(self, status: dict[str, Any]) -> None:
        """Ffmpeg was started or has ended."""
        ...


class Equipment(Model):
    """What every worker of one archive has: the way to YouTube, tools and folders."""

    info_dir: Path = Field(description="Receives `<id>.info.json` of each extraction")
    cache_dir: Path = Field(description="yt-dlp's cache")
    ffmpeg: str | None = None
    javascript: tuple[str, str] | None = Field(default=None, description="Name and path")
    proxy: str | None = None
    ca_bundle: Path | None = Field(default=None, description="Every authority to trust, as PEM")
    cookies_file: Path | None = None
    timeout: float = Field(default=20, description="Seconds a connection may be silent")
    rate_limit: int | None = Field(default=None, description="Bytes a second, for each video")

    def environment(self) -> dict[str, str]:
        """What OpenSSL must find in the environment of the workers."""
        return {"SSL_CERT_FILE": str(self.ca_bundle)} if self.ca_bundle else {}


def worker_options(equipment: Equipment, logger: Any, hooks: Hooks) -> dict[str, Any]:
    """Everything that a worker's yt-dlp is told. `logger` receives its messages and warnings.

    `ignoreerrors` stays unset: it would hide the exceptions that the classifier reads.
    Files are named by id and formats: a title never touches a path, and the remains of a try at
    another quality cannot be taken for the file that is wanted now.
    """
    options: dict[str, Any] = {
        "quiet": True,
        "noprogress": True,
        "color": "never",
        "logger": logger,
        "allowed_extractors": ["youtube.*"],
        "enable_file_urls": False,
        "noplaylist": True,
        "socket_timeout": equipment.timeout,
        # The patience is ours: yt-dlp repeats only what a moment mends.
        "retries": 3,
        "fragment_retries": 3,
        "extractor_retries": 1,
        "file_access_retries": 1,
        "cachedir": str(equipment.cache_dir),
        "outtmpl": {"default": "%(id)s.%(format_id)s.%(ext)s"},
        "merge_output_format": "mp4",
        "continuedl": True,
        "updatetime": False,
        # Small blocks of one size: a kill loses one of them, and a slow transfer shows progress.
        "buffersize": 64 * 1024,
        "noresizebuffer": True,
        "progress_hooks": [hooks.progress],
        "postprocessor_hooks": [hooks.postprocessor],
    }
    return options | _given(equipment)


def _given(equipment: Equipment) -> dict[str, Any]:
    """The options that depend on settings; what is not set keeps yt-dlp's default."""
    options: dict[str, Any] = {}
    if equipment.proxy:
        options["proxy"] = equipment.proxy
    if equipment.ca_bundle:
        options["compat_opts"] = {"no-certifi"}
    if equipment.javascript:
        name, path = equipment.javascript
        options["js_runtimes"] = {name: {"path": path}}
    if equipment.cookies_file:
        options["cookiefile"] = private_cookies(equipment.cookies_file)
    if equipment.ffmpeg:
        options["ffmpeg_location"] = equipment.ffmpeg
    if equipment.rate_limit:
        options["ratelimit"] = equipment.rate_limit
    return options


def order_options(quality: Quality, folder: Path) -> dict[str, Any]:
    """What differs from one download to the next."""
    return {
        "format": format_choice(quality),
        "format_sort": format_order(quality),
        "paths": {"home": str(folder)},
    }


def private_cookies(path: Path) -> io.StringIO:
    """The cookies in memory: yt-dlp rewrites what it is given, so it never gets the user's file.

    Raises OSError.
    """
    return io.StringIO(path.read_text("utf-8", errors="replace"))


def format_choice(quality: Quality) -> str:
    """Which streams are taken; their order is `format_order`'s."""
    return "ba/b" if quality is Quality.AUDIO else "bv*+ba/b"


def format_order(quality: Quality) -> list[str]:
    """The picture nearest below the wanted one, then motion, then what plays everywhere.

    `res` is the shorter side, so a vertical video counts as people expect.
    """
    largest = f"res:{quality.height}" if quality.height else "res"
    return [largest, "fps", "ext:mp4:m4a"]
