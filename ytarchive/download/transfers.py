"""All downloads of this process: waiting, running, and the last ones that ended."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable

from loguru import logger

from ytarchive.common.config import Settings
from ytarchive.common.errors import (
    Cancelled,
    InternalError,
    NotFound,
    ServiceUnavailable,
    YTArchiveError,
)
from ytarchive.common.telemetry import ACTIVE_DOWNLOADS, DOWNLOADED_BYTES, YOUTUBE_ERRORS
from ytarchive.download.api import DownloadListener, DownloadRequest, DownloadStatus
from ytarchive.download.notifier import deliver
from ytarchive.download.tasks import DownloadTask
from ytarchive.ytdlp import DownloadOrder, Fetcher, Transfer

log = logger.bind(service="download")

_REMEMBERED = 1000


class Transfers:
    """Runs at most `download.concurrency` at a time; the others wait, first come first."""

    def __init__(self, settings: Settings, fetcher: Fetcher) -> None:
        self.listener: DownloadListener | None = None
        self._staging = settings.storage.staging_path
        self._fetcher = fetcher
        self._slots = asyncio.Semaphore(settings.download.concurrency)
        self._tasks: OrderedDict[str, DownloadTask] = OrderedDict()
        self._by_video: dict[str, DownloadTask] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._is_closing = False

    def find(self, task_id: str) -> DownloadTask:
        """A task of this process. Raises NotFound."""
        try:
            return self._tasks[task_id]
        except KeyError:
            raise NotFound(f"no download has the id {task_id}") from None

    def start(self, request: DownloadRequest) -> DownloadTask:
        """Queue a download; a video that is being fetched already keeps its one task."""
        if self._is_closing:
            raise ServiceUnavailable("the Download service is shutting down")
        task = self._by_video.get(request.video_id)
        if task is None:
            task = self._remember(DownloadTask(request))
            task.running = asyncio.create_task(self._run(task))
        return task

    async def stop(self, tasks: Iterable[DownloadTask]) -> None:
        """Cancel downloads and wait until they have stopped; those that ended stay as they are."""
        await asyncio.sleep(0)  # one that has not begun yet could not end in order
        running = [each.running for each in tasks if each.running and not each.running.done()]
        for each in running:
            each.cancel()
        if running:
            await asyncio.wait(running)

    async def close(self, grace: float) -> None:
        """Let running transfers go on for `grace` seconds, then stop them; they can be resumed.

        Nobody is told of what is stopped here: whoever wants it asks again after the restart.
        """
        self._is_closing = True
        active = [each for each in self._by_video.values() if not each.progress.status.is_final]
        await self.stop(e for e in active if e.progress.status is DownloadStatus.QUEUED)
        running = [each.running for each in active if each.running and not each.running.done()]
        if running and grace:
            await asyncio.wait(running, timeout=grace)
        await self.stop(active)
        for telling in self._telling:
            telling.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    def _remember(self, task: DownloadTask) -> DownloadTask:
        self._tasks[task.task_id] = self._by_video[task.request.video_id] = task
        if len(self._tasks) > _REMEMBERED:
            ended = (key for key, each in self._tasks.items() if each.progress.status.is_final)
            self._tasks.pop(next(ended, ""), None)
        return task

    async def _run(self, task: DownloadTask) -> None:
        """Wait for a slot and fetch. Whatever happens, the task ends and the listener hears."""
        video_id = task.request.video_id
        try:
            async with self._slots:
                with ACTIVE_DOWNLOADS.track_inprogress():
                    await self._fetch(task)
        except asyncio.CancelledError:
            if self._is_closing:
                task.failed(ServiceUnavailable("the Download service was shut down"))
                return
            task.cancelled(Cancelled("the download was cancelled"))
            log.info("{}: cancelled", video_id)
        except YTArchiveError as error:
            YOUTUBE_ERRORS.labels(error.reason).inc()
            task.failed(error)
            log.warning("{}: {}", video_id, error.message)
        except Exception as error:  # a fault of ours must end the task as well
            task.failed(InternalError(f"the download broke: {type(error).__name__}"))
            log.exception("{}: the download broke", video_id)
        self._tell(task)

    async def _fetch(self, task: DownloadTask) -> None:
        request = task.request
        task.started()
        order = DownloadOrder(
            folder=self._staging / request.video_id,
            **request.model_dump(exclude={"output_path"}),
        )

        def moved(transfer: Transfer) -> None:
            DOWNLOADED_BYTES.inc(task.moved(transfer))

        log.info("{}: downloading, at most {}", request.video_id, request.quality)
        downloaded = await self._fetcher.download(order, moved)
        DOWNLOADED_BYTES.inc(task.completed(downloaded))
        log.info("{}: fetched as {}", request.video_id, downloaded.quality or "audio")

    def _tell(self, task: DownloadTask) -> None:
        telling = asyncio.create_task(self._deliver(task))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)
        if task.progress.status is not DownloadStatus.COMPLETED:
            self._free(task)

    async def _deliver(self, task: DownloadTask) -> None:
        """Tell the listener. Till then a finished video is taken: its folder is being moved."""
        try:
            if self.listener:
                await deliver(self.listener, task.notice())
        finally:
            self._free(task)

    def _free(self, task: DownloadTask) -> None:
        if self._by_video.get(task.request.video_id) is task:
            del self._by_video[task.request.video_id]
