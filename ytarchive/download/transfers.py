"""All downloads of this process: waiting, running, and the last ones that ended."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from loguru import logger

from ytarchive.common.case import require_apart, require_exact_name
from ytarchive.common.config import Settings
from ytarchive.common.errors import (
    ArchiveMissing,
    Cancelled,
    DiskFull,
    InternalError,
    NotFound,
    RequestError,
    ServiceUnavailable,
    Unavailable,
    YTArchiveError,
)
from ytarchive.common.faults import as_error
from ytarchive.common.media import in_words
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.telemetry import ACTIVE_DOWNLOADS, DOWNLOADED_BYTES, YOUTUBE_ERRORS
from ytarchive.common.tracing import trace
from ytarchive.download.api import DownloadListener, DownloadRequest, DownloadStatus
from ytarchive.download.journal import Journal, Promise
from ytarchive.download.notifier import deliver
from ytarchive.download.orders import Orders
from ytarchive.download.room import Room
from ytarchive.download.tasks import DownloadTask
from ytarchive.ytdlp import Fetcher, Transfer

log = logger.bind(service="download")

_REMEMBERED = 1000
_SECONDS_UNTIL_IDLE = 3600
"""How long the files of a failed download wait for the job's next try before they are idle."""
_SECONDS_BETWEEN_LOOKS_FOR_ROOM = 30


