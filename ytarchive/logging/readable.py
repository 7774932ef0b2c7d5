"""Converts logged values to JSON and UTF-8."""

from collections.abc import Callable
from math import isfinite
from typing import Any

_LARGEST_INTEGER = 2**63 - 1
_CUT = "…"


def readable(value: Any) -> Any:
    """Return `value` as JSON; deep, large and recursive values are cut."""
    return _Reading().read(value)


def unicode(text: str) -> str:
    """Return `text` without lone surrogates, which file names that are not UTF-8 contain."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def text_of(value: object) -> str:
    """Return `str(value)`, or the type of a value whose `str` fails."""
    try:
        return unicode(str(value))
    except Exception as error:  # an entry must not be lost because `str` fails
        return f"<{type(value).__name__}: {type(error).__name__}>"


class _Reading:
    """Converts one value to JSON."""

    def __init__(self) -> None:
        self._left = 100_000
        self._above: set[int] = set()

    def read(self, value: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            return _CUT
        match value:
            case dict():
                return self._within(value, self._fields)
            case list() | tuple() | set() | frozenset():
                return self._within(value, self._items)
            case _:
                return _scalar(value)

    def _within(self, value: Any, read: Callable[[Any], Any]) -> Any:
        if id(value) in self._above:
            return "<contains itself>"
        if len(self._above) >= 64:
            return _CUT
        self._above.add(id(value))
        try:
            return read(value)
        finally:
            self._above.discard(id(value))

    def _fields(self, value: dict[Any, Any]) -> dict[str, Any]:
        return {text_of(key): self.read(inner) for key, inner in value.items() if self._left > 0}

    def _items(self, value: Any) -> list[Any]:
        return [self.read(inner) for inner in value if self._left >= 0]


def _scalar(value: Any) -> Any:
    match value:
        case bool() | None:
            return value
        case int() if abs(value) <= _LARGEST_INTEGER:
            return int(value)
        case float() if isfinite(value):
            return float(value)
        case _:
            return text_of(value)
