"""The Download service: a queue of transfers, each run by a worker process of yt-dlp."""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path

from ytarchive.common.config import Settings
from ytarchive.common.contract import Contract
from ytarchive.common.disk import existing
from ytarchive.common.errors import FileFailure
from ytarchive.common.json_text import stored_json
from ytarchive.common.models import HealthCheck
from ytarchive.common.paths import require_place_for_videos
from ytarchive.common.presence import ArchiveWatch, Presence
from ytarchive.common.regular import read_regular
from ytarchive.common.rows import UNREADABLE
from ytarchive.common.scheduler import Scheduler
from ytarchive.common.supervision import Supervisor
from ytarchive.download.api import (
    DownloadAPI,
    DownloadListener,
    DownloadProgress,
    DownloadRequest,
    VideoFormats,
)
from ytarchive.download.formats import offered
from ytarchive.download.retrying import RetryPolicy
from ytarchive.download.staging.api import StagingAPI
from ytarchive.download.staging.cleaning import StagingCleaner
from ytarchive.download.transfers import Transfers
from ytarchive.ytdlp import Fetcher, KnownTools

_NEEDED = ("yt_dlp", "ffmpeg", "staging", "archive")


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
        self._tools = KnownTools()
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
        self._transfers.retry_by(policy)

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
        return (await self._transfers.start(request)).progress

    async def get_progress(self, task_id: str) -> DownloadProgress:
        return await self._transfers.progress(task_id)

    async def cancel_download(self, task_id: str) -> DownloadProgress:
        progress = await self._transfers.progress(task_id)
        if progress.status.is_final:
            return progress
        task = self._transfers.find(task_id)
        await self._transfers.stop([task])
        return task.progress

    async def get_formats(self, video_id: str) -> VideoFormats:
        await self._watch.require()
        extracted = await self._fetcher.extract(video_id)
        return await asyncio.to_thread(_read_formats, extracted.info_path)

    async def health(self) -> HealthCheck:
        checks, is_there = await asyncio.gather(
            asyncio.to_thread(self._checks), self._watch.is_there()
        )
        checks["archive"] = is_there
        healthy = all(checks[name] for name in _NEEDED)
        problems = self._supervisor.problems()
        return HealthCheck.of(
            self.service, checks, since=self._started, healthy=healthy, problems=problems
        )

    def _checks(self) -> dict[str, bool]:
        staging = existing(self._settings.storage.staging_path)
        return {**self._tools.found(), "staging": os.access(staging, os.W_OK | os.X_OK)}


def _read_formats(info_path: Path) -> VideoFormats:
    try:
        return offered(stored_json(read_regular(info_path)))
    except (OSError, *UNREADABLE) as error:
        raise FileFailure(f"{info_path.name} in staging cannot be read") from error
