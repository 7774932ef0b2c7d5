"""A query as people type it, understood; none is wrong.

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
    """Words that follow one another; the last may be only the beginning of one."""

    words: tuple[str, ...]
    is_prefix: bool = False

    @property
    def match(self) -> str:
        """The phrase in FTS5's language; words have no character that means something there."""
        return f'"{" ".join(self.words)}"{" *" if self.is_prefix else ""}'


@dataclass(frozen=True)
class Question:
    """What must and what must not be there."""

    wanted: tuple[Phrase, ...]
    unwanted: tuple[Phrase, ...]

    @classmethod
    def parse(cls, query: str) -> Self:
        """Understand a query. What has no letter or digit is left out."""
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
        """Finds what is wanted in a text; longer phrases first."""
        by_length = sorted(self.wanted, key=lambda phrase: -len(" ".join(phrase.words)))
        return Places([(phrase.words, phrase.is_prefix) for phrase in by_length])
