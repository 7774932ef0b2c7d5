"""Problems of the log itself are written to stderr."""

import sys
import time
from contextlib import suppress

from ytarchive.logging.masking import mask


class LogProblems:
    """Writes problems to stderr, at most one per minute."""

    def __init__(self) -> None:
        self._quiet_until = 0.0

    def report(self, text: str) -> None:
        """Write one line, unless one was written within the last minute."""
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + 60
            with suppress(OSError, ValueError):  # stderr may be on the same full disk, or closed
                sys.stderr.write(f"ytarchive: {mask(text)}\n")
