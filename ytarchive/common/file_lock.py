"""Locks on the files themselves, which still hold if somebody deletes the lock files.

`flock` is independent of the locks that SQLite takes (`fcntl`), so readers are not affected. But
closing any descriptor of a file drops every `fcntl` lock that the process has on it: a database's
descriptor is opened before SQLite's and closed after it.
"""

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

from ytarchive.common.disk import create_private_folder, unusable
from ytarchive.common.errors import DiskFull, LocalError, NotWritable, StateLocked

_WITHOUT_FOLDER_LOCKS = frozenset({errno.EBADF, errno.ENOLCK, errno.ENOTSUP, errno.EINVAL})


_held: set[tuple[int, int]] = set()
"""The files that this process has locked, by device and inode."""


class FileLock:
    """Locks a file or folder until `release` or the end of the process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor
        self._file = _identity(os.fstat(descriptor))
        _held.add(self._file)

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """Lock a file, which is created if it is missing.

        Raises StateLocked, or NotWritable or DiskFull if it cannot be opened or locked.
        """
        try:
            _require_closed(path)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _cannot_open(error, path) from error
        try:
            return cls._locked(path, descriptor)
        except OSError as error:
            raise unusable(error, path) from error

    @classmethod
    def of_folder(cls, path: Path) -> Self | None:
        """Lock a folder that exists; None where folders cannot be locked, as on NFS.

        Raises StateLocked, or NotWritable if it cannot be opened.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise unusable(error, path) from error
        try:
            return cls._locked(path, descriptor)
        except OSError as error:
            if error.errno in _WITHOUT_FOLDER_LOCKS:
                return None
            raise unusable(error, path) from error

    @classmethod
    def _locked(cls, path: Path, descriptor: int) -> Self:
        """Lock an open file, or close it. Raises StateLocked or OSError."""
        try:
            _lock(descriptor, path)
        except (OSError, StateLocked):
            os.close(descriptor)
            raise
        return cls(path, descriptor)

    def release(self) -> None:
        """Release the lock. Can be called twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
            _held.discard(self._file)


@contextmanager
def held_folder(path: Path) -> Iterator[None]:
    """Create a folder if it is missing, and lock it where folders can be locked.

    Raises StateLocked, or NotWritable or DiskFull if it cannot be made or opened.
    """
    try:
        create_private_folder(path)
    except OSError as error:
        raise unusable(error, path) from error
    lock = FileLock.of_folder(path)
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


@contextmanager
def held_files(paths: Iterable[Path]) -> Iterator[None]:
    """Lock the files that exist. Raises StateLocked or NotWritable."""
    with ExitStack() as held:
        for path in paths:
            if path.exists():
                held.callback(FileLock.of_file(path).release)
        yield


def _require_closed(path: Path) -> None:
    """Raise StateLocked for a file that this process has locked and must not open again."""
    with suppress(FileNotFoundError):
        if _identity(path.stat()) in _held:
            raise StateLocked(f"{path} is used by this process ({os.getpid()})")


def _identity(file: os.stat_result) -> tuple[int, int]:
    return file.st_dev, file.st_ino


def _cannot_open(error: OSError, path: Path) -> LocalError:
    cause = unusable(error, path)
    if isinstance(cause, DiskFull):
        return cause
    return NotWritable(f"{path} cannot be opened: {error.strerror}", path=str(path))


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(os.fstat(descriptor))
        message = f"{path} is used by another process"
        if holder is not None:
            message = f"{path} is used by process {holder} (`{_command_of(holder)}`)"
        raise StateLocked(message, pid=str(holder or "?")) from None


def _holder(file: os.stat_result) -> int | None:
    """Return the process that has locked a file, where the system lists locks."""
    device = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/locks").read_text("ascii").splitlines():
            fields = line.split()
            if fields[1] == "FLOCK" and fields[5] == device and int(fields[4]) > 0:
                return int(fields[4])
    return None


def _command_of(pid: int) -> str:
    """Return the command line of a process, from the argument `ytarchive` on."""
    with suppress(OSError):
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        names = [number for number, each in enumerate(arguments) if Path(each).name == "ytarchive"]
        rest = arguments[names[0] + 1 :] if names else []
        return " ".join(["ytarchive", *filter(None, rest)])
    return "ytarchive"
