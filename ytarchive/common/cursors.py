"""Cursors: opaque texts that mark where the next page of a list begins.

A cursor is the base64 of a JSON array of numbers and texts, or the id after which a list continues.
"""

import base64
import hashlib
import re
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from ytarchive.common.errors import InvalidRequest
from ytarchive.common.identifiers import VIDEO_ID
from ytarchive.common.models import Model

Values = TypeVar("Values", bound=tuple[Any, ...])

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_LONGEST = 4096
_KEY_AND_PLACE: TypeAdapter[tuple[int | str, ...]] = TypeAdapter(
    Annotated[tuple[int | str, ...], Field(min_length=1)]
)


def refused_cursor(why: str = "not a cursor of this server") -> InvalidRequest:
    """Return the error for an invalid cursor."""
    return InvalidRequest(f"cursor: {why}", fields={"cursor": why})


def cursor_of(*values: int | str) -> str:
    """Return the cursor that encodes these values."""
    return base64.urlsafe_b64encode(to_json(values)).decode().rstrip("=")


def values_of(cursor: str, form: TypeAdapter[Values]) -> Values:
    """Return the values of a cursor, as types of `form`. Raises InvalidRequest."""
    try:
        padded = cursor[:_LONGEST] + "=" * (-len(cursor[:_LONGEST]) % 4)
        content = base64.b64decode(padded, altchars=b"-_", validate=True)
        return form.validate_json(content, strict=True)
    except ValueError:
        raise refused_cursor() from None


def cursor_at(request: Model, place: tuple[int | str, ...]) -> str:
    """Return the cursor of a position, valid only for the list that `request` describes."""
    return cursor_of(_key_of(request), *place)


def place_of(request: Model, cursor: str, form: TypeAdapter[Values]) -> Values:
    """Return the position in the list that `request` describes. Raises InvalidRequest."""
    key, *place = values_of(cursor, _KEY_AND_PLACE)
    if key != _key_of(request):
        raise refused_cursor("made for another list: the rest of the query must stay the same")
    try:
        return form.validate_python(tuple(place), strict=True)
    except ValidationError:
        raise refused_cursor() from None


def _key_of(request: Model) -> str:
    """Return the key of a list, which does not depend on the page size."""
    asked = request.model_dump_json(exclude={"cursor", "limit", "lines", "wait"}).encode()
    return hashlib.blake2b(asked, digest_size=6).hexdigest()


def id_cursor(value: object) -> str | None:
    """Return an id (`new_id`) as a cursor; None if it is damaged."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def video_cursor(value: object) -> str | None:
    """Return the id of a video as a cursor; None if it is damaged."""
    return value if isinstance(value, str) and VIDEO_ID.fullmatch(value) else None


def require_id_cursor(cursor: str | None) -> None:
    """Check the cursor of a list that continues after an id (`new_id`). Raises InvalidRequest."""
    if cursor is not None and id_cursor(cursor) is None:
        raise refused_cursor()
