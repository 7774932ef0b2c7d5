"""Where the time comes from: the system, or a test that cannot wait a month."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

Clock = Callable[[], datetime]
"""The present moment in UTC, as the wall clock has it: people set it, and it may be wrong."""

Stopwatch = Callable[[], float]
"""Seconds since some moment. It only ever goes forward, whatever the wall clock is set to."""

CLOCK_WAS_SET = timedelta(seconds=5)
"""Smaller differences are the ordinary corrections of a clock that is kept right."""

# Unlike the monotonic clock it counts while the machine sleeps, so sleep is no jump of the wall
# clock.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def stopwatch() -> float:
    """Seconds that have passed, time in which the machine slept included where it can tell."""
    return time.clock_gettime(_STEADY)


@dataclass(frozen=True)
class Jump:
    """The wall clock was set: by how much, and what it showed before."""

    by: timedelta
    before: datetime


class ClockWatch:
    """Notices when the wall clock goes otherwise than the stopwatch."""

    def __init__(self, now: Clock, passed: Stopwatch) -> None:
        self._now = now
        self._passed = passed
        self._seen = now(), passed()

    def jump(self) -> Jump | None:
        """Return the wall clock's irregularity since the last call; None if there was none."""
        (now_then, passed_then), now, passed = self._seen, self._now(), self._passed()
        self._seen = now, passed
        expected = now_then + timedelta(seconds=passed - passed_then)
        jump = Jump(now - expected, expected)
        return jump if abs(jump.by) > CLOCK_WAS_SET else None
