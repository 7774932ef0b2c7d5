"""The attempts of one download: permission, slot, disk space, options, and pauses."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from loguru import logger

from ytarchive.common.config import Settings
from ytarchive.common.disk import Space, os_errors
from ytarchive.common.errors import DiskFull, InternalError, YTArchiveError
from ytarchive.common.faults import as_error
from ytarchive.common.models import utc_now
from ytarchive.common.paths import staged_name
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.profile import CaptionFormat
from ytarchive.common.side_files import SINGLE, caption_languages_of, captions_among, in_words
from ytarchive.common.telemetry import ACTIVE_DOWNLOADS, DOWNLOADED_BYTES, YOUTUBE_ERRORS
from ytarchive.download.api import DownloadRequest
from ytarchive.download.retrying import Retry, RetryPolicy, for_disk_space
from ytarchive.download.tasks import DownloadTask
from ytarchive.ytdlp import CAPTIONS_NOT_ASKED, Downloaded, DownloadOrder, Fetcher, Transfer

_SECONDS_WITHOUT_CAPTIONS = 600.0


class DownloadOptionsBuilder:
    """Builds orders from requests, and records refusals of captions."""

    def __init__(self, staging: Path) -> None:
        self._staging = staging
        self._captions_from = 0.0

    @property
    def _omits_captions(self) -> bool:
        return time.monotonic() < self._captions_from

    def order_for(self, request: DownloadRequest) -> DownloadOrder:
        """Return the order for a worker."""
        languages = caption_languages_of(request.only_missing)
        sought = [each for each in languages if each in request.recheck_captions]
        profile = request.archive_profile
        if request.only_missing:
            formats = [CaptionFormat(each.format) for each in captions_among(request.only_missing)]
            side_files = {
                "caption_formats": list(dict.fromkeys([*profile.caption_formats, *formats])),
                "include_captions": bool(languages),
                "caption_languages": sought,
                **{f"include_{each}": each in request.only_missing for each in SINGLE},
            }
            profile = profile.model_copy(update=side_files)
        return DownloadOrder(
            video_id=request.video_id,
            folder=self._folder(request),
            profile=profile,
            present=request.present,
            known_captions=[each for each in languages if each not in sought],
            without_media=bool(request.only_missing),
            omits_captions=self._omits_captions,
        )

    def result_without_request(self, request: DownloadRequest) -> Downloaded | None:
        """Return the result of a download that needs no request to YouTube, otherwise None."""
        wanted = request.only_missing
        if not wanted or set(SINGLE) & set(wanted) or not self._omits_captions:
            return None
        return Downloaded(
            folder=self._folder(request),
            network_bytes=0,
            remarks=[f"no {in_words(wanted)}: {CAPTIONS_NOT_ASKED}"],
            missing=[
                each.key
                for each in captions_among(wanted)
                if each.language not in request.recheck_captions
            ],
        )

    def record_refusal(self, downloaded: Downloaded) -> None:
        """Stop requesting captions for some minutes if YouTube refused them."""
        if downloaded.captions_refused:
            self._captions_from = time.monotonic() + _SECONDS_WITHOUT_CAPTIONS
            minutes = f"{_SECONDS_WITHOUT_CAPTIONS / 60:.0f} minutes"
            log.warning("YouTube refuses captions: none are requested for {}", minutes)

    def _folder(self, request: DownloadRequest) -> Path:
        name = staged_name(request.video_id, side_files=bool(request.only_missing))
        return self._staging / name


log = logger.bind(service="download")


_MIB = 2**20


class DiskReservations:
    """Compares the bytes that active downloads will still write with the free space.

    `min_free` bytes of the disk stay free in any case, less on a small one.
    """

    def __init__(self, folder: Path, min_free: int) -> None:
        self._folder = folder
        self._min_free = min_free
        self._claims: dict[str, Callable[[], int]] = {}

    def claim(self, video_id: str, needed: int, written: Callable[[], int]) -> None:
        """Reserve `needed` bytes; `written` returns how many of them are written so far.

        Raises DiskFull if the space that other reservations leave is not sufficient.
        """
        with os_errors(self._folder):
            space = Space.at(self._folder, self._min_free)
        left = space.left - sum(claim() for claim in self._claims.values())
        if needed > left:
            message = (
                f"the video needs {needed // _MIB} MiB on the disk while it is fetched and merged, "
                f"and {max(left, 0) // _MIB} MiB are available"
            )
            raise DiskFull(message, needed_bytes=needed, free_bytes=max(left, 0))
        self._claims[video_id] = lambda: max(needed - written(), 0)

    def release(self, video_id: str) -> None:
        """Release the reservation of a download, if it has one."""
        self._claims.pop(video_id, None)


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
        self._reservations = DiskReservations(staging, settings.storage.min_free)
        self._orders = DownloadOptionsBuilder(staging)
        self._fetcher = fetcher
        self._watch = watch
        self._require_own_folder = require_own_folder
        self._note = note
        self._slots = asyncio.Semaphore(settings.download.concurrency)
        self.policy: RetryPolicy = lambda *_: None
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
                    # The fetcher checks before it starts a worker.
                    async with self._watch.checked(writes=False):
                        return await self._fetch(task)
        except YTArchiveError:
            raise
        except Exception as error:  # an unexpected error must end the task too
            log.exception("{}: the download failed unexpectedly", task.request.video_id)
            named = as_error(error)
            ours = InternalError(f"the download failed unexpectedly: {type(error).__name__}")
            raise (ours if isinstance(named, InternalError) else named) from error
        finally:
            self._reservations.release(task.request.video_id)

    async def _fetch(self, task: DownloadTask) -> None:
        request = task.request
        self._require_own_folder(request.video_id)
        task.started()

        def moved(transfer: Transfer) -> None:
            DOWNLOADED_BYTES.inc(task.moved(transfer))

        def admit(needed: int) -> None:
            self._reservations.claim(request.video_id, needed, lambda: task.network_bytes)

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
