"""The body and query string of a client's request."""

from typing import Any
from urllib.parse import quote

from pydantic import BaseModel
from pydantic_core import to_json

from ytarchive.common.models import utc_now


def request_body(model: BaseModel | None, trace_id: str) -> bytes:
    """Return the envelope around the given fields of a model: defaults may depend on the server.

    Fields with generated values, such as a time, are sent as they were generated here.
    """
    data = b"null" if model is None else _given(model)
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


def _given(model: BaseModel) -> bytes:
    fields = type(model).model_fields.items()
    generated = {name: getattr(model, name) for name, field in fields if field.default_factory}
    return model.model_copy(update=generated).model_dump_json(exclude_unset=True).encode()
