"""A download: its request, progress and notification."""

import asyncio
from typing import Self

from ytarchive.common.errors import YTArchiveError, error_from
from ytarchive.common.events import DownloadChanged, publish
from ytarchive.common.identifiers import new_id
from ytarchive.common.models import ErrorDetail, utc_now
from ytarchive.common.tracing import current_trace_id
from ytarchive.download.api import (
    DownloadEvent,
    DownloadPhase,
    DownloadProgress,
    DownloadRequest,
    DownloadStatus,
)
from ytarchive.download.pending import PendingDownload
from ytarchive.download.retrying import Retry, for_disk_space
from ytarchive.ytdlp import Downloaded, Transfer


class DownloadTask:
    """A download from QUEUED to its end. `progress` is always a complete snapshot."""

    def __init__(self, request: DownloadRequest, task_id: str | None = None) -> None:
        self.request = request
        self.trace_id = current_trace_id()
        self.is_durable = False
        self.is_of_job = not request.durable
        self.turn = asyncio.Event()
        """Set when earlier downloads of the same video, which use the same folder, have ended."""
        self.running: asyncio.Task[None] | None = None
        self.network_bytes = 0
        self.error: YTArchiveError | None = None
        self.errors: list[ErrorDetail] = []
        self.progress = DownloadProgress(
            task_id=task_id or new_id(),
            video_id=request.video_id,
            status=DownloadStatus.QUEUED,
            progress_percent=0,
            total_bytes=0,
            speed=0,
            only_missing=request.only_missing,
        )

    @property
    def task_id(self) -> str:
        """Sortable by the time of the request."""
        return self.progress.task_id

    def suits(self, request: DownloadRequest) -> bool:
        """Return whether the result is right for another request of the same video."""
        others = {"durable", "max_retries"}
        return self.request.model_dump(exclude=others) == request.model_dump(exclude=others)

    def started(self) -> None:
        """Record that the download has a slot."""
        self._update(
            status=DownloadStatus.DOWNLOADING,
            phase=DownloadPhase.EXTRACTING,
            retry_at=None,
            error=None,
            error_code=None,
        )

    @classmethod
    def restored(cls, pending: PendingDownload) -> Self:
        """Return the task of an earlier process, with its attempts and outcome."""
        task = cls(pending.request, pending.task_id)
        task.is_durable, task.trace_id, task.errors = True, pending.trace_id, pending.errors
        # After a restart the disk is checked at once. Other pauses continue.
        waits_for_space = pending.errors and for_disk_space(error_from(pending.errors[-1]))
        retry_at = None if waits_for_space else pending.retry_at
        task._update(attempts=pending.attempts, retry_at=retry_at)
        if pending.progress is not None and pending.event is not None:
            task.progress, detail = pending.progress, pending.event.error
            task.error = error_from(detail) if detail else None
            task.network_bytes = pending.event.downloaded_bytes
        return task

    def record(self) -> PendingDownload:
        """Return the record for the next process."""
        is_final = self.progress.status.is_final
        return PendingDownload(
            task_id=self.task_id,
            request=self.request,
            trace_id=self.trace_id,
            attempts=self.progress.attempts,
            errors=self.errors,
            retry_at=self.progress.retry_at,
            progress=self.progress if is_final else None,
            event=self.event() if is_final else None,
        )

    def same_code(self, error: YTArchiveError) -> int:
        """Return how many failures had the code of `error`, which is the last one."""
        return sum(each.code == error.code for each in self.errors) + 1

    def postponed(self, error: YTArchiveError, retry: Retry) -> None:
        """Record a failure that is retried."""
        self.errors = [*self.errors, error.detail()][-10:]
        self._stopped(DownloadStatus.QUEUED, error)
        attempts = self.progress.attempts + retry.uses_attempt
        self._update(phase=DownloadPhase.WAITING, attempts=attempts, retry_at=retry.until)

    def moved(self, transfer: Transfer) -> int:
        """Record progress; return the bytes fetched since the last call."""
        phase = DownloadPhase(transfer.phase)
        merging = phase is DownloadPhase.MERGING
        fetched = max(transfer.network_bytes - self.network_bytes, 0)
        self.network_bytes += fetched
        self._update(
            status=DownloadStatus.MERGING if merging else DownloadStatus.DOWNLOADING,
            phase=phase,
            progress_percent=max(transfer.percent, self.progress.progress_percent),
            downloaded_bytes=transfer.downloaded_bytes,
            total_bytes=transfer.total_bytes,
            speed=transfer.speed,
            eta=transfer.eta,
            quality=transfer.quality or self.progress.quality,
        )
        return fetched

    def completed(self, downloaded: Downloaded) -> int:
        """Record that all files are complete; return the bytes fetched since the last call."""
        fetched = max(downloaded.network_bytes - self.network_bytes, 0)
        self.network_bytes += fetched
        self._update(
            status=DownloadStatus.COMPLETED,
            phase=DownloadPhase.DONE,
            progress_percent=100,
            speed=0,
            eta=0,
            quality=downloaded.quality,
            audio_language=downloaded.audio_language,
            remarks=downloaded.remarks,
            missing=downloaded.missing,
            absent_captions=downloaded.absent_captions,
        )
        return fetched

    def failed(self, error: YTArchiveError) -> None:
        """Record a final error; fetched files are kept for the next attempt."""
        self.error = error
        self._stopped(DownloadStatus.FAILED, error)
        if self.is_durable:
            self._update(attempts=self.progress.attempts + 1)

    def cancelled(self, error: YTArchiveError) -> None:
        """Record that the download was cancelled."""
        self._stopped(DownloadStatus.CANCELLED, error)

    def event(self) -> DownloadEvent:
        """Return the notification for the listener."""
        return DownloadEvent(
            **self.progress.outcome | {"downloaded_bytes": self.network_bytes},
            finished_at=utc_now(),
            output_path=self.request.output_path,
            error=self.error.detail() if self.error else None,
            request=self.request if self.is_durable else None,
        )

    def _stopped(self, status: DownloadStatus, error: YTArchiveError) -> None:
        self._update(status=status, error=error.message, error_code=error.code, speed=0, eta=None)

    def _update(self, **fields: object) -> None:
        before, self.progress = self.progress, self.progress.model_copy(update=fields)
        if _shown(before) != _shown(self.progress):
            names = set(DownloadChanged.model_fields) - {"kind"}
            publish(DownloadChanged(**self.progress.model_dump(include=names)))


def _shown(progress: DownloadProgress) -> tuple[str, str, int]:
    """Return the fields whose change is an event, without byte counts."""
    return progress.status, progress.phase, int(progress.progress_percent)
