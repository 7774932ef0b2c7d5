"""Parses the queries that users type; every query is valid.

cats "black and white" kitt* -dogs
"""

import re
from dataclasses import dataclass
from typing import Self

from ytarchive.storage.search.text import Places, words

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
class Question:
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
