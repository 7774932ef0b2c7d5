"""Counts failures, each once."""

from ytarchive.common.errors import Cancelled, DataApiError, QuotaExceeded, YTArchiveError
from ytarchive.common.telemetry import YOUTUBE_ERRORS

_COUNTED_ELSEWHERE = (DataApiError, QuotaExceeded, Cancelled)
"""The Data API's client counts its own failures; a cancellation is none."""


def count_failure(error: YTArchiveError) -> None:
    """Add a failed attempt at a video or list to the metric, unless its source has done so."""
    if not isinstance(error, _COUNTED_ELSEWHERE):
        YOUTUBE_ERRORS.labels(error.reason or "other").inc()
