"""Waits for the Download service's notification (step 7), and polls if it does not arrive."""

import asyncio

from ytarchive.common.errors import NotFound, ServiceError, ServiceUnavailable, error_for_code
from ytarchive.common.models import ErrorDetail, utc_now
from ytarchive.download import DownloadAPI, DownloadEvent, DownloadRequest


class DownloadWaiter:
    """Delivers each notification to the job that waits for it."""

    def __init__(self, download: DownloadAPI, patience: float) -> None:
        self._download = download
        self._patience = patience
        self._starting: dict[str, asyncio.Event] = {}
        self._waiting: dict[str, asyncio.Future[DownloadEvent]] = {}
        self._running: dict[str, str] = {}

    def task_of(self, video_id: str) -> str | None:
        """Return the download task of a video that a job fetches; None if there is none."""
        return self._running.get(video_id)

    async def deliver(self, event: DownloadEvent) -> bool:
        """Deliver a notification to its waiter; return False if no job requested the download."""
        while event.task_id not in self._waiting and event.video_id in self._starting:
            await self._starting[event.video_id].wait()  # it may be of the task being started
        waiting = self._waiting.get(event.task_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(event)
        return waiting is not None

    async def fetch(self, request: DownloadRequest) -> DownloadEvent:
        """Start a download and wait for its end. A cancelled wait cancels the download."""
        try:
            task_id, arrived = await self._start(request)
            return await self._wait(task_id, arrived, request)
        finally:
            self._running.pop(request.video_id, None)

    async def _start(self, request: DownloadRequest) -> tuple[str, asyncio.Future[DownloadEvent]]:
        started = self._starting[request.video_id] = asyncio.Event()
        arrived: asyncio.Future[DownloadEvent] = asyncio.get_running_loop().create_future()
        try:
            task = await self._download.start_download(request)
            self._running[request.video_id] = task.task_id
            self._waiting[task.task_id] = arrived
        finally:
            if self._starting.get(request.video_id) is started:
                del self._starting[request.video_id]
            started.set()
        return task.task_id, arrived

    async def _wait(
        self, task_id: str, arrived: asyncio.Future[DownloadEvent], request: DownloadRequest
    ) -> DownloadEvent:
        try:
            while True:
                done, _ = await asyncio.wait([arrived], timeout=self._patience)
                if done:
                    return arrived.result()
                asked = await self._ask(task_id, request)
                if asked is not None:
                    return asked
        except asyncio.CancelledError:
            await self._stop(task_id)
            raise
        finally:
            del self._waiting[task_id]

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
