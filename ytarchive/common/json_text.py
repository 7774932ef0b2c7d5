r"""JSON that can contain any file name.

A file name that is not UTF-8 has surrogates, which UTF-8 cannot encode and JSON writes as `\udcfc`.
pydantic's serializer refuses them; then the standard library writes the same document in ASCII.
"""

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, from_json, to_json, to_jsonable_python

_DEEPEST = 64
_LARGEST_INTEGER = 2**63 - 1
_MAY_BE_HUGE = re.compile(rb"\d{19}|[eE]\+?\d{3}|NaN|Infinity")

TOO_LARGE = "a number is beyond 64 bits"
TOO_DEEP = f"more than {_DEEPEST} levels"


def json_bytes(
    value: Any, *, indent: int | None = None, fallback: Callable[[Any], Any] | None = None
) -> bytes:
    """Return a value or model as JSON; NaN and infinity become null.

    `fallback` converts values that JSON does not support.
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


def stored_json(content: bytes) -> Any:
    """Return the value of a stored JSON document, which may be damaged or from another program.

    Also raises ValueError for values that a database cannot store: see `extreme_in`.
    """
    value = read_json(content)
    cause = extreme_in(content, value)
    if cause is not None:
        raise ValueError(cause)
    return value


def extreme_in(content: bytes, value: Any) -> str | None:
    """Return TOO_LARGE or TOO_DEEP for JSON that a database cannot store; otherwise None.

    These are more than 64 levels, integers beyond 64 bits, NaN and infinity. `value` is what
    `content` was parsed into; it is searched only if the text may contain such values.
    """
    if content.count(b"{") + content.count(b"[") <= _DEEPEST and not _MAY_BE_HUGE.search(content):
        return None
    level = [value]
    for _ in range(_DEEPEST):
        children = [child for node in level for child in _children(node)]
        if any(map(_is_extreme, children)):
            return TOO_LARGE
        level = [child for child in children if isinstance(child, dict | list)]
        if not level:
            return None
    return TOO_DEEP


def _children(node: Any) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()


def _is_extreme(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, int) and abs(value) > _LARGEST_INTEGER


def _in_ascii(value: Any, indent: int | None) -> bytes:
    return json.dumps(_finite(value), indent=indent, ensure_ascii=True).encode()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list) else value
