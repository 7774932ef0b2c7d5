"""Where the reader of a list stands, as an opaque text that fits that list alone."""

import base64
import hashlib
from typing import Annotated, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from ytarchive.common.cursors import refused_cursor
from ytarchive.common.models import Model

Place = TypeVar("Place")

_CONTENT: TypeAdapter[list[int | str]] = TypeAdapter(
    Annotated[list[int | str], Field(min_length=1)]
)
_PAGING = {"cursor", "limit", "lines"}


def cursor_at(request: Model, place: tuple[int | str, ...]) -> str:
    """The text for a place in the list that `request` asks for."""
    return base64.urlsafe_b64encode(to_json([_of(request), *place])).decode().rstrip("=")


def place_of(request: Model, cursor: str, place: TypeAdapter[Place]) -> Place:
    """The place that a cursor stands for, if it is one. Raises InvalidRequest."""
    [of, *values] = _read(cursor)
    if of != _of(request):
        raise refused_cursor("given out for another list: the rest of the query must stay the same")
    try:
        return place.validate_python(tuple(values), strict=True)
    except ValidationError:
        raise refused_cursor() from None


def _read(cursor: str) -> list[int | str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        content = base64.b64decode(padded, altchars=b"-_", validate=True)
        return _CONTENT.validate_json(content, strict=True)
    except ValueError:
        raise refused_cursor() from None


def _of(request: Model) -> str:
    """Tells lists from one another; the size of pages may change on the way."""
    asked = request.model_dump_json(exclude=_PAGING).encode()
    return hashlib.blake2b(asked, digest_size=6).hexdigest()
