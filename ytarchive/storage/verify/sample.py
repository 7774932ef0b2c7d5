"""Which videos a sample has."""

import random


class Sample:
    """Draws exactly its share of some videos that are passed one after the other.

    They are spread evenly, and each pass begins at another one.
    """

    def __init__(self, total: int, percent: float, seed: str) -> None:
        self._total = max(total, 1)
        self._drawn = min(max(round(self._total * percent / 100), 1), self._total)
        self._offset = random.Random(seed).randrange(self._total)  # noqa: S311  # no secret

    def has(self, position: int) -> bool:
        """Return whether the video at a position, from 0, belongs to the sample."""
        reached = position * self._drawn + self._offset
        return reached // self._total != (reached + self._drawn) // self._total
