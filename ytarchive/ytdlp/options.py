"""Converts typed settings to yt-dlp's options, by an allow-list.

Text from callers never becomes an option. Options that run programs or contact other hosts are
never set: exec, external downloaders, netrc commands, browsers' cookies, plug-in folders,
configuration files, other extractors than YouTube's.
"""

import io
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field

from ytarchive.common.media_formats import Container
from ytarchive.common.models import Model
from ytarchive.common.regular import read_regular
from ytarchive.media import FILES_ALONE, SoundTrack, sound_arguments

# To merge, ffmpeg only needs the headers of the picture, which is the first input: by default it
# decodes the first picture as well. The merged MP4 is the same, byte for byte.
_HEADERS_ALONE = ["-skip_frame", "all"]
_FFMPEG_STEPS = (
    "merger",
    "fixupm4a",
    "fixupm3u8",
    "fixupstretched",
    "fixuptimestamp",
    "fixupduration",
    "fixupduplicatemoov",
)


class Hooks(Protocol):
    """Receives yt-dlp's progress."""

    def progress(self, status: dict[str, Any]) -> None:
        """Handle the progress of a transfer."""
        ...

    def postprocessor(self, status: dict[str, Any]) -> None:
        """Handle the start or end of ffmpeg."""
        ...


class WorkerConfig(Model):
    """The configuration of all workers of an archive: network, tools and folders."""

    info_dir: Path = Field(description="Receives `<id>.info.json` of each extraction")
    cache_dir: Path = Field(description="yt-dlp's cache")
    ffmpeg: str | None = None
    javascript: tuple[str, str] | None = Field(default=None, description="Name and path")
    proxy: str | None = None
    ca_bundle: Path | None = Field(
        default=None, description="All trusted certificate authorities, as PEM"
    )
    cookies_file: Path | None = None
    timeout: float = Field(default=20, description="Maximum seconds without data on a connection")
    min_free: int = Field(default=0, description="Bytes of free disk space that downloads keep")
    side_file_timeout: float = Field(default=30, description="Seconds for each side file")
    rate_limit: int | None = Field(default=None, description="Bytes per second, for each video")
    sleep_requests: float = Field(default=0, description="Seconds between two requests")
    extractor_args: dict[str, dict[str, list[str]]] = Field(
        default={}, description="In yt-dlp's form: extractor -> name -> values"
    )
    plugins: bool = False
    plugin_server: str | None = Field(default=None, description="A URL that plugins may request")
    memory: int = Field(default=2**30, description="Memory in bytes at which a worker ends at once")

    def environment(self) -> dict[str, str]:
        """Return the environment variables of the workers, which OpenSSL and yt-dlp read."""
        authorities = {"SSL_CERT_FILE": str(self.ca_bundle)} if self.ca_bundle else {}
        return authorities | ({} if self.plugins else {"YTDLP_NO_PLUGINS": "1"})


def worker_options(worker_config: WorkerConfig, logger: Any, hooks: Hooks) -> dict[str, Any]:
    """Return all options of a worker's yt-dlp. `logger` receives its messages and warnings.

    `ignoreerrors` is not set, because it would hide the exceptions that the classifier needs. Files
    are named by id and formats: a title is never part of a path, and partial files of another
    quality cannot be confused with the requested file.
    """
    options: dict[str, Any] = {
        "quiet": True,
        "noprogress": True,
        "color": "never",
        "logger": logger,
        "allowed_extractors": ["youtube.*"],
        "enable_file_urls": False,
        "noplaylist": True,
        "socket_timeout": worker_config.timeout,
        # Jobs handles retries: yt-dlp retries only errors that end within seconds.
        "retries": 3,
        "fragment_retries": 3,
        "skip_unavailable_fragments": False,  # a missing fragment is an error
        "extractor_retries": 1,
        "file_access_retries": 1,
        "cachedir": str(worker_config.cache_dir),
        "outtmpl": {"default": "%(id)s.%(format_id)s.%(ext)s"},
        "continuedl": True,
        "updatetime": False,
        # Small blocks of fixed size: a kill loses one block, and a slow transfer shows progress.
        "buffersize": 64 * 1024,
        "noresizebuffer": True,
        "postprocessor_args": merge_arguments([]),
        "progress_hooks": [hooks.progress],
        "postprocessor_hooks": [hooks.postprocessor],
    }
    return options | _given(worker_config)


def _given(worker_config: WorkerConfig) -> dict[str, Any]:
    """Return the options that depend on settings; without a setting yt-dlp's default applies."""
    cookies, runtime = worker_config.cookies_file, worker_config.javascript
    options = {
        "proxy": worker_config.proxy,
        "compat_opts": {"no-certifi"} if worker_config.ca_bundle else None,
        "js_runtimes": {runtime[0]: {"path": runtime[1]}} if runtime else None,
        "cookiefile": private_cookies(cookies) if cookies else None,
        "ffmpeg_location": worker_config.ffmpeg,
        "ratelimit": worker_config.rate_limit,
        "sleep_interval_requests": worker_config.sleep_requests,
        "extractor_args": worker_config.extractor_args,
    }
    return {name: value for name, value in options.items() if value}


_MERGED = {Container.MP4: "mp4", Container.MKV: "mkv", Container.WEBM: "webm/mkv"}
"""The containers in which streams may be merged, the preferred one first."""


def order_options(
    folder: Path, container: Container | None = None, *, all_audio_tracks: bool = False
) -> dict[str, Any]:
    """Return the options of a single download, except the formats (`choice.py`)."""
    merged = _MERGED[container or Container.MP4]
    return {
        "paths": {"home": str(folder)},
        "merge_output_format": "mkv" if all_audio_tracks else merged,
        "allow_multiple_audio_streams": all_audio_tracks,
    }


def merge_arguments(sounds: list[SoundTrack]) -> dict[str, list[str]]:
    """Return ffmpeg's arguments. `sounds`: the names of the sound tracks in a merged file."""
    return {
        **{f"{name}+ffmpeg_i": [*FILES_ALONE] for name in _FFMPEG_STEPS},
        "merger+ffmpeg_i1": [*FILES_ALONE, *_HEADERS_ALONE],
        **({"merger+ffmpeg_o": sound_arguments(sounds)} if sounds else {}),
    }


def private_cookies(path: Path) -> io.StringIO:
    """Return the cookies in memory; yt-dlp would rewrite the user's file.

    Raises OSError.
    """
    content = read_regular(path, follow_links=True).decode("utf-8", "replace")
    return io.StringIO(content, newline=None)
