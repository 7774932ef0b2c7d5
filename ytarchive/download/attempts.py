"""The attempts of one download: permission, slot, disk space, and pauses."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from loguru import logger

from ytarchive.common.config import Settings
from ytarchive.common.errors import InternalError, YTArchiveError
from ytarchive.common.faults import as_error
from ytarchive.common.models import utc_now
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.side_files import in_words
from ytarchive.common.telemetry import ACTIVE_DOWNLOADS, DOWNLOADED_BYTES, YOUTUBE_ERRORS
from ytarchive.download.disk_reservations import DiskReservations
from ytarchive.download.options_builder import DownloadOptionsBuilder
from ytarchive.download.retrying import Retry, RetryPolicy, for_disk_space, never_retry
from ytarchive.download.tasks import DownloadTask
from ytarchive.ytdlp import Fetcher, Transfer

log = logger.bind(service="download")


class Attempts:
    """Fetches downloads, at most `download.concurrency` at a time. `note` stores a task's state.

    `require_own_folder` raises CaseConflict for a video that would share a folder with another.
    """

    def __init__(
        self,
        settings: Settings,
        fetcher: Fetcher,
        watch: ArchiveWatch,
        *,
        require_own_folder: Callable[[str], None],
        note: Callable[[DownloadTask], Awaitable[None]],
    ) -> None:
        staging = settings.storage.staging_path
        self._room = DiskReservations(staging, settings.storage.min_free)
        self._orders = DownloadOptionsBuilder(staging)
        self._fetcher = fetcher
        self._watch = watch
        self._require_own_folder = require_own_folder
        self._note = note
        self._slots = asyncio.Semaphore(settings.download.concurrency)
        self.policy: RetryPolicy = never_retry
        """Decides when direct downloads are retried."""

    async def run(self, task: DownloadTask) -> None:
        """Fetch the video; a direct download is retried, without a slot during the pause.

        Jobs retries its own videos.
        """
        while True:
            await _until(task.progress.retry_at)
            try:
                return await self._fetch_in_turn(task)
            except YTArchiveError as error:
                if not task.is_durable or (retry := self._retry(task, error)) is None:
                    raise
                count_failure(task, error)
                log.warning("{}: tried again later: {}", task.request.video_id, error.message)
                task.postponed(error, retry)
                await self._note(task)

    def _retry(self, task: DownloadTask, error: YTArchiveError) -> Retry | None:
        failures, most = task.progress.attempts + 1, task.request.max_retries
        return for_disk_space(error) or self.policy(error, failures, most, task.same_code(error))

    async def _fetch_in_turn(self, task: DownloadTask) -> None:
        try:
            # The permission comes first: a waiting download must not occupy a slot.
            async with self._fetcher.turn(task.request.video_id), self._slots:
                with ACTIVE_DOWNLOADS.track_inprogress():
                    async with self._watch.checked():
                        return await self._fetch(task)
        except YTArchiveError:
            raise
        except Exception as error:  # an unexpected error must end the task too
            log.exception("{}: the download failed unexpectedly", task.request.video_id)
            named = as_error(error)
            ours = InternalError(f"the download failed unexpectedly: {type(error).__name__}")
            raise (ours if isinstance(named, InternalError) else named) from error
        finally:
            self._room.release(task.request.video_id)

    async def _fetch(self, task: DownloadTask) -> None:
        request = task.request
        self._require_own_folder(request.video_id)
        task.started()

        def moved(transfer: Transfer) -> None:
            DOWNLOADED_BYTES.inc(task.moved(transfer))

        def admit(needed: int) -> None:
            self._room.claim(request.video_id, needed, lambda: task.network_bytes)

        what = in_words(request.only_missing) or f"at most {request.quality}"
        log.info("{}: downloading, {}", request.video_id, what)
        downloaded = self._orders.result_without_request(request)
        if downloaded is None:
            order = self._orders.order_for(request)
            downloaded = await self._fetcher.download(order, moved, admit)
            self._orders.record_refusal(downloaded)
        DOWNLOADED_BYTES.inc(task.completed(downloaded))
        fetched = "without its media" if request.only_missing else downloaded.quality or "audio"
        log.info("{}: fetched {}", request.video_id, fetched)


async def _until(moment: datetime | None) -> None:
    if moment is not None:
        await asyncio.sleep(max((moment - utc_now()).total_seconds(), 0))


def count_failure(task: DownloadTask, error: YTArchiveError) -> None:
    """Count a failure of a direct download; Jobs counts those of its own videos."""
    if task.request.durable:
        YOUTUBE_ERRORS.labels(error.reason or "other").inc()
