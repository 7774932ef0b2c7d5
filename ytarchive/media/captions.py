"""Reads captions as cues in which each line appears once.

YouTube's automatic captions roll: each cue repeats the line of the previous cue and adds one, with
the time of each word. Their text is readable only without the repetitions.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, pairwise, zip_longest
from typing import Any, NamedTuple

from ytarchive.common.json_text import stored_json
from ytarchive.media.xml_captions import shown_texts

_TIMING = re.compile(
    r"^(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})[ \t]+-->[ \t]+"
    r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})[^\n]*\n?",
    re.MULTILINE,
)
_TAG = re.compile(r"</?[^<>\n]{1,200}>")
_GAP_MS = 500
_LONGEST_MS = 360_000_000


class Cue(NamedTuple):
    """Lines of captions, and when they are shown, in milliseconds."""

    begin: int
    end: int
    lines: list[str]


def cues_of(content: bytes, format_: str) -> list[Cue]:
    """Return the cues of captions, each line once; none for other content or formats."""
    read = _READERS.get(format_)
    return _once(read(content)) if read else []


def webvtt(cues: Iterable[Cue]) -> bytes:
    """Return cues as WebVTT."""
    parts = (
        f"{_clock(cue.begin, '.')} --> {_clock(cue.end, '.')}\n{_escaped(cue.lines)}\n"
        for cue in cues
    )
    return "\n".join(["WEBVTT\n", *parts]).encode("utf-8", "replace")


def subrip(cues: Iterable[Cue]) -> bytes:
    """Return cues as SubRip."""
    parts = []
    for number, cue in enumerate(cues, 1):
        times = f"{_clock(cue.begin, ',')} --> {_clock(cue.end, ',')}"
        parts.append("\n".join([str(number), times, *cue.lines, ""]))
    return "\n".join(parts).encode("utf-8", "replace")


def _once(cues: Iterator[Cue]) -> list[Cue]:
    """Return cues without the lines that repeat those of the cue before."""
    found: list[Cue] = []
    shown: list[str] = []
    shown_until = -_GAP_MS
    for cue in cues:
        rolls = cue.begin - shown_until <= _GAP_MS
        repeated = _repeated(shown, cue.lines) if rolls else 0
        if fresh := cue.lines[repeated:]:
            found.append(Cue(cue.begin, cue.end, fresh))
        elif repeated:
            found[-1] = found[-1]._replace(end=max(found[-1].end, cue.end))
        if cue.lines:
            shown = cue.lines
        shown_until = cue.end
    return found


def _repeated(before: list[str], now: list[str]) -> int:
    """Return how many leading lines repeat the last lines of the previous cue."""
    most = min(len(before), len(now))
    return next((n for n in range(most, 0, -1) if before[-n:] == now[:n]), 0)


def _from_text(content: bytes) -> Iterator[Cue]:
    """Yield the cues of WebVTT or SubRip."""
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    # Iterate over the matches: building a list of all of them would block all other threads.
    for timing, following in pairwise(chain(_TIMING.finditer(text), [None])):
        if timing is None:  # never true: None is only the second item of the last pair
            break
        shown = text[timing.end() : following.start() if following else len(text)]
        begin, end = _milliseconds(timing, 1), _milliseconds(timing, 5)
        yield Cue(begin, end, _lines(_TAG.sub("", shown.partition("\n\n")[0])))


def _from_json(content: bytes) -> Iterator[Cue]:
    """Yield the cues of YouTube's JSON."""
    try:
        document = stored_json(content)
        events = document["events"] if isinstance(document, dict) else []
        cues = [_event(each) for each in events if "segs" in each]
    except (ValueError, LookupError, TypeError, AttributeError):
        return
    yield from _one_after_another(cues)


def _event(event: dict[str, Any]) -> Cue:
    begin, lasts = int(event.get("tStartMs", 0)), int(event.get("dDurationMs", 0))
    return _cue(begin, begin + lasts, "".join(str(each.get("utf8", "")) for each in event["segs"]))


def _from_xml(content: bytes) -> Iterator[Cue]:
    """Yield the cues of TTML or YouTube's XML."""
    try:
        cues = [_cue(int(each.begin), int(each.end), each.text) for each in shown_texts(content)]
    except (ValueError, OverflowError):
        return
    yield from _one_after_another(cues)


def _cue(begin: int, end: int, text: str) -> Cue:
    begin = min(max(begin, 0), _LONGEST_MS)
    lines = [line for each in text.split("\n") if (line := " ".join(each.split()))]
    return Cue(begin, min(max(end, begin), begin + _LONGEST_MS), lines)


def _one_after_another(cues: Iterable[Cue]) -> Iterator[Cue]:
    """Yield the cues with a line, each until the next: those of automatic captions overlap."""
    spoken = [cue for cue in cues if cue.lines]
    for cue, following in zip_longest(spoken, spoken[1:]):
        is_cut = following is not None and cue.begin < following.begin < cue.end
        yield cue._replace(end=following.begin) if following and is_cut else cue


def _milliseconds(timing: re.Match[str], first: int) -> int:
    hours, minutes, seconds, rest = (int(timing[first + n] or 0) for n in range(4))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def _lines(shown: str) -> list[str]:
    """Return the lines of a cue without extra spaces."""
    texts = (html.unescape(line) for line in shown.split("\n"))
    return [line for text in texts if (line := " ".join(text.split()))]


def _escaped(lines: list[str]) -> str:
    return html.escape("\n".join(lines), quote=False)


def _clock(milliseconds: int, mark: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{rest:03}"


_READERS: Mapping[str, Callable[[bytes], Iterator[Cue]]] = {
    "vtt": _from_text,
    "srt": _from_text,
    "json3": _from_json,
    **dict.fromkeys(("ttml", "srv1", "srv2", "srv3"), _from_xml),
}
CAPTION_FORMATS = frozenset(_READERS)
"""The formats that can be read."""
