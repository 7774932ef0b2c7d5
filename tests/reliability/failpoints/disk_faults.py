"""Makes the disk fail for the workers; `sitecustomize.py` installs it.

The file named in DISK_FAULTS contains a JSON object: for each video id, the name of a system error,
and how many bytes of a file of that video are written before it occurs.
"""

import errno
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

_ORDERS = Path(os.environ["DISK_FAULTS"])


class _FailingFile(io.FileIO):
    """Accepts some bytes; then every write fails."""

    def __init__(self, descriptor: int, mode: str, error: str, passes: int) -> None:
        super().__init__(descriptor, mode)
        self._error, self._left = getattr(errno, error), passes

    def write(self, data: Any, /) -> int:
        """Write, until the limit is reached."""
        self._left -= len(data)
        if self._left < 0:
            raise OSError(self._error, os.strerror(self._error))
        return super().write(data)


def _opening(original: Callable[..., Any]) -> Callable[..., Any]:
    def opened(descriptor: int, mode: str = "r", *arguments: Any, **more: Any) -> Any:
        order = _order(descriptor) if mode in {"wb", "ab"} else None
        if order is None:
            return original(descriptor, mode, *arguments, **more)
        return io.BufferedWriter(_FailingFile(descriptor, mode[0], *order))

    return opened


def _order(descriptor: int) -> tuple[str, int] | None:
    path = Path(f"/proc/self/fd/{descriptor}").readlink().as_posix()
    orders = json.loads(_ORDERS.read_text()) if _ORDERS.exists() else {}
    return next((tuple(order) for video_id, order in orders.items() if video_id in path), None)


def install() -> None:
    """From now on, files that yt-dlp opens to write streams fail as ordered."""
    os.fdopen = _opening(os.fdopen)
