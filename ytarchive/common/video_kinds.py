"""The kinds of videos on YouTube."""

from enum import StrEnum

LONGEST_SHORT = 180
"""Maximum seconds of a short."""


class VideoKind(StrEnum):
    """The kind of a video; each kind has its own tab on a channel's page."""

    VIDEO = "video"
    SHORT = "short"
    LIVE = "live"
    """A live stream, or the recording of one."""
