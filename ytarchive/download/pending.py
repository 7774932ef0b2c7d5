"""Records of direct downloads as files: unfinished ones, and the last results.

A record is written before the request is answered, after each failed attempt and at the end; so
after a kill the next process can continue.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from loguru import logger
from pydantic import Field, ValidationError

from ytarchive.common.disk import create_private_folder, os_errors, sync
from ytarchive.common.errors import NotFound
from ytarchive.common.identifiers import OpaqueId
from ytarchive.common.models import ErrorDetail, Model, UtcDatetime
from ytarchive.common.regular import read_regular
from ytarchive.common.reserve import Reserve
from ytarchive.download.api import DownloadEvent, DownloadProgress, DownloadRequest

log = logger.bind(service="download")

_KEPT_ENDED = 1000
_SECONDS_KEPT = 90 * 86_400


class PendingDownload(Model):
    """A direct download: the request, its attempts, and its outcome once there is one."""

    task_id: OpaqueId
    request: DownloadRequest
    trace_id: str | None = None
    attempts: int = 0
    errors: list[ErrorDetail] = Field(default=[])
    retry_at: UtcDatetime | None = None
    progress: DownloadProgress | None = None
    event: DownloadEvent | None = None


class PendingDownloads:
    """One small file for each direct download, in `pending` until its end is reported."""

    def __init__(self, pending: Path, ended: Path, reserve: Reserve) -> None:
        self._pending = pending
        self._ended = ended
        self._reserve = reserve

    def keep(self, download: PendingDownload) -> None:
        """Write a record that survives a power cut. Raises DiskFull, NotWritable, ..."""
        path = self._pending / f"{download.task_id}.json"
        part = path.with_suffix(".part")
        self._reserve.release_space()
        with os_errors(path):
            create_private_folder(self._pending)
            part.write_text(download.model_dump_json(), "utf-8")
            sync(part)
            part.replace(path)
            sync(self._pending)

    def end(self, task_id: str) -> None:
        """Move a record to the ended ones. Raises DiskFull, NotWritable, ..."""
        path = self._pending / f"{task_id}.json"
        with os_errors(path):
            try:
                create_private_folder(self._ended)
                path.rename(self._ended / path.name)
            except FileNotFoundError:
                return
            except OSError:
                path.unlink(missing_ok=True)  # otherwise each start would repeat it
                raise

    def open(self) -> Iterator[PendingDownload]:
        """Return the unfinished records, oldest request first."""
        for path in sorted(self._pending.glob("*.json")):
            try:
                yield PendingDownload.model_validate_json(read_regular(path))
            except (OSError, ValidationError) as error:
                log.error("{} cannot be read, and its download is lost: {}", path, error)
        self._prune()

    def ended(self, task_id: str) -> DownloadProgress:
        """Return how an earlier download ended. Raises NotFound."""
        with suppress(OSError, ValidationError):
            content = read_regular(self._ended / f"{task_id}.json")
            progress = PendingDownload.model_validate_json(content).progress
            if progress is not None:
                return progress
        raise NotFound(f"no download has the id {task_id}")

    def _prune(self) -> None:
        """Remove records beyond the last thousand, and those older than 90 days."""
        records = sorted(self._ended.glob("*.json"), reverse=True)
        oldest = time.time() - _SECONDS_KEPT
        for number, path in enumerate(records):
            with suppress(OSError):
                if number >= _KEPT_ENDED or path.stat().st_mtime < oldest:
                    path.unlink()
