r"""JSON that can hold the name of any file.

A name that is not UTF-8 has surrogates, which UTF-8 cannot hold and JSON writes as `\udcfc`. The
quick serializer refuses them; then the standard library writes the same document in ASCII.
"""

import json
from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, from_json, to_json, to_jsonable_python


def json_bytes(
    value: Any, *, indent: int | None = None, fallback: Callable[[Any], Any] | None = None
) -> bytes:
    """Return a value or model as JSON; NaN and infinity become null.

    `fallback` converts values that JSON does not know.
    """
    try:
        return to_json(value, indent=indent, inf_nan_mode="null", fallback=fallback)
    except PydanticSerializationError:
        return _in_ascii(to_jsonable_python(value, fallback=fallback), indent)


def dumped(adapter: TypeAdapter[Any], value: Any) -> bytes:
    """Return a value as JSON, as `adapter` serialises it."""
    try:
        return adapter.dump_json(value)
    except PydanticSerializationError:
        return _in_ascii(adapter.dump_python(value, mode="json"), None)


def read_json(content: bytes) -> Any:
    """Return the value of a JSON document. Raises ValueError."""
    try:
        return from_json(content)
    except ValueError:
        if b"\\u" not in content:
            raise
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("the JSON has too many levels") from error


def _in_ascii(value: Any, indent: int | None) -> bytes:
    return json.dumps(_finite(value), indent=indent, ensure_ascii=True).encode()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list) else value
