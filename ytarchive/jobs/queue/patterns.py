"""Patterns of titles and descriptions: plain texts, and regular expressions between slashes."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import Annotated, Any

import regex
from loguru import logger
from pydantic import AfterValidator, Field

log = logger.bind(service="jobs")

_SECONDS = 0.1
"""The time that a regular expression may take for one text."""
_STRIKES = 3
"""A regular expression that takes longer this many times is no longer tried."""
_MOST_COPIES = 1000
_ESCAPED = re.compile(r"\\[pPN]\{[^{}]*\}|\\.")
_COUNTED = re.compile(r"\{([^{}]*)\}")
_COUNTS = re.compile(r"\d*(?:,\d*)?")
_RECURSION = re.compile(r"\(\?(?:R|[+-]?\d|&|P>)")


def _checked(pattern: str) -> str:
    """Return a pattern. Raises ValueError for an invalid or too expensive regular expression."""
    if (expression := _expression_in(pattern)) is None:
        return pattern
    if _RECURSION.search(expression):
        raise ValueError(f"{pattern} calls itself, which is not supported")
    counted = [found for found in _COUNTED.findall(_ESCAPED.sub("", expression)) if found]
    if not all(map(_COUNTS.fullmatch, counted)):
        raise ValueError(f"{pattern} has braces that are no count, such as {{2,5}}; write \\{{")
    # The library copies what is counted: nested counts would need any amount of memory.
    copies = prod(max(int(each), 1) for found in counted for each in re.findall(r"\d+", found))
    if copies > _MOST_COPIES:
        raise ValueError(f"the counts of {pattern} multiply to more than {_MOST_COPIES}")
    try:
        regex.compile(expression, regex.IGNORECASE)
    except (regex.error, ValueError, KeyError, OverflowError) as error:
        raise ValueError(f"{pattern} is no regular expression: {error}") from None
    return pattern


Patterns = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_checked)]],
    Field(max_length=100),
]
"""Texts that are searched in any case; `*` in a text matches any text between two others.

A text between slashes is a regular expression.
"""


def first_match(patterns: Iterable[str], text: str) -> str | None:
    """Return the first pattern that a text contains; a search that takes too long finds nothing."""
    compared = _normalised(text)
    folded = compared.casefold()
    for pattern in patterns:
        expression = _expression_in(pattern)
        if _is_in(pattern, folded) if expression is None else _search(expression).finds(compared):
            return pattern
    return None


def _expression_in(pattern: str) -> str | None:
    is_expression = len(pattern) > 2 and pattern[0] == pattern[-1] == "/"
    return pattern[1:-1] if is_expression else None


@dataclass
class _Search:
    """A compiled regular expression."""

    expression: str
    compiled: Any = field(init=False)
    timeouts: int = 0

    def __post_init__(self) -> None:
        self.compiled = regex.compile(self.expression, regex.IGNORECASE)

    def finds(self, text: str) -> bool:
        """Return whether the expression is found in a text, within the time limit."""
        if self.timeouts >= _STRIKES:
            return False
        try:
            return self.compiled.search(text, timeout=_SECONDS) is not None
        except TimeoutError:
            self.timeouts += 1
            log.warning("the regular expression /{}/ of a filter takes too long", self.expression)
            return False


_search = lru_cache(maxsize=1000)(_Search)


def _is_in(pattern: str, text: str) -> bool:
    """Return whether the texts between the `*` of a pattern are in a text, in this order.

    Each text is searched once, so the time is proportional to the length of the pattern.
    """
    position = 0
    for part in _normalised(pattern).casefold().split("*"):
        found = text.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return True


def _normalised(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
