"""Converts other exceptions into the project's error classes."""

from pathlib import Path

from ytarchive.common import disk, sqlite_errors
from ytarchive.common.errors import InternalError, YTArchiveError


def as_error(error: Exception) -> YTArchiveError:
    """Return a YTArchiveError for any exception: by its cause for the disk and databases.

    Every other exception becomes InternalError.
    """
    if isinstance(error, YTArchiveError):
        return error
    if isinstance(error, OSError) and (error.filename or error.errno in disk.CAUSES):
        return disk.translated(error, Path("a file of the archive"))
    named = sqlite_errors.translated(error, Path("a database"))
    if isinstance(named, YTArchiveError):
        return named
    return InternalError(f"{type(error).__name__}: {error}")
