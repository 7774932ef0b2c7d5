"""Prepares text for the index, and finds words in the original text.

SQLite's tokenizer folds only Latin letters, and treats consecutive Chinese characters as one word.
Therefore text is prepared here: it is folded to lower case without accents in every script, and in
scripts without spaces each character is a word, so that any part of a sentence can be found.
Folding keeps the length, so positions in folded text are positions in the original text.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

RULES = f"2-{unicodedata.unidata_version}"
"""Version of the text preparation; an index with another version is built again."""

_MARK = "\u0300"
_VOICED = {"\u3099", "\u309a"}  # in kana these distinguish letters
# Thai, Lao, Tibetan, Burmese, Khmer, kana, Han
_ALONE = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
_SINGLE_CHARACTER_WORD = re.compile(f"[{_ALONE}]")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_IN_WORD = rf"[^\W_{_ALONE}]"
_CONTROL = dict.fromkeys((*range(10), *range(11, 32), 127), " ") | {0x200B: ""}


class _Folding(dict[int, str]):
    """Maps each character to exactly one folded character. Filled on demand."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded(chr(code))
        return folded


def _folded(character: str) -> str:
    if _is_mark(character):
        return _MARK
    parts = unicodedata.normalize("NFKD", character)
    if all(map(_is_mark, parts[1:])) and not _VOICED.intersection(parts):
        character = parts[0]
    small = character.casefold()
    return small if len(small) == 1 else character


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


_FOLDING = _Folding()


def fold(text: str) -> str:
    """Return text without case and accents, of the same length; all marks become one character."""
    return text.lower() if text.isascii() else text.translate(_FOLDING)


def clean(text: str) -> str:
    """Return text in composed form, with no control characters but line breaks."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return text.translate(_CONTROL)


def words(text: str) -> list[str]:
    """Return the words of a text as they are indexed."""
    return searchable(text).split()


def searchable(text: str) -> str:
    """Return the words of a text as they are indexed, separated by spaces.

    Each line is processed separately, so that other threads can run: captions may have a megabyte.
    """
    return " ".join(map(_searchable, text.split("\n")))


def _searchable(line: str) -> str:
    folded = fold(line)
    if not folded.isascii():
        folded = _SINGLE_CHARACTER_WORD.sub(r" \g<0> ", folded.replace(_MARK, ""))
    return _BETWEEN_WORDS.sub(" ", folded)


class Places:
    """Finds phrases in text. A phrase is its words, and whether the last one is a prefix."""

    def __init__(self, phrases: Sequence[tuple[Sequence[str], bool]]) -> None:
        plain = [
            r"[^a-z0-9]+".join(words) + ("[a-z0-9]*" if is_prefix else "")
            for words, is_prefix in phrases
            if all(map(str.isascii, words))
        ]
        self._any = re.compile("|".join(_phrase(words, is_prefix) for words, is_prefix in phrases))
        self._plain = re.compile(f"(?<![a-z0-9])(?:{'|'.join(plain)})(?![a-z0-9])")
        self._is_plain = bool(plain)

    def find(self, text: str) -> list[tuple[int, int]]:
        """Return the start and end of each match."""
        if not text.isascii():
            return self._find_folded(fold(text))
        if not self._is_plain:
            return []
        return [found.span() for found in self._plain.finditer(text.lower())]

    def _find_folded(self, folded: str) -> list[tuple[int, int]]:
        """Find phrases in the text without marks, as indexed; a match includes its final marks."""
        if _MARK not in folded:
            return [found.span() for found in self._any.finditer(folded)]
        kept = [place for place, character in enumerate(folded) if character != _MARK]
        kept.append(len(folded))
        hits = self._any.finditer(folded.replace(_MARK, ""))
        return [(kept[hit.start()], kept[hit.end()]) for hit in hits]


def _phrase(parts: Sequence[str], is_prefix: bool) -> str:
    written = re.escape(parts[0])
    for last, part in pairwise(parts):
        apart = not _SINGLE_CHARACTER_WORD.match(last) and not _SINGLE_CHARACTER_WORD.match(part)
        written += (r"[\W_]+" if apart else r"[\W_]*") + re.escape(part)
    before = "" if _SINGLE_CHARACTER_WORD.match(parts[0]) else f"(?<!{_IN_WORD})"
    if is_prefix:
        return f"{before}{written}{_IN_WORD}*"
    after = "" if _SINGLE_CHARACTER_WORD.match(parts[-1]) else f"(?!{_IN_WORD})"
    return f"{before}{written}{after}"
