"""Opening files that may be anything: only regular files are ever opened.

A FIFO blocks whoever opens it, a device may do anything, and a link may lead out of the archive.
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
    """Something else is in the place of a file."""


def open_regular(path: Path, *, follow_links: bool = False) -> BufferedReader:
    """Open a regular file for reading. Raises OSError."""
    return os.fdopen(_descriptor(path, os.O_RDONLY, follow_links=follow_links), "rb")


def read_regular(path: Path, *, limit: int | None = None, follow_links: bool = False) -> bytes:
    """Return the content of a regular file, at most `limit` bytes of it. Raises OSError."""
    with open_regular(path, follow_links=follow_links) as file:
        return file.read() if limit is None else file.read(limit)


def append_regular(path: Path) -> FileIO:
    """Open a regular file for appending, unbuffered; make it if there is none. Raises OSError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    return os.fdopen(_descriptor(path, flags, follow_links=False), "ab", buffering=0)


def require_regular(path: Path, *, follow_links: bool = False) -> None:
    """Refuse what is there and is no regular file; a link that leads nowhere as well.

    Raises OSError. Nothing at all may be there.
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
    require_regular(path, follow_links=follow_links)  # before it is opened: devices react to that
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
