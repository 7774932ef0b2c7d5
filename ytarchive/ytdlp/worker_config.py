"""The configuration of every worker, from the settings and the installed tools."""

import contextlib
import os
import ssl
import time
from pathlib import Path

import certifi
from pydantic import SecretStr

from ytarchive.common.config import Settings, YouTubeConfig
from ytarchive.common.disk import create_private_folder, os_errors, unusable
from ytarchive.common.errors import InvalidConfiguration
from ytarchive.common.regular import read_regular, require_regular
from ytarchive.media import ffmpeg_path
from ytarchive.ytdlp.api import EXTRACTION_SECONDS
from ytarchive.ytdlp.cookies import require_cookies
from ytarchive.ytdlp.options import WorkerConfig
from ytarchive.ytdlp.tools import javascript_runtime, yt_dlp_fingerprint

Fingerprint = tuple[object, ...]


def prepare(settings: Settings) -> WorkerConfig:
    """Find the tools and create the folders. Blocks for some milliseconds.

    Raises DiskFull, NotWritable, CookiesInvalid or InvalidConfiguration.
    """
    cache = settings.storage.state_path / "cache"
    info = info_folder(settings)
    for folder in (cache, info):
        try:
            create_private_folder(folder)
        except OSError as error:
            raise unusable(error, folder) from error
    forget_old_info(info)
    network, download, youtube = settings.network, settings.download, settings.youtube
    if network.cookies_file is not None:
        require_cookies(network.cookies_file)
    return WorkerConfig(
        info_dir=info,
        cache_dir=cache / "yt-dlp",
        ffmpeg=ffmpeg_path(),
        javascript=javascript_runtime(),
        proxy=network.proxy,
        ca_bundle=_bundle(network.ca_file, cache) if network.ca_file else None,
        cookies_file=network.cookies_file,
        timeout=network.timeout,
        min_free=settings.storage.min_free,
        side_file_timeout=download.side_file_timeout,
        rate_limit=download.rate_limit,
        sleep_requests=download.sleep_requests,
        extractor_args=_extractor_args(youtube),
        plugins=youtube.plugins or youtube.pot_provider_url is not None,
        plugin_server=youtube.pot_provider_url,
        memory=2 * download.worker_memory,
    )


def info_folder(settings: Settings) -> Path:
    """Return the folder of extractions from which a download can continue."""
    return settings.storage.staging_path / "info"


def _extractor_args(youtube: YouTubeConfig) -> dict[str, dict[str, list[str]]]:
    """Return the arguments of yt-dlp's YouTube extractor and the plugin for PO tokens."""
    youtube_args = {
        "player_client": youtube.player_clients,
        "po_token": [token.get_secret_value() for token in youtube.po_tokens],
        "visitor_data": _shown(youtube.visitor_data),
        "data_sync_id": _shown(youtube.data_sync_id),
    }
    found = {"youtube": {name: values for name, values in youtube_args.items() if values}}
    if youtube.pot_provider_url:
        found["youtubepot-bgutilhttp"] = {"base_url": [youtube.pot_provider_url]}
    return {name: values for name, values in found.items() if values}


def _shown(secret: SecretStr | None) -> list[str]:
    return [secret.get_secret_value()] if secret else []


def fingerprint(settings: Settings) -> Fingerprint:
    """Return a value that changes with the installed yt-dlp and the cookies, to restart workers."""
    cookies = settings.network.cookies_file
    changed = None
    if cookies:
        with contextlib.suppress(OSError):
            changed = cookies.stat().st_mtime_ns
    return (yt_dlp_fingerprint(), changed)


def forget_old_info(folder: Path) -> None:
    """Delete extractions that are too old for a download to continue from."""
    oldest = time.time() - EXTRACTION_SECONDS
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()


def _bundle(ca_file: Path, folder: Path) -> Path:
    """Return a file with the default and the configured certificate authorities."""
    try:
        require_regular(ca_file, follow_links=True)
        ssl.create_default_context(cafile=ca_file)
        further = read_regular(ca_file, follow_links=True)
    except (OSError, ssl.SSLError) as error:
        message = f"network.ca_file {ca_file} cannot be used: {error.strerror or error}"
        raise InvalidConfiguration(message) from error
    bundle = folder / "ca-bundle.pem"
    part = bundle.with_suffix(f".{os.getpid()}.part")
    with os_errors(part):
        part.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + further)
        return part.replace(bundle)
