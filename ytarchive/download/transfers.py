"""The downloads of this process: waiting, active, and recently ended."""

import asyncio
import itertools
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.case import require_apart, require_exact_name
from ytarchive.common.config import Settings
from ytarchive.common.paths import staged_name
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.reserve import Reserve
from ytarchive.common.tracing import trace
from ytarchive.download.api import (
    DownloadEvent,
    DownloadListener,
    DownloadProgress,
    DownloadRequest,
    DownloadStatus,
)
from ytarchive.download.attempts import Attempts, count_failure
from ytarchive.download.pending import PendingDownloads
from ytarchive.download.tasks import DownloadTask
from ytarchive.download.video_queues import VideoQueues
from ytarchive.ytdlp import Fetcher

log = logger.bind(service="download")

_REMEMBERED = 1000
_SECONDS_UNTIL_IDLE = 3600
"""Seconds that the files of a failed download wait for the job's next attempt."""


_SECONDS_BETWEEN = (0.5, 1, 2, 4, 8)
_MAX_INTERVAL = 60
"""Seconds between repetitions of a notification."""


class Transfers:
    """Runs at most `download.concurrency` downloads at a time; the others wait in order."""

    def __init__(
        self, settings: Settings, fetcher: Fetcher, watch: ArchiveWatch | None = None
    ) -> None:
        self._watch = watch or ArchiveWatch(None)
        self.attempts = Attempts(
            settings,
            fetcher,
            self._watch,
            require_own_folder=self._require_own_folder,
            note=self._note,
        )
        self._listener: DownloadListener | None = None
        self._staging = settings.storage.staging_path
        self._pending = PendingDownloads(
            self._staging / "downloads",
            self._staging.parent / "downloads",
            Reserve(settings.storage.state_path),
        )
        self._tasks: OrderedDict[str, DownloadTask] = OrderedDict()
        self._queues = VideoQueues()
        self._notifications: set[asyncio.Task[None]] = set()
        self._record_lock = asyncio.Lock()
        self._is_closing = False
        self._unreported: list[DownloadTask] = []
        self._expected_retries: dict[str, float] = {}
        self.on_idle_files: Callable[[], None] = lambda: None
        """Called when a download ended without a result and may have left files."""
        self.on_given_up: Callable[[str], None] = lambda _: None
        """Called with the id of a video whose direct download finally failed."""

    def folders_in_use(self) -> set[str]:
        """Return the staging folders that are in use or will soon be resumed by a job."""
        oldest = time.monotonic() - _SECONDS_UNTIL_IDLE
        self._expected_retries = {
            name: at for name, at in self._expected_retries.items() if at > oldest
        }
        ids = {*self._queues.video_ids(), *self._expected_retries}
        return {staged_name(each, side_files=alone) for each in ids for alone in (True, False)}

    def release(self, video_ids: Collection[str]) -> None:
        """Keep no files for the next attempts of these videos: their jobs were cancelled."""
        for video_id in video_ids:
            self._expected_retries.pop(video_id, None)

    async def progress(self, task_id: str) -> DownloadProgress:
        """Return the progress of a task, or the result of an earlier process's task.

        Raises NotFound.
        """
        task = self._tasks.get(task_id)
        if task is not None:
            return task.progress
        return await asyncio.to_thread(self._pending.ended, task_id)

    async def cancel(self, task_id: str) -> DownloadProgress:
        """Cancel a task, if it has not ended, and return its progress. Raises NotFound."""
        progress = await self.progress(task_id)
        if progress.status.is_final:
            return progress
        task = self._tasks[task_id]
        await self.stop([task])
        return task.progress

    def report_to(self, listener: DownloadListener) -> None:
        """Set the listener; restored downloads start now."""
        self._listener = listener
        for task in self._queues:
            self._begin(task)
        while self._unreported:
            self._notify(self._unreported.pop())

    async def restore_pending(self) -> None:
        """Queue the unfinished downloads of an earlier process; they start at `report_to`."""
        for pending in await asyncio.to_thread(lambda: list(self._pending.open())):
            task = DownloadTask.restored(pending)
            if not task.progress.status.is_final and self._queues.suitable(task.request):
                task.cancelled(errors.Cancelled("an earlier download fetches the same video"))
            self._add(task)
            if task.progress.status.is_final:
                self._unreported.append(task)

    async def start(self, request: DownloadRequest) -> DownloadTask:
        """Queue a download; an equal request keeps its task, another waits for the earlier ones.

        Raises ServiceUnavailable, Conflict, or an error of writing the record.
        """
        if self._is_closing:
            raise errors.ServiceUnavailable("the Download service is shutting down")
        task = self._queues.joined(request) or self._add(DownloadTask(request))
        if request.durable:
            await self._store_record(task)
            if task.progress.status.is_final and task not in self._queues:
                await self._end(task)  # it ended meanwhile
                return await self.start(request)
        if not self._is_closing:
            self._begin(task)
        return task

    async def stop(self, tasks: Iterable[DownloadTask]) -> None:
        """Cancel downloads and wait until they have stopped; ended ones are not changed."""
        await asyncio.sleep(0)  # a task that has not begun could not end in order
        running = [each.running for each in tasks if each.running and not each.running.done()]
        for each in running:
            each.cancel()
        if running:
            await asyncio.wait(running)

    async def close(self, grace: float) -> None:
        """Let active transfers continue for `grace` seconds, then stop them; they can be resumed.

        No notification is sent for stopped downloads: Jobs requests them again after the restart.
        """
        self._is_closing = True
        active = [each for each in self._queues if not each.progress.status.is_final]
        await self.stop(e for e in active if e.progress.status is DownloadStatus.QUEUED)
        running = [each.running for each in active if each.running and not each.running.done()]
        end = time.monotonic() + grace
        if running and grace:
            await asyncio.wait(running, timeout=grace)
        await self.stop(active)
        if self._notifications and (left := end - time.monotonic()) > 0:
            await asyncio.wait(self._notifications, timeout=left)
        for notification in self._notifications:
            notification.cancel()
        await asyncio.gather(*self._notifications, return_exceptions=True)

    async def _store_record(self, task: DownloadTask) -> None:
        async with self._record_lock:
            if task.is_durable:
                return
            try:
                await asyncio.to_thread(self._pending.keep, task.record())
            except errors.YTArchiveError:
                if task.running is None:
                    self._queues.remove(task)
                    self._tasks.pop(task.task_id, None)
                raise
            task.is_durable = True

    def _begin(self, task: DownloadTask) -> None:
        if task.running is None and not task.progress.status.is_final:
            with trace(task.trace_id):
                task.running = asyncio.create_task(self._run(task))

    def _add(self, task: DownloadTask) -> DownloadTask:
        self._tasks[task.task_id] = task
        self._queues.add(task)
        if len(self._tasks) > _REMEMBERED:
            ended = (key for key, each in self._tasks.items() if each.progress.status.is_final)
            self._tasks.pop(next(ended, ""), None)
        return task

    async def _run(self, task: DownloadTask) -> None:
        """Wait for a slot and fetch. In any case the task ends and the listener is notified."""
        video_id = task.request.video_id
        try:
            await task.turn.wait()
            await self.attempts.run(task)
        except asyncio.CancelledError:
            if self._is_closing:
                task.failed(errors.ServiceUnavailable("the Download service was shut down"))
                return
            task.cancelled(errors.Cancelled("the download was cancelled"))
            self._expected_retries.pop(video_id, None)
            if task.is_durable:
                await self._note(task)
                await self._end(task)
            log.info("{}: cancelled", video_id)
        except errors.YTArchiveError as error:
            count_failure(task, error)
            task.failed(error)
            # The job logs it too, with the consequence.
            log.log("WARNING" if task.is_durable else "DEBUG", "{}: {}", video_id, error.message)
        self._notify(task)

    def _require_own_folder(self, video_id: str) -> None:
        """Raise CaseConflict if the video would share its folder with another one."""
        require_apart(self._staging, video_id, self._queues.video_ids())
        require_exact_name(self._staging / video_id)

    async def _note(self, task: DownloadTask) -> None:
        """Write a direct download's state. If that fails, a restart repeats the missing part."""
        try:
            await (
                self._watch.require()
            )  # otherwise its folders would be created in place of the archive
            await asyncio.to_thread(self._pending.keep, task.record())
        except errors.YTArchiveError as error:
            log.warning("{}: its state is not written: {}", task.request.video_id, error.message)

    def _notify(self, task: DownloadTask) -> None:
        notification = asyncio.create_task(self._deliver(task))
        self._notifications.add(notification)
        notification.add_done_callback(self._notifications.discard)
        if task.progress.status is not DownloadStatus.COMPLETED:
            self._queues.remove(task)
            if not isinstance(task.error, errors.Unavailable | errors.RequestError | None):
                self._expected_retries[task.request.video_id] = time.monotonic()
            self.on_idle_files()

    async def _deliver(self, task: DownloadTask) -> None:
        """Notify the listener. Until then the folder of a finished video is in use."""
        try:
            if task.is_durable:
                await self._note(task)
            if self._listener is None:
                return
            if await deliver(self._listener, task.event(), insist=task.is_durable):
                await self._end(task)
        finally:
            self._queues.remove(task)

    async def _end(self, task: DownloadTask) -> None:
        """Record the end of a direct download; after a final failure its files are removed."""
        if not task.is_durable:
            return
        task.is_durable = False
        try:
            await self._watch.require()
            await asyncio.to_thread(self._pending.end, task.task_id)
        except errors.YTArchiveError as error:
            log.warning("{}: its end is not recorded: {}", task.request.video_id, error.message)
        if task.progress.status is DownloadStatus.FAILED:
            self._queues.remove(task)
            self.on_given_up(task.request.video_id)


async def deliver(listener: DownloadListener, event: DownloadEvent, *, insist: bool) -> bool:
    """Notify the listener, repeatedly if necessary, and return the success. Never raises.

    `insist`: repeat without limit, for a download that the listener does not know and cannot poll.
    """
    further = itertools.repeat(_MAX_INTERVAL) if insist else (None,)
    for seconds in itertools.chain(_SECONDS_BETWEEN, further):
        try:
            await listener.download_finished(event)
        except errors.YTArchiveError as error:
            log.warning("{}: the notification failed: {}", event.video_id, error.message)
        except Exception:  # an error of the listener must not end this service
            log.exception("{}: the notification failed", event.video_id)
        else:
            return True
        if seconds is not None:
            await asyncio.sleep(seconds)
    return False
