"""Cursors, by which lists go on where a page ended: how those are refused that no list gave out."""

import re

from ytarchive.common.errors import InvalidRequest

_VIDEO = re.compile(r"[A-Za-z0-9_-]{11}")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def refused_cursor(why: str = "not a cursor that was given out") -> InvalidRequest:
    """The error for a cursor that cannot be used."""
    return InvalidRequest(f"cursor: {why}", fields={"cursor": why})


def id_cursor(value: object) -> str | None:
    """Return an id (`new_id`) as a cursor; None if it is damaged."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def video_cursor(value: object) -> str | None:
    """Return the id of a video as a cursor; None if it is damaged."""
    return value if isinstance(value, str) and _VIDEO.fullmatch(value) else None


def require_id_cursor(cursor: str | None) -> None:
    """Check the cursor of a list that goes on after an id (`new_id`). Raises InvalidRequest."""
    if cursor is not None and id_cursor(cursor) is None:
        raise refused_cursor()
