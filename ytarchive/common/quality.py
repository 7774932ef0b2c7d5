"""The qualities that can be asked for, and what a picture is called."""

from enum import StrEnum


class Quality(StrEnum):
    """The largest picture wanted. What is not available falls back to the next lower one."""

    BEST = "best"
    P2160 = "2160p"
    P1440 = "1440p"
    P1080 = "1080p"
    P720 = "720p"
    P480 = "480p"
    P360 = "360p"
    AUDIO = "audio"

    @property
    def height(self) -> int | None:
        """Lines of the picture (its shorter side); None for `best` and `audio`."""
        return int(self[:-1]) if self[0].isdigit() else None


def picture_label(width: int | None, height: int | None) -> str | None:
    """`720p`, by a picture's shorter side in pixels; None if neither side is known."""
    sides = [side for side in (width, height) if side]
    return f"{min(sides)}p" if sides else None
