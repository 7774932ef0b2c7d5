"""Opens paths only if they are regular files.

Opening a FIFO blocks, a device may have side effects, and a link may lead out of the archive.
"""

import errno
import os
import stat
from io import BufferedReader, FileIO
from pathlib import Path

_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
}

_NOTHING_THERE = frozenset({errno.ENOENT, errno.ELOOP})


class NotRegularFile(OSError):
    """The path is not a regular file."""


def open_regular(path: Path, *, follow_links: bool = False) -> BufferedReader:
    """Open a regular file for reading. Raises OSError."""
    return os.fdopen(_descriptor(path, os.O_RDONLY, follow_links=follow_links), "rb")


def read_regular(path: Path, *, limit: int | None = None, follow_links: bool = False) -> bytes:
    """Return at most `limit` bytes of a regular file. Raises OSError."""
    with open_regular(path, follow_links=follow_links) as file:
        return file.read() if limit is None else file.read(limit)


def append_regular(path: Path) -> FileIO:
    """Open a regular file for appending, unbuffered; create a missing one. Raises OSError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    return os.fdopen(_descriptor(path, flags, follow_links=False), "ab", buffering=0)


def require_regular(path: Path, *, follow_links: bool = False) -> None:
    """Refuse a path that exists and is no regular file, and a broken link.

    A missing file is accepted. Raises OSError.
    """
    try:
        status = path.stat() if follow_links else path.lstat()
    except OSError as error:
        if error.errno not in _NOTHING_THERE:
            raise
        if path.is_symlink():
            cause = "it is a link that leads to no file"
            raise NotRegularFile(errno.EINVAL, cause, str(path)) from None
        return
    _require(status, path)


def _descriptor(path: Path, flags: int, *, follow_links: bool) -> int:
    require_regular(
        path, follow_links=follow_links
    )  # checked before opening, which may have side effects on devices
    flags |= os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow_links else os.O_NOFOLLOW)
    descriptor = os.open(path, flags, 0o666)
    try:
        _require(os.fstat(descriptor), path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _require(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise NotRegularFile(errno.EINVAL, f"it is {kind} and not a regular file", str(path))
