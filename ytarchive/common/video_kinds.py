"""The kinds of video that YouTube tells apart."""

from enum import StrEnum

LONGEST_SHORT = 180
"""Seconds: YouTube takes no longer video as a short."""


class VideoKind(StrEnum):
    """What YouTube takes a video for; each has a tab of its own on a channel's page."""

    VIDEO = "video"
    SHORT = "short"
    LIVE = "live"
    """A live stream, or the recording of one."""
