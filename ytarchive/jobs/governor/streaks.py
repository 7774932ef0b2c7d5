"""Consecutive failures that have a common cause."""

from dataclasses import dataclass

from ytarchive.common.errors import (
    ExtractorBroken,
    NetworkFailure,
    NoFormats,
    UnknownFailure,
    YTArchiveError,
)


@dataclass(frozen=True)
class Streak:
    """A number of consecutive similar failures of videos or lists that indicates one cause."""

    reason: str
    errors: tuple[type[YTArchiveError], ...]
    longest: int


EXTRACTION = Streak("extraction_failing", (ExtractorBroken, NoFormats, UnknownFailure), 6)
NETWORK = Streak("network", (NetworkFailure,), 5)


class Streaks:
    """Counts failures by video or list: repeated failures of one count once."""

    def __init__(self) -> None:
        self._sources: dict[Streak, set[str]] = {EXTRACTION: set(), NETWORK: set()}

    def add(self, error: YTArchiveError, source: str) -> Streak | None:
        """Count a failure; return the streak that it completes, if any, and restart its count."""
        for streak, sources in self._sources.items():
            if isinstance(error, streak.errors):
                sources.add(source)
                if len(sources) >= streak.longest:
                    sources.clear()
                    return streak
        return None

    def clear(self) -> None:
        """Record a success."""
        for sources in self._sources.values():
            sources.clear()
