"""Downloads that were promised to somebody, as files in staging: they outlive this process."""

from collections.abc import Iterator
from pathlib import Path

from loguru import logger

from ytarchive.common.disk import os_errors, own_folder, sync
from ytarchive.common.errors import YTArchiveError
from ytarchive.common.filesystem import entries, is_folder
from ytarchive.common.identifiers import OpaqueId
from ytarchive.common.json_text import stored_json
from ytarchive.common.models import Model
from ytarchive.common.regular import read_regular
from ytarchive.download.api import DownloadRequest

log = logger.bind(service="download")


class Promise(Model):
    """A download that was asked for."""

    task_id: OpaqueId
    request: DownloadRequest
    trace_id: str | None = None


class Journal:
    """One small file for each promise, from before the answer until the end was told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, promise: Promise) -> None:
        """Write it down, so that even a power cut leaves it. Raises DiskFull, NotWritable, ..."""
        path = self._path(promise.task_id)
        part = path.with_suffix(".part")
        with os_errors(path):
            own_folder(self._folder)
            part.write_text(promise.model_dump_json(), "utf-8")
            sync(part)
            part.replace(path)
            sync(self._folder)

    def forget(self, task_id: str) -> None:
        """It was kept."""
        with os_errors(self._folder):
            self._path(task_id).unlink(missing_ok=True)

    def kept(self) -> Iterator[Promise]:
        """What an earlier process did not get to, first asked first."""
        listed = entries(self._folder) if is_folder(self._folder) else []
        for path in sorted(path for path in listed if path.suffix == ".json"):
            try:
                yield Promise.model_validate(stored_json(read_regular(path)))
            except (OSError, ValueError, YTArchiveError) as error:
                log.error("{} cannot be read, and its download is lost: {}", path, error)

    def _path(self, task_id: str) -> Path:
        return self._folder / f"{task_id}.json"
