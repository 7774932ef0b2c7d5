"""The services' interface to yt-dlp: extraction, listing and downloads by worker processes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Self

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.config import Settings
from ytarchive.common.presence import ArchiveWatch, Presence
from ytarchive.ytdlp import worker_config
from ytarchive.ytdlp.api import (
    Downloaded,
    DownloadOrder,
    ExtractedVideo,
    Extractor,
    Fetcher,
    ListedEntries,
    Transfer,
)
from ytarchive.ytdlp.gate import LIST_PAGE, SINGLE_REQUEST, VIDEO, Gate, OpenGate
from ytarchive.ytdlp.pool import WorkerPool
from ytarchive.ytdlp.processes import WorkerProcess
from ytarchive.ytdlp.protocol import Event, Task
from ytarchive.ytdlp.shared_rate import SharedRate

log = logger.bind(service="download")

_EXTRACTIONS_BETWEEN_CLEANINGS = 200


class YtDlp(Extractor, Fetcher):
    """Extracts, lists and downloads; `close` it, or use it in `async with`.

    At most `download.concurrency` + `videos_ahead` tasks run at a time, so that the next videos are
    extracted during downloads, which Download limits. There are further workers for listings.
    """

    def __init__(self, settings: Settings, presence: Presence | None = None) -> None:
        self._settings = settings
        self._watch = ArchiveWatch(presence)
        self._pool = WorkerPool(settings)
        config = settings.download
        self._tasks = asyncio.Semaphore(config.concurrency + config.videos_ahead)
        self._rate = SharedRate(config)
        self._listings = asyncio.Semaphore(2)
        self._extractions = 0
        self.gate: Gate = OpenGate()
        """The gate that admits each extraction and list page."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End every worker process and its child processes at once."""
        await self._pool.close()

    async def extract(self, video_id: str) -> ExtractedVideo:
        """Return yt-dlp's information about a video; its info JSON is kept for an hour."""
        await self._clean_up()
        passing = self.gate.passing(video_id, cost=VIDEO, patient=False)
        async with passing, self._tasks, self._worker() as worker:
            await worker.send(Task(kind="extract", video_id=video_id))
            event = await _last(worker, ProgressTimeout(self._settings))
            if event.extracted is None:
                raise errors.ProtocolError("a worker process ended an extraction without a result")
            return event.extracted

    def turn(self, video_id: str) -> AbstractAsyncContextManager[None]:
        """Admit one download within the block; wait until requests may be sent."""
        return self.gate.passing(video_id, cost=VIDEO, patient=True)

    async def download(
        self,
        order: DownloadOrder,
        on_progress: Callable[[Transfer], None],
        admit: Callable[[int], None],
    ) -> Downloaded:
        """Fetch a video. Cancelling the task kills the worker and its child processes at once."""
        async with self._tasks, self._worker() as worker, self._rate.share(worker):
            limit = ProgressTimeout(self._settings)
            await worker.send(Task(kind="download", order=order))
            event = await _last(worker, limit, on_progress)
            if event.kind == "sized":
                admit(event.needed)
                await worker.send(Task(kind="next"))
                event = await _last(worker, limit, on_progress)
            while event.kind == "page":
                event = await self._page(order.video_id, worker, limit, on_progress)
            if event.downloaded is None:
                raise errors.ProtocolError("a worker process ended a download without a result")
            return event.downloaded

    async def _page(
        self,
        video_id: str,
        worker: WorkerProcess,
        limit: "ProgressTimeout",
        on_progress: Callable[[Transfer], None],
    ) -> Event:
        """Let a worker send one request for comments or chat; refuse it while requests are paused.

        The queue's permit for the video does not include it.
        """
        async with AsyncExitStack() as permitted:
            passing = self.gate.passing(f"{video_id}/page", cost=SINGLE_REQUEST, patient=False)
            try:
                await permitted.enter_async_context(passing)
            except (errors.RequestsPaused, errors.ServiceUnavailable):
                await worker.send(Task(kind="refuse"))
            else:
                await worker.send(Task(kind="next"))
            return await _last(worker, limit, on_progress)

    def page_turn(self, source: str) -> AbstractAsyncContextManager[None]:
        """Admit one request about a list within the block, which yt-dlp does not send itself."""
        return self.gate.passing(source, cost=LIST_PAGE, patient=False)

    async def list_entries(self, source: str) -> AsyncGenerator[ListedEntries, None]:
        """Yield the entries of a playlist id, channel id or @handle, about a hundred at a time.

        The next page is requested when the caller reads the next chunk.
        """
        async with self._listings, self._worker() as worker:
            task = Task(kind="list", source=source)
            while True:
                async with self.page_turn(source):
                    await worker.send(task)
                    event = await _last(worker, ProgressTimeout(self._settings))
                if event.entries is None:
                    return
                yield event.entries
                task = Task(kind="next")

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[WorkerProcess]:
        """Yield a worker for one task, unless the archive is missing."""
        await self._watch.require()
        async with self._pool.worker() as worker:
            yield worker

    async def _clean_up(self) -> None:
        self._extractions += 1
        if self._extractions % _EXTRACTIONS_BETWEEN_CLEANINGS == 0:
            folder = worker_config.info_folder(self._settings)
            await asyncio.to_thread(worker_config.forget_old_info, folder)


class ProgressTimeout:
    """The time limit of a task without progress (for an extraction: in total).

    A silent network is not caused by the video, but a hanging program such as ffmpeg may be.
    """

    def __init__(self, settings: Settings) -> None:
        self._extract = settings.download.extract_timeout
        self._stall = settings.download.stall_timeout
        self._is_extracting = True
        self._is_transferring = self._is_unanswered = False
        self.seconds = self._extract

    def is_renewed_by(self, event: Event) -> bool:
        """Return whether `event` is progress, which restarts the time limit."""
        if event.kind == "request":
            self._is_unanswered = event.is_unanswered
        if event.transfer is None:
            return False
        self._is_transferring = event.transfer.phase in {"video", "audio"}
        was_extracting = self._is_extracting
        self._is_extracting = event.transfer.phase == "extracting"
        self.seconds = self._extract if self._is_extracting else self._stall
        return not (was_extracting and self._is_extracting)

    def error(self) -> errors.YTArchiveError:
        """Return the error of a task without progress, by the thing it waited for."""
        for_network = self._is_transferring or (self._is_extracting and self._is_unanswered)
        kind = errors.NetworkTimeout if for_network else errors.DownloadTimeout
        return kind(f"no progress for {self.seconds:.0f} seconds")


async def _last(
    worker: WorkerProcess,
    limit: ProgressTimeout,
    on_progress: Callable[[Transfer], None] | None = None,
) -> Event:
    """Return the next event that is neither progress nor a message.

    Raises NetworkTimeout or DownloadTimeout.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(limit.seconds) as clock:
            while True:
                event = await worker.receive()
                if event.transfer and on_progress:
                    on_progress(event.transfer)
                if event.kind == "log":
                    log.log(event.level, "yt-dlp: {}", event.text)
                elif event.kind not in {"progress", "request"}:
                    return event
                if limit.is_renewed_by(event):
                    clock.reschedule(loop.time() + limit.seconds)
    except TimeoutError:
        raise limit.error() from None
