"""From the settings and what is installed to what every worker gets."""

import contextlib
import os
import ssl
import time
from pathlib import Path

import certifi

from ytarchive.common.config import Settings
from ytarchive.common.errors import CookiesInvalid, InvalidConfiguration, NotWritable
from ytarchive.ytdlp.options import Equipment
from ytarchive.ytdlp.tools import ffmpeg_path, javascript_runtime, yt_dlp_fingerprint

_INFO_SECONDS = 3600

Fingerprint = tuple[object, ...]


def prepare(settings: Settings) -> Equipment:
    """Find the tools and make the folders. Blocks for some milliseconds.

    Raises NotWritable, CookiesInvalid or InvalidConfiguration.
    """
    cache = settings.storage.state_path / "cache"
    info = settings.storage.staging_path / "info"
    for folder in (cache, info):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NotWritable(f"{folder} cannot be made: {error.strerror}") from error
    forget_old_info(info)
    network = settings.network
    return Equipment(
        info_dir=info,
        cache_dir=cache / "yt-dlp",
        ffmpeg=ffmpeg_path(),
        javascript=javascript_runtime(),
        proxy=network.proxy,
        ca_bundle=_bundle(network.ca_file, cache) if network.ca_file else None,
        cookies_file=_readable_cookies(network.cookies_file),
        timeout=network.timeout,
        rate_limit=settings.download.rate_limit,
    )


def fingerprint(settings: Settings) -> Fingerprint:
    """Changes with the installed yt-dlp and the cookies: then workers must start afresh."""
    cookies = settings.network.cookies_file
    changed = None
    if cookies:
        with contextlib.suppress(OSError):
            changed = cookies.stat().st_mtime_ns
    return (yt_dlp_fingerprint(), changed)


def forget_old_info(folder: Path) -> None:
    """Delete extractions that are too old for a download to continue from."""
    oldest = time.time() - _INFO_SECONDS
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()


def _bundle(ca_file: Path, folder: Path) -> Path:
    """The authorities that are trusted anyway and the configured ones, in one file."""
    try:
        ssl.create_default_context(cafile=ca_file)
        further = ca_file.read_bytes()
    except (OSError, ssl.SSLError) as error:
        message = f"network.ca_file {ca_file} cannot be used: {error.strerror or error}"
        raise InvalidConfiguration(message) from error
    bundle = folder / "ca-bundle.pem"
    part = bundle.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + further)
    return part.replace(bundle)


def _readable_cookies(path: Path | None) -> Path | None:
    if path is not None:
        try:
            path.open("rb").close()
        except OSError as error:
            message = f"network.cookies_file {path} cannot be read: {error.strerror}"
            raise CookiesInvalid(message) from error
    return path
