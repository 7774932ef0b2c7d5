"""What is wrong with the log itself goes to stderr: the log would be the wrong place."""

import sys
import time
from contextlib import suppress

from ytarchive.logging.masking import mask

_INTERVAL_SECONDS = 60


class Complaints:
    """Says on stderr what fails, at most once a minute."""

    def __init__(self) -> None:
        self._quiet_until = 0.0

    def say(self, text: str) -> None:
        """Write one line, unless one was written within the last minute."""
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + _INTERVAL_SECONDS
            with suppress(OSError, ValueError):  # it may lie on the same full disk, or be closed
                sys.stderr.write(f"ytarchive: {mask(text)}\n")
