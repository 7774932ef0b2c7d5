"""Checks of files and folders that return False only for a missing name.

`Path.is_file()` and similar methods return False also for some other errors, depending on the
Python version: with an unreachable network share, stored videos would seem lost. Here every other
error of the operating system is raised as the error class of its cause.
"""

import errno
import os
import stat
from pathlib import Path

from ytarchive.common.disk import os_errors

_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


def status(path: Path, *, follow: bool = True) -> os.stat_result | None:
    """Return the status of a file or folder; None if it does not exist. Raises LocalError."""
    with os_errors(path):
        try:
            return path.stat(follow_symlinks=follow)
        except ValueError:  # a null byte: no file has such a name
            return None
        except OSError as error:
            if error.errno in _MISSING:
                return None
            raise


def exists(path: Path) -> bool:
    """Return whether the path exists, links followed. Raises LocalError."""
    return status(path) is not None


def is_file(path: Path) -> bool:
    """Return whether the path is a regular file, links followed. Raises LocalError."""
    found = status(path)
    return found is not None and stat.S_ISREG(found.st_mode)


def is_folder(path: Path) -> bool:
    """Return whether the path is a folder, links followed. Raises LocalError."""
    found = status(path)
    return found is not None and stat.S_ISDIR(found.st_mode)


def is_link(path: Path) -> bool:
    """Return whether the path itself is a symbolic link. Raises LocalError."""
    found = status(path, follow=False)
    return found is not None and stat.S_ISLNK(found.st_mode)


def entries(folder: Path) -> list[Path]:
    """Return the entries of a folder, unordered. Raises FileGone or another LocalError."""
    with os_errors(folder), os.scandir(folder) as found:
        return [Path(entry.path) for entry in found]
