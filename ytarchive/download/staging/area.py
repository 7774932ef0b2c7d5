"""The staging folder: finds unused files of videos, and removes some of them.

Later attempts resume from unused files. They are removed if they are older than
`storage.staging_max_age`, if their total size exceeds `storage.staging_max_bytes`, and, oldest
first, while the disk has less than `storage.min_free`. A finished video that waits to be stored is
removed only because of its age.
"""

import re
import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from ytarchive.common.config import StorageConfig
from ytarchive.common.disk import Space
from ytarchive.common.models import from_micros
from ytarchive.common.paths import staged_name
from ytarchive.download.staging.api import StagingReport

log = logger.bind(service="download")

_VIDEO_FOLDER = re.compile(r"[A-Za-z0-9_-]{11}(\.[a-z-]+)?")
_MEDIA = (".mp4", ".m4a", ".mkv", ".webm", ".opus", ".mp3")
_REMOVED = ".removed-"
_MIB = 2**20


@dataclass(frozen=True)
class IdleFiles:
    """The unused staged files of a video; `changed` is epoch seconds."""

    folder: Path
    size: int
    changed: float
    is_complete: bool


class StagingArea:
    """Reports and cleans the staging folder. All methods block."""

    def __init__(self, config: StorageConfig) -> None:
        self._folder = config.staging_path
        self._config = config

    def report(self, active: Collection[str]) -> StagingReport:
        """Return the unused files; `active` has the names of the folders in use."""
        idle = self._idle(active)
        oldest = min((each.changed for each in idle), default=None)
        return StagingReport(
            videos=len(idle),
            size_bytes=sum(each.size for each in idle),
            oldest=None if oldest is None else from_micros(int(oldest * 1_000_000)),
            active=len({name.partition(".")[0] for name in active}),
            max_age=self._config.staging_max_age,
            max_bytes=self._config.staging_max_bytes,
        )

    def clean(self, active: Collection[str]) -> int:
        """Remove idle files by age, quota and free space; return the bytes removed."""
        self._finish_removals()
        idle = sorted(self._idle(active), key=lambda each: each.changed)
        left_over = sum(each.size for each in idle) - self._config.staging_max_bytes
        removed = 0
        for each in idle:
            reason = self._reason(each, left_over)
            if reason is not None and self._remove(each, reason):
                removed += each.size
                left_over -= each.size
        return removed

    def discard(self, video_id: str, reason: str) -> None:
        """Remove the files of a video, also a complete download. Raises OSError."""
        for side_files in (False, True):
            folder = self._folder / staged_name(video_id, side_files=side_files)
            if _is_folder(folder):
                self._remove(_idle_files(folder), reason)
        (self._folder / "info" / f"{video_id}.info.json").unlink(missing_ok=True)

    def release_space(self) -> None:
        """Remove unfinished files, largest first, until the state can be written. Never raises.

        Only for a process that has just started, without active downloads.
        """
        try:
            unfinished = sorted(filter(_is_unfinished, self._folder.rglob("*")), key=_size)
            while unfinished and Space.at(self._folder, 0).left < 2 * _MIB:
                path = unfinished.pop()
                path.unlink(missing_ok=True)
                log.warning("{} was removed, because the disk is full", path.name)
        except OSError as error:
            log.warning("the staging folder cannot be cleaned: {}", error)

    def _idle(self, active: Collection[str]) -> list[IdleFiles]:
        try:
            children = list(self._folder.iterdir())
        except OSError:
            return []
        return [
            _idle_files(path)
            for path in children
            if _VIDEO_FOLDER.fullmatch(path.name) and path.name not in active and _is_folder(path)
        ]

    def _reason(self, idle: IdleFiles, left_over: int) -> str | None:
        if time.time() - idle.changed > self._config.staging_max_age:
            return "older than storage.staging_max_age"
        if idle.is_complete:
            return None
        if left_over > 0:
            return "beyond storage.staging_max_bytes"
        return "the disk has less than storage.min_free" if self._is_full() else None

    def _is_full(self) -> bool:
        try:
            return Space.at(self._folder, self._config.min_free).left < 0
        except OSError:
            return False

    def _remove(self, idle: IdleFiles, reason: str) -> bool:
        """Rename a folder and remove it: the video may be downloaded again into a new folder."""
        aside = self._folder / f"{_REMOVED}{idle.folder.name}"
        try:
            idle.folder.rename(aside)
        except OSError as error:
            log.warning("{} cannot be removed: {}", idle.folder, error.strerror)
            return False
        shutil.rmtree(aside, ignore_errors=True)
        message = "{}: unused download deleted, {} MiB: {}"
        log.info(message, idle.folder.name, idle.size // _MIB, reason)
        return True

    def _finish_removals(self) -> None:
        """Finish the removals of a killed process."""
        for path in self._folder.glob(f"{_REMOVED}*"):
            shutil.rmtree(path, ignore_errors=True)


def _is_unfinished(path: Path) -> bool:
    return ".part" in path.suffix or ".temp." in path.name


def _size(path: Path) -> int:
    return path.lstat().st_size


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _idle_files(folder: Path) -> IdleFiles:
    """Return size and last change of a folder; files that vanish meanwhile do not count."""
    size, changed, is_complete = 0, 0.0, False
    for path in [folder, *folder.rglob("*")]:
        try:
            found = path.lstat()
        except OSError:
            continue
        size += max(found.st_blocks * 512, found.st_size)  # some file systems report blocks late
        changed = max(changed, found.st_mtime)
        is_complete |= path.stem == folder.name and path.suffix in _MEDIA
    return IdleFiles(folder, size, changed, is_complete)
