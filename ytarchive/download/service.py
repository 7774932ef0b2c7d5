"""The Download service: a queue of transfers, each run by a worker process of yt-dlp."""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ytarchive.common.config import Settings
from ytarchive.common.contract import Contract
from ytarchive.common.disk import existing
from ytarchive.common.errors import FileFailure
from ytarchive.common.json_text import stored_json
from ytarchive.common.models import HealthCheck
from ytarchive.common.paths import require_place_for_videos
from ytarchive.common.presence import ArchiveWatch, Presence
from ytarchive.common.profiles import resolved
from ytarchive.common.regular import read_regular
from ytarchive.common.rows import UNREADABLE
from ytarchive.common.scheduler import Scheduler
from ytarchive.common.supervision import Supervisor
from ytarchive.download.api import (
    DEFAULT_CHOICE,
    DownloadAPI,
    DownloadListener,
    DownloadProgress,
    DownloadRequest,
    FormatsQuery,
    VideoFormat,
    VideoFormats,
)
from ytarchive.download.retrying import RetryPolicy
from ytarchive.download.staging.api import StagingAPI
from ytarchive.download.staging.service import StagingCleaner
from ytarchive.download.transfers import Transfers
from ytarchive.media import has_picture, has_sound, is_upscaled, label_of
from ytarchive.ytdlp import Fetcher, KnownTools, explained, is_original, language_of


class DownloadService(DownloadAPI):
    """Fetches videos into staging, and notifies its listener of each end.

    Set the listener by `report_to`; `close` the service before its fetcher.
    """

    def __init__(
        self,
        settings: Settings,
        fetcher: Fetcher,
        presence: Presence | None = None,
        scheduler: Scheduler | None = None,
    ) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._watch = ArchiveWatch(presence)
        self._tools = KnownTools(settings.download.yt_dlp_max_age)
        self._transfers = Transfers(settings, fetcher, self._watch)
        self._cleaner = StagingCleaner(
            settings.storage,
            self._transfers.folders_in_use,
            self._transfers.release,
            self._watch,
        )
        self._transfers.on_idle_files = self._cleaner.wake
        self._transfers.on_given_up = self._cleaner.discard
        self._scheduler = scheduler or Scheduler()
        self._supervisor = Supervisor(self.service)
        self._started = time.monotonic()

    def report_to(self, listener: DownloadListener) -> None:
        """Set the listener for ended downloads."""
        self._transfers.report_to(listener)
        self._cleaner.start(self._scheduler, self._supervisor)

    def subjects(self) -> Mapping[type[Contract], Contract]:
        """Return the implementations of the service's other contracts."""
        return {StagingAPI: self._cleaner}

    def retry_by(self, policy: RetryPolicy) -> None:
        """Set the retry policy of direct downloads."""
        self._transfers.attempts.policy = policy

    async def restore_pending(self) -> None:
        """Queue an earlier process's unfinished downloads, which start at `report_to`."""
        await self._transfers.restore_pending()

    async def close(self, grace: float = 0) -> None:
        """Accept no more downloads; active transfers get `grace` seconds and can be resumed later.

        The listener is not notified of them: it requests them again after the restart.
        """
        await self._transfers.close(grace)
        await self._supervisor.stop()

    async def start_download(self, request: DownloadRequest) -> DownloadProgress:
        await self._watch.require()
        if request.output_path:
            require_place_for_videos(request.output_path, self._settings.storage, request.video_id)
        complete = resolved(request, self._settings.profiles)
        return (await self._transfers.start(complete)).progress

    async def get_progress(self, task_id: str) -> DownloadProgress:
        return await self._transfers.progress(task_id)

    async def cancel_download(self, task_id: str) -> DownloadProgress:
        return await self._transfers.cancel(task_id)

    async def get_formats(
        self, video_id: str, request: FormatsQuery = DEFAULT_CHOICE
    ) -> VideoFormats:
        await self._watch.require()
        wanted = resolved(request, self._settings.profiles)
        extracted = await self._fetcher.extract(video_id)
        return await asyncio.to_thread(_read_formats, extracted.info_path, wanted)

    async def health(self) -> HealthCheck:
        checks, is_there = await asyncio.gather(
            asyncio.to_thread(self._checks), self._watch.is_there()
        )
        checks["archive"] = is_there
        healthy = all(checks[name] for name in ("yt_dlp", "ffmpeg", "staging", "archive"))
        problems = self._supervisor.problems()
        return HealthCheck.of(
            self.service, checks, since=self._started, healthy=healthy, problems=problems
        )

    def _checks(self) -> dict[str, bool]:
        staging = existing(self._settings.storage.staging_path)
        return {**self._tools.found(), "staging": os.access(staging, os.W_OK | os.X_OK)}


def _read_formats(info_path: Path, wanted: FormatsQuery) -> VideoFormats:
    try:
        info = stored_json(read_regular(info_path))
        choice = explained(info, wanted.archive_profile, wanted.profile)
        return offered(info).model_copy(update={"choice": choice})
    except (OSError, *UNREADABLE) as error:
        raise FileFailure(f"{info_path.name} in staging cannot be read") from error


Info = dict[str, Any]


def offered(info: Info) -> VideoFormats:
    """Return what YouTube offers of a video: media only, no storyboards."""
    media = [each for each in info.get("formats") or [] if has_picture(each) or has_sound(each)]
    formats = [_format(each, media) for each in media]
    uploaded = _qualities([each for each in formats if not each.is_upscaled])
    return VideoFormats(
        video_id=info["id"],
        title=info.get("title") or "",
        qualities=uploaded or _qualities(formats),
        audio_languages=_audio_languages(media),
        formats=formats,
        captions=_languages(info.get("subtitles")),
        automatic_captions=_languages(info.get("automatic_captions")),
    )


def _qualities(formats: list[VideoFormat]) -> list[str]:
    lines = {int(each.quality[:-1]) for each in formats if each.quality}
    return [f"{height}p" for height in sorted(lines, reverse=True)]


def _audio_languages(media: list[Info]) -> list[str]:
    """Return the languages of the sound, the original first."""
    ranked = sorted(filter(has_sound, media), key=is_original, reverse=True)
    return list(dict.fromkeys(filter(None, map(language_of, ranked))))


def _format(found: Info, media: list[Info]) -> VideoFormat:
    return VideoFormat(
        format_id=str(found["format_id"]),
        extension=found.get("ext") or "",
        quality=label_of(found, media),
        width=found.get("width"),
        height=found.get("height"),
        fps=found.get("fps"),
        video_codec=_codec(found.get("vcodec")),
        audio_codec=_codec(found.get("acodec")),
        audio_language=language_of(found) if has_sound(found) else None,
        is_original_sound=has_sound(found) and is_original(found),
        is_upscaled=is_upscaled(found),
        bitrate=found.get("tbr"),
        size_bytes=found.get("filesize") or found.get("filesize_approx"),
    )


def _codec(name: str | None) -> str | None:
    return None if name in (None, "none") else name


def _languages(tracks: dict[str, list[Info]] | None) -> list[str]:
    """Return the languages available as WebVTT, without the live chat."""
    return sorted(
        code
        for code, found in (tracks or {}).items()
        if any(track.get("ext") == "vtt" for track in found or [])
    )
