"""The body and query string of a client's request."""

from typing import Any
from urllib.parse import quote

from pydantic import BaseModel
from pydantic_core import to_json

from ytarchive.common.models import utc_now
from ytarchive.common.profile import ArchiveProfile


def request_body(model: BaseModel | None, trace_id: str) -> bytes:
    """Return the envelope around a model, without the fields of a profile that are not given.

    Their defaults depend on the server's settings.
    """
    data = b"null" if model is None else model.model_dump_json(exclude=_not_given(model)).encode()
    moment = to_json(utc_now())
    return b'{"trace_id":"%b","timestamp":%b,"data":%b}' % (trace_id.encode(), moment, data)


def query_string(model: BaseModel) -> str:
    """Return the given fields, without null; a list repeats its name."""
    values = model.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    pairs = [
        f"{quote(name)}={quote(_text(item), safe='')}"
        for name, value in values.items()
        for item in (value if isinstance(value, list) else [value])
    ]
    return "?" + "&".join(pairs) if pairs else ""


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _not_given(model: BaseModel) -> dict[str, Any]:
    """Return what to exclude from a model: the unset fields of archive profiles in it."""
    excluded: dict[str, Any] = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(model, ArchiveProfile) and name not in model.model_fields_set:
            excluded[name] = True
        elif isinstance(value, BaseModel) and (inner := _not_given(value)):
            excluded[name] = inner
    return excluded
