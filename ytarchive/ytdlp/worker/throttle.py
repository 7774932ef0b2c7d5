"""Limits the rate of a worker's transfers. The server changes the limit during a transfer.

yt-dlp's own limit is an average since the start of a transfer: after an increase of the limit a
transfer would make up for its slow start at full speed.
"""

import time
from collections.abc import Callable
from typing import Any

from yt_dlp.downloader.common import FileDownloader

_LONGEST_SLEEP = 0.25
"""Seconds until a changed limit has an effect."""


class Throttle:
    """Delays the transfers of this process; without `rate` only yt-dlp's own limit applies."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.rate: float | None = None
        """Bytes per second; set by another thread."""
        self._now = now
        self._sleep = sleep
        self._stream: tuple[float, int] = (0.0, 0)
        self._excess = 0.0
        """Bytes that were received before their time."""
        self._seen = now()

    def received(self, start: float, count: int) -> None:
        """Sleep until `count` bytes of the stream that began at `start` may have been received."""
        before = self._stream[1] if self._stream[0] == start else 0
        self._stream = (start, count)
        self._excess += max(count - before, 0)
        while (rate := self.rate) is not None:
            now = self._now()
            self._excess = max(self._excess - (now - self._seen) * rate, 0)
            self._seen = now
            if self._excess < 1:
                return
            self._sleep(min(self._excess / rate, _LONGEST_SLEEP))
        self._excess, self._seen = 0.0, self._now()


THROTTLE = Throttle()
"""The throttle of this process."""

_own_limit = FileDownloader.slow_down


def _slow_down(self: Any, start_time: float, now: float | None, byte_counter: int) -> None:
    """Replace yt-dlp's limit while the server limits this worker."""
    if THROTTLE.rate is None:
        _own_limit(self, start_time, now, byte_counter)
    THROTTLE.received(start_time, byte_counter)


FileDownloader.slow_down = _slow_down
