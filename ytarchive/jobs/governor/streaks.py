"""Failures in a row that, together, are not the videos' own."""

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
    """So many videos or lists that fail alike, without a success between, have one cause."""

    reason: str
    errors: tuple[type[YTArchiveError], ...]
    longest: int


EXTRACTION = Streak("extraction_failing", (ExtractorBroken, NoFormats, UnknownFailure), 6)
NETWORK = Streak("network", (NetworkFailure,), 5)


class Streaks:
    """Counts them by what failed: one that fails again and again is one."""

    def __init__(self) -> None:
        self._sources: dict[Streak, set[str]] = {EXTRACTION: set(), NETWORK: set()}

    def add(self, error: YTArchiveError, source: str) -> Streak | None:
        """Return the streak that this failure completes, if it does; its counting begins anew."""
        for streak, sources in self._sources.items():
            if isinstance(error, streak.errors):
                sources.add(source)
                if len(sources) >= streak.longest:
                    sources.clear()
                    return streak
        return None

    def clear(self) -> None:
        """Something succeeded."""
        for sources in self._sources.values():
            sources.clear()
