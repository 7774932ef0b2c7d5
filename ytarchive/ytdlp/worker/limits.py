"""Limits of a transfer: its announced size and a margin, and never below `min_free`."""

from pathlib import Path

from ytarchive.common.disk import Space
from ytarchive.common.errors import DiskFull, StreamTooLong
from ytarchive.media import Info

_MIB = 2**20
_EXACT_SHARE, _EXACT_MARGIN = 0.1, 8 * _MIB
_ESTIMATE_SHARE, _ESTIMATE_MARGIN = 1.0, 64 * _MIB
_VIDEO_RATE, _AUDIO_RATE = 12_500_000, 500_000
"""Bytes per second that no format of YouTube reaches."""
_USUAL_VIDEO_RATE, _USUAL_AUDIO_RATE, _USUAL_MARGIN = 3_000_000, 40_000, 8 * _MIB
"""Bytes per second that few formats of YouTube exceed."""


def size_limit(chosen: Info, duration: float | None) -> int | None:
    """Return the maximum size of a stream in bytes; None if it is not known.

    `chosen` is the format; `duration` is the video's, in seconds, for a format without size.
    """
    if exact := int(chosen.get("filesize") or 0):
        return int(exact * (1 + _EXACT_SHARE)) + _EXACT_MARGIN
    if estimate := int(chosen.get("filesize_approx") or 0):
        return int(estimate * (1 + _ESTIMATE_SHARE)) + _ESTIMATE_MARGIN
    if duration:
        rate = _AUDIO_RATE if chosen.get("vcodec") == "none" else _VIDEO_RATE
        return int(duration * rate) + _ESTIMATE_MARGIN
    return None


def usual_size(chosen: Info, duration: float | None) -> int:
    """Return the bytes up to which a stream is not suspicious; 0 if nothing is known."""
    if announced := int(chosen.get("filesize") or chosen.get("filesize_approx") or 0):
        return size_limit(chosen, duration) or announced
    rate = _USUAL_AUDIO_RATE if chosen.get("vcodec") == "none" else _USUAL_VIDEO_RATE
    return int(duration * rate) + _USUAL_MARGIN if duration else 0


class DiskWatch:
    """Compares the free space of a folder's disk with the reserve."""

    def __init__(self, min_free: int) -> None:
        self._min_free = min_free

    def left(self, folder: Path) -> int:
        """Return the bytes that may still be written; negative below `min_free`."""
        return Space.at(folder, self._min_free).left

    def require(self, folder: Path, needed: int, purpose: str) -> None:
        """Check that `needed` bytes fit. Raises DiskFull, which names the purpose."""
        left = self.left(folder)
        if needed > left:
            message = f"{max(left, 0) // _MIB} MiB are left on the disk to {purpose}"
            raise DiskFull(f"{message}, besides storage.min_free", needed_bytes=needed)

    def require_for_stream(self, folder: Path, done: int, usual: int) -> None:
        """Check that a stream with `done` bytes may continue; `usual` is its `usual_size`.

        Raises DiskFull, after which it waits for space; StreamTooLong for an unusually large stream
        without an announced size, which would only fill the disk again.
        """
        if self.left(folder) >= 0:
            return
        if done > usual:
            message = f"a stream without an announced size filled the disk with {done // _MIB} MiB"
            raise StreamTooLong(f"{message}, up to storage.min_free")
        raise DiskFull("the disk filled up to storage.min_free during the transfer")