class Transfers:
    """Runs at most `download.concurrency` at a time; the others wait, first come first."""

    def __init__(
        self, settings: Settings, fetcher: Fetcher, watch: ArchiveWatch | None = None
    ) -> None:
        self._watch = watch or ArchiveWatch(None)
        self._listener: DownloadListener | None = None
        self._staging = settings.storage.staging_path
        self._room = Room(self._staging, settings.storage.min_free)
        self._journal = Journal(self._staging / "downloads")
        self._orders = Orders(self._staging)
        self._fetcher = fetcher
        self._slots = asyncio.Semaphore(settings.download.concurrency)
        self._tasks: OrderedDict[str, DownloadTask] = OrderedDict()
        self._by_video: dict[str, DownloadTask] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._promising = asyncio.Lock()
        self._is_closing = False
        self._soon_again: dict[str, float] = {}
        self.on_idle_files: Callable[[], None] = lambda: None
        """Called when a download has ended without a result, and may have left files."""

    def folders_in_use(self) -> set[str]:
        """Return the names of the staging folders that are used, or soon resumed by a job."""
        oldest = time.monotonic() - _SECONDS_UNTIL_IDLE
        self._soon_again = {name: at for name, at in self._soon_again.items() if at > oldest}
        names = {*self._by_video, *self._soon_again}
        return names | {f"{name}.beside" for name in names}

    def find(self, task_id: str) -> DownloadTask:
        """A task of this process. Raises NotFound."""
        try:
            return self._tasks[task_id]
        except KeyError:
            raise NotFound(f"no download has the id {task_id}") from None

    def report_to(self, listener: DownloadListener) -> None:
        """Name who hears of every download; those that were taken up again begin now."""
        self._listener = listener
        for task in self._by_video.values():
            self._begin(task)

    async def take_up(self) -> None:
        """Queue again what an earlier process had promised; it begins with `report_to`."""
        for promise in await asyncio.to_thread(lambda: list(self._journal.kept())):
            task = DownloadTask(promise.request, promise.task_id)
            task.is_promised, task.trace_id = True, promise.trace_id
            if promise.request.video_id in self._by_video:
                self._forget(task)  # the older one brings the same video
            else:
                self._remember(task)

    async def start(self, request: DownloadRequest) -> DownloadTask:
        """Queue a download; a video that is being fetched already keeps its one task.

        Raises ServiceUnavailable, and what writing the promise down raises.
        """
        if self._is_closing:
            raise ServiceUnavailable("the Download service is shutting down")
        task = self._by_video.get(request.video_id) or self._remember(DownloadTask(request))
        if request.survives_restart:
            await self._promise(task)
            if task.progress.status.is_final and self._by_video.get(request.video_id) is not task:
                self._forget(task)  # it ended meanwhile
                return await self.start(request)
        if not self._is_closing:
            self._begin(task)
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

    async def _promise(self, task: DownloadTask) -> None:
        promise = Promise(task_id=task.task_id, request=task.request, trace_id=task.trace_id)
        async with self._promising:
            if task.is_promised:
                return
            try:
                await asyncio.to_thread(self._journal.keep, promise)
            except YTArchiveError:
                if task.running is None:
                    self._free(task)
                    self._tasks.pop(task.task_id, None)
                raise
            task.is_promised = True

    def _begin(self, task: DownloadTask) -> None:
        if task.running is None:
            with trace(task.trace_id):
                task.running = asyncio.create_task(self._run(task))

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
            await self._fetch_when_there_is_room(task)
        except asyncio.CancelledError:
            if self._is_closing:
                task.failed(ServiceUnavailable("the Download service was shut down"))
                return
            task.cancelled(Cancelled("the download was cancelled"))
            self._soon_again.pop(video_id, None)
            self._forget(task)
            log.info("{}: cancelled", video_id)
        except YTArchiveError as error:
            if task.request.survives_restart:
                # Jobs counts the failures of its own videos.
                YOUTUBE_ERRORS.labels(error.reason or "other").inc()
            task.failed(error)
            # A job tells it too, and what follows from it.
            log.log("WARNING" if task.is_promised else "DEBUG", "{}: {}", video_id, error.message)
        except Exception as error:  # a fault of ours must end the task as well
            named = as_error(error)
            ours = InternalError(f"the download broke: {type(error).__name__}")
            task.failed(ours if isinstance(named, InternalError) else named)
            log.exception("{}: the download broke", video_id)
        self._tell(task)

    async def _fetch_when_there_is_room(self, task: DownloadTask) -> None:
        """Fetch it in a slot. One that was promised waits for room on the disk, without a slot.

        Jobs waits for room by itself, and does something else meanwhile.
        """
        while True:
            try:
                # The turn first: who waits for it must keep nobody from a slot.
                async with self._fetcher.turn(task.request.video_id), self._slots:
                    with ACTIVE_DOWNLOADS.track_inprogress():
                        async with self._watch.over():
                            return await self._fetch(task)
            except (DiskFull, ArchiveMissing) as error:
                if not task.is_promised:
                    raise
                log.warning("{}: waits: {}", task.request.video_id, error.message)
                task.waits(error)
            finally:
                self._room.release(task.request.video_id)
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS_FOR_ROOM)

    def _require_own_folder(self, video_id: str) -> None:
        """Raise CaseConflict if the video would share its folder with another one."""
        require_apart(self._staging, video_id, list(self._by_video))
        require_exact_name(self._staging / video_id)

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
        downloaded = self._orders.needless(request)
        if downloaded is None:
            order = self._orders.order_for(request)
            downloaded = await self._fetcher.download(order, moved, admit)
            self._orders.learn(downloaded)
        DOWNLOADED_BYTES.inc(task.completed(downloaded))
        fetched = "without its media" if request.only_missing else downloaded.quality or "audio"
        log.info("{}: fetched {}", request.video_id, fetched)

    def _tell(self, task: DownloadTask) -> None:
        telling = asyncio.create_task(self._deliver(task))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)
        if task.progress.status is not DownloadStatus.COMPLETED:
            self._free(task)
            if not isinstance(task.error, Unavailable | RequestError | None):
                self._soon_again[task.request.video_id] = time.monotonic()
            self.on_idle_files()

    async def _deliver(self, task: DownloadTask) -> None:
        """Tell the listener. Till then a finished video is taken: its folder is being moved."""
        try:
            if self._listener is None:
                return
            if await deliver(self._listener, task.notice(), insist=task.is_promised):
                self._forget(task)
        finally:
            self._free(task)

    def _forget(self, task: DownloadTask) -> None:
        """The promise is kept, or nobody wants it any more."""
        if task.is_promised:
            task.is_promised = False
            try:
                self._journal.forget(task.task_id)
            except YTArchiveError as error:
                log.warning("{}: it will be fetched again: {}", task.task_id, error.message)

    def _free(self, task: DownloadTask) -> None:
        if self._by_video.get(task.request.video_id) is task:
            del self._by_video[task.request.video_id]
