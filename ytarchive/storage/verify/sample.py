"""Selects the videos of a sample."""

import random


class Sample:
    """Selects an exact percentage of `total` videos by their positions.

    The videos are spread evenly. The seed determines the offset of the first one.
    """

    def __init__(self, total: int, percent: float, seed: str) -> None:
        self._total = max(total, 1)
        self._drawn = min(max(round(self._total * percent / 100), 1), self._total)
        self._offset = random.Random(seed).randrange(self._total)  # noqa: S311  # no secret

    def has(self, position: int) -> bool:
        """Return whether the video at a position, from 0, belongs to the sample."""
        reached = position * self._drawn + self._offset
        return reached // self._total != (reached + self._drawn) // self._total
