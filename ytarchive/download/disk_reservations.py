"""Disk space that is reserved for each download before its first byte is fetched."""

from collections.abc import Callable
from pathlib import Path

from ytarchive.common.disk import Space, os_errors
from ytarchive.common.errors import DiskFull

_MIB = 2**20


class DiskReservations:
    """Compares the bytes that active downloads will still write with the free space.

    `min_free` bytes of the disk stay free in any case, less on a small one.
    """

    def __init__(self, folder: Path, min_free: int) -> None:
        self._folder = folder
        self._min_free = min_free
        self._claims: dict[str, Callable[[], int]] = {}

    def claim(self, video_id: str, needed: int, written: Callable[[], int]) -> None:
        """Reserve `needed` bytes; `written` returns how many of them are written so far.

        Raises DiskFull if the space that other reservations leave is not sufficient.
        """
        with os_errors(self._folder):
            space = Space.at(self._folder, self._min_free)
        left = space.left - sum(claim() for claim in self._claims.values())
        if needed > left:
            message = (
                f"the video needs {needed // _MIB} MiB on the disk while it is fetched and merged, "
                f"and {max(left, 0) // _MIB} MiB are available"
            )
            raise DiskFull(message, needed_bytes=needed, free_bytes=max(left, 0))
        self._claims[video_id] = lambda: max(needed - written(), 0)

    def release(self, video_id: str) -> None:
        """Release the reservation of a download, if it has one."""
        self._claims.pop(video_id, None)
