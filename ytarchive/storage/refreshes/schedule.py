"""When the metadata of a stored video is refreshed: often while it is new, then yearly."""

from datetime import datetime, timedelta

_AGES = tuple(timedelta(days=days) for days in (1, 7, 30))
_YEAR = timedelta(days=365)
RETRY = timedelta(days=1)
"""After an answer that changed nothing because it was incomplete."""


def next_refresh(stored_at: datetime, refreshed_at: datetime) -> datetime:
    """Return when to refresh a video next: a day, a week and a month after storing, then yearly."""
    marks = (stored_at + age for age in _AGES)
    return next((mark for mark in marks if mark > refreshed_at), refreshed_at + _YEAR)
