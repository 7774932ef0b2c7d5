"""The qualities that can be requested, and the labels of picture sizes."""

import re
from enum import StrEnum

_LABEL = re.compile(r"(\d{3,4})[ps]\d{0,3}(?: .*)?")
"""YouTube's label; `s` instead of `p` marks a spherical picture."""


class Quality(StrEnum):
    """The largest picture to fetch. An unavailable quality falls back to the next lower one."""

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
        """Return the lines of the picture (its shorter side); None for `best` and `audio`."""
        return int(self[:-1]) if self[0].isdigit() else None

    @property
    def most_lines(self) -> float:
        """Return the most lines that a picture may have; 0 for `audio`."""
        return self.height or (0 if self is Quality.AUDIO else float("inf"))


def lines_of(label: str | None) -> int:
    """Return the lines of a picture from its label, such as `720p`; 0 for other texts."""
    return int(label[:-1]) if label and label[:-1].isdigit() else 0


def picture_label(width: int | None, height: int | None, note: str | None = None) -> str | None:
    """Return YouTube's label of a picture size, such as `720p`; None if the size is not known.

    `note` is yt-dlp's `format_note` with YouTube's label (`1080p60 HDR`): a picture of 1920x804 is
    labelled 1080p. Without a label the shorter side in pixels is used.
    """
    parts = re.split("[,+]", note or "")  # of merged formats the notes are joined by `+`
    labels = filter(None, (_LABEL.fullmatch(part.strip()) for part in parts))
    if label := next(labels, None):
        return f"{label[1]}p"
    sides = [side for side in (width, height) if side]
    return f"{min(sides)}p" if sides else None
