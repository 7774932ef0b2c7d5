"""Reads captions as lines with their start times in seconds."""

import html
import re
from itertools import chain, pairwise
from pathlib import PurePosixPath

from ytarchive.storage.search.text import clean

_TIMING = re.compile(
    r"^(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})[ \t]+-->[ \t]+"
    r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})[^\n]*\n?",
    re.MULTILINE,
)
_TAG = re.compile(r"</?[^<>\n]{1,200}>")
_GAP_MS = 500
FORMATS = frozenset({".vtt", ".srt"})
"""The supported formats."""


def parse(content: str) -> list[tuple[int, str]]:
    """Return the lines of WebVTT or SubRip with their start times in seconds.

    YouTube's automatic captions roll: each cue repeats the lines of the previous cue and adds a
    line. Each line is returned once, with the time of its first cue.
    """
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    found: list[tuple[int, str]] = []
    shown: list[str] = []
    shown_until = -_GAP_MS
    # Iterate over the matches: building a list of all of them would block all other threads.
    for timing, following in pairwise(chain(_TIMING.finditer(content), [None])):
        if timing is None:  # never true: None is only the second item of the last pair
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
    """Return the language code in the name of a captions file: `<id>.<language>.vtt`."""
    return PurePosixPath(path).stem.rpartition(".")[2]


def _milliseconds(timing: re.Match[str], first: int) -> int:
    hours, minutes, seconds, rest = (int(timing[first + n] or 0) for n in range(4))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def _lines(payload: str) -> list[str]:
    """Return the lines of a cue up to the first empty line, without tags and extra spaces."""
    shown = payload.partition("\n\n")[0]
    texts = (html.unescape(_TAG.sub("", line)) for line in shown.split("\n"))
    return [line for text in texts if (line := " ".join(clean(text).split()))]


def _repeated(before: list[str], now: list[str]) -> int:
    """Return how many leading lines repeat the last lines of the previous cue."""
    most = min(len(before), len(now))
    return next((n for n in range(most, 0, -1) if before[-n:] == now[:n]), 0)
