"""The qualities that can be asked for."""

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
