"""When a running job will end: from its recent speed and the pace at which videos may start."""

from collections import deque
from dataclasses import dataclass, field

from ytarchive.jobs.governor.models import GovernorState
from ytarchive.jobs.queue.models import JobProgress, JobType

_WINDOW = 1800.0
"""Seconds of the past that count: long enough for large videos, short enough to follow changes."""
_SPACING = 5.0
_LEAST = 3.0
"""Seconds that must have passed, so that the first estimate is not off by a large factor."""


@dataclass
class Estimate:
    """Measures one job in this process; a part of a video counts as a part.

    Videos that are skipped need no time, so they count for nothing.
    """

    _seen: deque[tuple[float, float]] = field(default_factory=deque)

    def seconds_left(self, now: float, progress: JobProgress, slowest: float) -> int | None:
        """Return the estimate at the moment `now`, at least `slowest`; None if nothing is known."""
        started = sum(video.progress_percent for video in progress.active) / 100
        left = max(progress.total - progress.done - started, 0)
        worked = progress.succeeded + progress.failed + progress.unavailable + started
        self._note(now, worked)
        since, then = self._seen[0]
        if now - since >= _LEAST and worked > then:
            return round(max((now - since) / (worked - then) * left, slowest))
        return round(slowest) if slowest else None

    def _note(self, now: float, worked: float) -> None:
        """Keep a sample every few seconds, over the window."""
        if not self._seen or now - self._seen[-1][0] >= _SPACING:
            self._seen.append((now, worked))
        while len(self._seen) > 1 and now - self._seen[1][0] >= _WINDOW:
            self._seen.popleft()


def time_of_pace(progress: JobProgress, kind: JobType, governor: GovernorState) -> float:
    """Return the seconds in which the pace lets the remaining videos start; 0 if it sets no limit.

    Metadata alone is cheaper than the pace assumes, so nothing is known of it.
    """
    if governor.pace == "off" or kind is JobType.METADATA_ONLY:
        return 0
    waiting = progress.total - progress.done - len(progress.active) - governor.ready_videos
    return max(waiting, 0) * 3600 / governor.videos_per_hour
