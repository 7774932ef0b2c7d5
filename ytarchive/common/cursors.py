"""Cursors, by which lists go on where a page ended: how those are refused that no list gave out."""

import re

from ytarchive.common.errors import InvalidRequest

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def refused_cursor(why: str = "not a cursor that was given out") -> InvalidRequest:
    """The error for a cursor that cannot be used."""
    return InvalidRequest(f"cursor: {why}", fields={"cursor": why})


def is_id_cursor(cursor: str) -> bool:
    """Return whether a text can be the cursor of a list that is ordered by ids (`new_id`)."""
    return _ID.fullmatch(cursor) is not None


def require_id_cursor(cursor: str | None) -> None:
    """Check the cursor of a list that goes on after an id (`new_id`). Raises InvalidRequest."""
    if cursor is not None and not is_id_cursor(cursor):
        raise refused_cursor()
