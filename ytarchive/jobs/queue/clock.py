"""The clocks of the queue: those of the system, or others in tests."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

Clock = Callable[[], datetime]
"""The present time in UTC by the wall clock, which users can set and which may be wrong."""

Stopwatch = Callable[[], float]
"""Seconds since an arbitrary moment. They only increase, also when the wall clock is set."""

CLOCK_WAS_SET = timedelta(seconds=5)
"""Smaller differences are normal corrections of a synchronised clock."""

# Unlike the monotonic clock it counts while the machine sleeps, so sleep is no jump of the wall
# clock.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def stopwatch() -> float:
    """Return elapsed seconds, including sleep of the machine on systems that support it."""
    return time.clock_gettime(_STEADY)


@dataclass(frozen=True)
class Jump:
    """A change of the wall clock: its size, and the time without the change."""

    by: timedelta
    before: datetime


class ClockWatch:
    """Detects changes of the wall clock by comparison with the stopwatch."""

    def __init__(self, now: Clock, passed: Stopwatch) -> None:
        self._now = now
        self._passed = passed
        self._seen = now(), passed()

    def jump(self) -> Jump | None:
        """Return the change of the wall clock since the last call; None if there was none."""
        (now_then, passed_then), now, passed = self._seen, self._now(), self._passed()
        self._seen = now, passed
        expected = now_then + timedelta(seconds=passed - passed_then)
        jump = Jump(now - expected, expected)
        return jump if abs(jump.by) > CLOCK_WAS_SET else None
