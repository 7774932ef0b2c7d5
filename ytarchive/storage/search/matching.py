"""Translates a query and its filters to FTS5 expressions."""

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from ytarchive.storage.search.documents import (
    captions_facet,
    channel_facet,
    duration_facets,
)
from ytarchive.storage.search.index import day_of, first_number
from ytarchive.storage.search.models import SearchQuery
from ytarchive.storage.search.text import Places, words

END = 2**62
"""Greater than the number of any video."""

_MAX_WORDS = 400

Beginning = Callable[[str, int], Awaitable[list[str]]]
"""Returns the words that begin with a prefix, up to a number of them."""


_PARTS = re.compile(
    r"(?P<minus>-)?(?:\"(?P<phrase>[^\"]*)(?:\"(?P<star>\*)?|$)|(?P<word>[^\s\"]+))"
)
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″", '"'))


@dataclass(frozen=True)
class Phrase:
    """Consecutive words; the last one may be a prefix."""

    words: tuple[str, ...]
    is_prefix: bool = False

    @property
    def match(self) -> str:
        """Return the phrase as an FTS5 expression. Words have no characters to escape."""
        return f'"{" ".join(self.words)}"{" *" if self.is_prefix else ""}'


@dataclass(frozen=True)
class ParsedQuery:
    """The phrases that must occur, and those that must not."""

    wanted: tuple[Phrase, ...]
    unwanted: tuple[Phrase, ...]

    @classmethod
    def parse(cls, query: str) -> Self:
        """Parse a query. Parts without letters and digits are ignored."""
        wanted: list[Phrase] = []
        unwanted: list[Phrase] = []
        for part in _PARTS.finditer(query.translate(_QUOTES)):
            text = part["phrase"] if part["word"] is None else part["word"]
            found = tuple(words(text))
            if found:
                is_prefix = part["star"] is not None or (
                    part["word"] is not None and text.endswith("*")
                )
                (unwanted if part["minus"] else wanted).append(Phrase(found, is_prefix))
        return cls(tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted)))

    def places(self) -> Places:
        """Return a finder of the wanted phrases in a text; longer phrases first."""
        by_length = sorted(self.wanted, key=lambda phrase: -len(" ".join(phrase.words)))
        return Places([(phrase.words, phrase.is_prefix) for phrase in by_length])


@dataclass(frozen=True)
class Matches:
    """FTS5 expressions for one query."""

    anywhere: str
    in_title: str
    beyond_title: str
    """Matches anywhere, except videos with all words in the title."""
    title_table: str
    """The name of the statement for `in_title`."""


async def matches_of(parsed: ParsedQuery, query: SearchQuery, beginning: Beginning) -> Matches:
    """Return the expressions for a parsed query, which must have at least one wanted phrase."""
    wanted = " AND ".join([await _match(phrase, beginning) for phrase in parsed.wanted])
    unwanted = " OR ".join([await _match(phrase, beginning) for phrase in parsed.unwanted])
    excluded = f" NOT ({{title description captions}} : ({unwanted}))" if unwanted else ""
    anywhere = f"({{title description captions}} : ({wanted}))"
    in_title = f"(title : ({wanted}))"
    conditions = "".join(f" AND (facets : ({facet}))" for facet in _facets(query))
    return Matches(
        anywhere=f"({anywhere}{excluded}){conditions}",
        in_title=f"({in_title}{excluded}){conditions}",
        beyond_title=f"(({anywhere} NOT {in_title}){excluded}){conditions}",
        # Unwanted words may be in the captions, which the table of titles does not have.
        title_table="match_words" if unwanted else "match_titles",
    )


def limits_of(query: SearchQuery, overflow: int) -> dict[str, Any]:
    """Return a query's limits for numbers, days and durations, as statement parameters.

    `overflow`: the most days by which a video's number is later than its upload.
    """
    shortest, longest = query.duration_limits or (0, None)
    limits: dict[str, Any] = {
        "first": 0,
        "before": END,
        "shortest": shortest,
        "longest": longest,
        "uploaded_from": None,
        "uploaded_to": None,
    }
    if query.upload_limits is not None:
        begin, end = query.upload_limits
        limits |= {
            "first": first_number(day_of(begin)),
            "before": first_number(day_of(end) + 1 + overflow),
            "uploaded_from": begin,
            "uploaded_to": end,
        }
    return limits


async def _match(phrase: Phrase, beginning: Beginning) -> str:
    """Return the expression for a phrase; a prefix is expanded to its words if they are few.

    For a prefix, FTS5 would collect all positions of all its words before the first result.
    """
    if not phrase.is_prefix or len(phrase.words) > 1:
        return phrase.match
    words = await beginning(phrase.words[0], _MAX_WORDS)
    if not words or len(words) >= _MAX_WORDS:
        return phrase.match
    return "(" + " OR ".join(f'"{word}"' for word in words) + ")"


def _facets(query: SearchQuery) -> Iterator[str]:
    if query.channel is not None:
        yield channel_facet(query.channel)
    if query.has_captions is not None:
        yield captions_facet(has_captions=query.has_captions)
    if query.duration_limits is not None:
        yield " OR ".join(duration_facets(*query.duration_limits)) or "none"
