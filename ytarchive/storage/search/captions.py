"""Captions as lines with the second at which they begin."""

import html
import re
from itertools import chain, pairwise
from pathlib import Path, PurePosixPath

from ytarchive.common.regular import read_regular
from ytarchive.storage.search.text import clean

_LARGEST = 16 * 2**20
_TIMING = re.compile(
    r"^(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})[ \t]+-->[ \t]+"
    r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})[^\n]*\n?",
    re.MULTILINE,
)
_TAG = re.compile(r"</?[^<>\n]{1,200}>")
_GAP_MS = 500
FORMATS = frozenset({".vtt", ".srt"})
"""The formats that are read."""


def read_captions(path: Path) -> list[tuple[int, str]]:
    """The lines of a captions' file, each with the second at which it begins. Raises OSError."""
    return parse(read_regular(path, limit=_LARGEST).decode("utf-8-sig", "replace"))


def parse(content: str) -> list[tuple[int, str]]:
    """The lines of WebVTT or SubRip.

    YouTube's automatic captions roll: each cue shows again what the one before it showed, and adds
    a line. A line counts once, when it first appears.
    """
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    found: list[tuple[int, str]] = []
    shown: list[str] = []
    shown_until = -_GAP_MS
    # One match after the other: a list of all would hold every other thread up while it is made.
    for timing, following in pairwise(chain(_TIMING.finditer(content), [None])):
        if timing is None:  # it is the last of the chain, which is no first one of a pair
            break
        end = following.start() if following else len(content)
        begin, until = _milliseconds(timing, 1), _milliseconds(timing, 5)
        lines = _lines(content[timing.end() : end])
        rolls = begin - shown_until <= _GAP_MS
        if fresh := lines[_repeated(shown, lines) if rolls else 0 :]:
            found.append((begin // 1000, " ".join(fresh)))
        if lines:
            shown = lines
        shown_until = until
    return found


def language_of(path: str) -> str:
    """The language that the name of a captions' file tells: `<id>.<language>.vtt`."""
    return PurePosixPath(path).stem.rpartition(".")[2]


def _milliseconds(timing: re.Match[str], first: int) -> int:
    hours, minutes, seconds, rest = (int(timing[first + n] or 0) for n in range(4))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def _lines(payload: str) -> list[str]:
    """The lines of a cue, up to the first that is empty; blanks and tags are not text."""
    shown = payload.partition("\n\n")[0]
    texts = (html.unescape(_TAG.sub("", line)) for line in shown.split("\n"))
    return [line for text in texts if (line := " ".join(clean(text).split()))]


def _repeated(before: list[str], now: list[str]) -> int:
    """How many of the first lines are those that the cue before ended with."""
    most = min(len(before), len(now))
    return next((n for n in range(most, 0, -1) if before[-n:] == now[:n]), 0)
