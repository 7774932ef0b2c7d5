"""The disk: errors of the operating system by their cause, free space, and durable writes."""

import errno
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ytarchive.common import errors

_CAUSES: dict[type[errors.LocalError], tuple[str, frozenset[int]]] = {
    errors.DiskFull: (
        "the disk is full: {path} could not be written",
        frozenset({errno.ENOSPC, errno.EDQUOT}),
    ),
    errors.PermissionDenied: (
        "{path} cannot be read or written: {why}",
        frozenset({errno.EACCES, errno.EPERM}),
    ),
    errors.ReadOnlyStorage: ("{path} cannot be written: {why}", frozenset({errno.EROFS})),
    errors.StaleShare: (
        "{path} cannot be read or written: {why}",
        frozenset({errno.ESTALE, errno.EIO, errno.EREMOTEIO, errno.ETIMEDOUT}),
    ),
    errors.StorageGone: (
        "{path} cannot be reached: {why}",
        frozenset(
            {errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.EHOSTDOWN, errno.ESHUTDOWN}
            | {errno.ENOMEDIUM, errno.ECONNABORTED, errno.EHOSTUNREACH, errno.ENETUNREACH}
        ),
    ),
    errors.FileGone: ("{path} is gone: {why}", frozenset({errno.ENOENT, errno.ENOTDIR})),
    errors.FileTooLarge: (
        "{path} is too large for its file system: {why}",
        frozenset({errno.EFBIG}),
    ),
    errors.CrossDevice: (
        "{path} is on another file system than the archive's staging folder",
        frozenset({errno.EXDEV}),
    ),
    errors.LocksUnavailable: ("{path} cannot be locked: {why}", frozenset({errno.ENOLCK})),
    errors.TooManyOpenFiles: (
        "{path} cannot be opened: {why}",
        frozenset({errno.EMFILE, errno.ENFILE}),
    ),
}
CAUSES = {number: kind for kind, (_, numbers) in _CAUSES.items() for number in numbers}
"""The error class of each errno that has one."""

_NOT_IMPLEMENTED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
_UNSYNCABLE = _NOT_IMPLEMENTED | {errno.EBADF, errno.EISDIR, errno.EACCES, errno.EPERM}


def translated(error: OSError, path: Path) -> errors.LocalError:
    """Return the LocalError for an OSError.

    The file that the error names is preferred to `path`.
    """
    named = error.filename2 or error.filename  # the target of a rename
    where = named if isinstance(named, str) else str(path)
    kind = CAUSES.get(error.errno or 0, errors.FileFailure)
    words = _CAUSES[kind][0] if kind in _CAUSES else "{path} cannot be read or written: {why}"
    return kind(words.format(path=where, why=error.strerror or error))


def unusable(error: OSError, path: Path) -> errors.LocalError:
    """Return the error for a folder that is required; the default is NotWritable."""
    cause = translated(error, path)
    if isinstance(cause, errors.StorageProblem):
        return cause
    return errors.NotWritable(f"{path} cannot be written: {error.strerror}")


def unlockable(error: OSError, path: Path) -> errors.LocalError:
    """Return the error for a lock that could not be taken."""
    if error.errno in _NOT_IMPLEMENTED:
        return errors.LocksUnavailable(f"{path} cannot be locked: {error.strerror}")
    return unusable(error, path)


def create_private_folder(folder: Path) -> None:
    """Create a folder for ytarchive only. A link in its place is removed: it would redirect writes.

    The link's target is not changed. Raises OSError.
    """
    if folder.is_symlink():
        folder.unlink()
    folder.mkdir(parents=True, exist_ok=True)


def existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists. Raises OSError."""
    return next(each for each in (path, *path.parents) if _exists(each))


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


@dataclass(frozen=True)
class Space:
    """Disk space in bytes. `kept` is the reserve that downloads leave free."""

    capacity: int
    free: int
    kept: int

    @classmethod
    def at(cls, path: Path, min_free: int) -> Self:
        """Return the disk of a path that may not exist yet.

        On a small disk less than `min_free` is kept.

        Raises OSError.
        """
        disk = shutil.disk_usage(existing(path))
        return cls(disk.total, disk.free, kept=min(min_free, disk.total // 20))

    @property
    def is_known(self) -> bool:
        """Return whether the file system reports its size; some network file systems do not."""
        return self.capacity > 0

    @property
    def left(self) -> int:
        """Return the bytes that downloads may still use; negative inside the reserve."""
        return self.free - self.kept if self.is_known else sys.maxsize


@contextmanager
def os_errors(path: Path) -> Iterator[None]:
    """Translate the OSErrors of the block. Raises a LocalError that names the cause."""
    try:
        yield
    except OSError as error:
        raise translated(error, path) from error


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on the disk. Raises OSError.

    Some file systems cannot sync folders; all must be able to sync a file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        sync_descriptor(descriptor, path)
    except OSError as error:
        if error.errno not in _UNSYNCABLE or not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def write_new(path: Path, parts: Iterable[bytes]) -> None:
    """Write a new file and sync it to disk; remove it if that fails. Raises OSError."""
    try:
        with path.open("xb") as file:
            file.writelines(parts)
            file.flush()
            sync_descriptor(file.fileno(), path)
    except OSError:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise


def sync_descriptor(descriptor: int, path: Path) -> None:
    """Wait until an open file is on the disk. Raises OSError with a readable reason."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_IMPLEMENTED:
            raise
        why = f"its file system cannot sync files ({error.strerror}); use another one"
        raise OSError(error.errno, why, str(path)) from error
