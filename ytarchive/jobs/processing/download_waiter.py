"""Waits for the Download service's notification (step 7), and polls if it does not arrive."""

import asyncio
from collections import Counter, OrderedDict

from ytarchive.common.errors import NotFound, ServiceError, ServiceUnavailable, error_for_code
from ytarchive.common.models import ErrorDetail, utc_now
from ytarchive.download import DownloadAPI, DownloadEvent, DownloadProgress, DownloadRequest

_REMEMBERED = 1000


class DownloadWaiter:
    """Delivers each notification to the job that waits for it."""

    def __init__(self, download: DownloadAPI, patience: float) -> None:
        self._download = download
        self._patience = patience
        self._expected: Counter[str] = Counter()
        self._waiting: dict[str, asyncio.Future[DownloadEvent]] = {}
        self._early: OrderedDict[str, DownloadEvent] = OrderedDict()
        self._running: dict[str, str] = {}

    def task_of(self, video_id: str) -> str | None:
        """Return the download task of a video that a job fetches; None if there is none."""
        return self._running.get(video_id)

    def deliver(self, event: DownloadEvent) -> bool:
        """Deliver a notification; return False if no job requested the video."""
        waiting = self._waiting.get(event.task_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(event)
        elif not self._expected[event.video_id] and waiting is None:
            return False
        else:
            self._early[event.task_id] = event
            while len(self._early) > _REMEMBERED:
                self._early.popitem(last=False)
        return True

    async def fetch(self, request: DownloadRequest) -> DownloadEvent:
        """Start a download and wait for its end. A cancelled wait cancels the download."""
        self._expected[request.video_id] += 1
        try:
            task = await self._download.start_download(request)
            self._running[request.video_id] = task.task_id
            return await self._wait(task, request)
        finally:
            self._running.pop(request.video_id, None)
            self._expected[request.video_id] -= 1
            self._expected += Counter()  # removes the waiter

    async def _wait(self, task: DownloadProgress, request: DownloadRequest) -> DownloadEvent:
        arrived: asyncio.Future[DownloadEvent] = asyncio.get_running_loop().create_future()
        self._waiting[task.task_id] = arrived
        try:
            while True:
                early = self._early.pop(task.task_id, None)
                if early is not None:
                    return early
                done, _ = await asyncio.wait([arrived], timeout=self._patience)
                if done:
                    return arrived.result()
                asked = await self._ask(task.task_id, request)
                if asked is not None:
                    return asked
        except asyncio.CancelledError:
            await self._stop(task.task_id)
            raise
        finally:
            del self._waiting[task.task_id]

    async def _ask(self, task_id: str, request: DownloadRequest) -> DownloadEvent | None:
        """Return the notification made from the download's present state, in case it was lost."""
        try:
            progress = await self._download.get_progress(task_id)
        except NotFound:
            # The Download service was restarted; its staging folder has the partial files.
            raise ServiceUnavailable("the Download service does not know the download") from None
        if not progress.status.is_final:
            return None
        error = None
        if progress.error is not None:
            kind = error_for_code(progress.error_code or "")
            error = ErrorDetail(code=kind.code, message=progress.error)
        return DownloadEvent(
            **progress.outcome,
            finished_at=utc_now(),
            output_path=request.output_path,
            error=error,
        )

    async def _stop(self, task_id: str) -> None:
        try:
            await self._download.cancel_download(task_id)
        except (NotFound, ServiceError):
            return  # the download or its process has ended
