"""Files and the disk: what went wrong as one of our errors, and waiting until it is written."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ytarchive.common.errors import DiskFull, FileFailure, LocalError, NotWritable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_LARGEST_SHARE = 20
_UNSYNCABLE = frozenset({errno.EINVAL, errno.ENOTSUP})


def translated(error: OSError, path: Path) -> LocalError:
    """An OSError as ours. The file it names is preferred to `path`."""
    where = error.filename if isinstance(error.filename, str) else str(path)
    if error.errno in _FULL:
        return DiskFull(f"the disk is full: {where} could not be written")
    if error.errno in _DENIED:
        return NotWritable(f"{where} cannot be written: {error.strerror}")
    if error.errno == errno.EXDEV:
        return FileFailure(f"{where} is on another file system than the archive's staging folder")
    return FileFailure(f"{where}: {error.strerror or error}")


def unusable(error: OSError, path: Path) -> DiskFull | NotWritable:
    """The same for what must be there before anything works.

    Whatever hinders it, other than a full disk, `path` is no place for it.
    """
    told = translated(error, path)
    if isinstance(told, DiskFull):
        return told
    return NotWritable(f"{path} cannot be written: {error.strerror}")


def own_folder(folder: Path) -> None:
    """Make a folder that is ours alone. A link in its place goes: it would lead writers elsewhere.

    What the link leads to stays. Raises OSError.
    """
    if folder.is_symlink():
        folder.unlink()
    folder.mkdir(parents=True, exist_ok=True)


def existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next(each for each in (path, *path.parents) if each.exists())


@dataclass(frozen=True)
class Space:
    """A disk, in bytes. `kept` is what downloads leave free."""

    capacity: int
    free: int
    kept: int

    @classmethod
    def at(cls, path: Path, min_free: int) -> Self:
        """The disk of a path that may not exist yet. On a small one less than `min_free` is kept.

        Raises OSError.
        """
        disk = shutil.disk_usage(existing(path))
        return cls(disk.total, disk.free, kept=min(min_free, disk.total // _LARGEST_SHARE))

    @property
    def left(self) -> int:
        """What downloads may still fill; below zero if they already hold back."""
        return self.free - self.kept


@contextmanager
def os_errors(path: Path) -> Iterator[None]:
    """Translate the OSErrors of the block. Raises DiskFull, NotWritable or FileFailure."""
    try:
        yield
    except OSError as error:
        raise translated(error, path) from error


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNSYNCABLE or not path.is_dir():
            raise  # some file systems cannot sync folders; none may fail to sync a file
    finally:
        os.close(descriptor)
