"""Builds the search result of a video."""

import heapq
import html
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from ytarchive.common.database import Row
from ytarchive.common.rows import fields_of
from ytarchive.storage.search.documents import Track, tracks_of, unpacked
from ytarchive.storage.search.models import FoundVideo, Hit, HitField
from ytarchive.storage.search.text import Places
from ytarchive.storage.store.layout import Layout

Match = tuple[int, int]


@dataclass(frozen=True)
class Line:
    """A line with its number and the positions of its matches."""

    number: int
    text: str
    matches: list[Match]


def found_video(
    row: Row, video_path: str | None, places: Places, most: int, layout: Layout
) -> FoundVideo:
    """Return a video with its hits, at most `most` of them in captions."""
    url = f"https://www.youtube.com/watch?v={row['video_id']}"
    description, captions, tracks = (unpacked(row["content"], part) for part in range(3))
    in_title = lines_with(places, row["title"])
    in_description = lines_with(places, description)
    in_captions = lines_with(places, captions)
    spoken = _caption_hits(best(in_captions, most), tracks_of(tracks), url, layout)
    return FoundVideo(
        **fields_of(FoundVideo, row),
        url=url,
        video_path=video_path,
        hits=[
            *(text_hit(line, field=HitField.TITLE, url=url) for line in in_title),
            *(
                text_hit(line, field=HitField.DESCRIPTION, url=url)
                for line in best(in_description, 1)
            ),
            *spoken,
        ],
        hit_count=len(in_title) + len(in_description) + len(in_captions),
    )


def _caption_hits(lines: list[Line], tracks: list[Track], url: str, layout: Layout) -> list[Hit]:
    """Return the hits in captions. `lines` are numbered across all tracks."""
    hits = []
    first = 0
    for track in tracks:
        for line in lines:
            place = line.number - first
            if 0 <= place < len(track.seconds):
                second = track.seconds[place]
                about: dict[str, Any] = {
                    "field": HitField.CAPTION,
                    "url": f"{url}&t={second}",
                    "language": track.language,
                    "seconds": second,
                    "caption_path": layout.shown(track.path),
                }
                hits.append(text_hit(line, **about))
        first += len(track.seconds)
    return hits


_LONGEST = 240


def lines_with(places: Places, text: str) -> list[Line]:
    """Return the lines of a text with matches; a match may span several lines."""
    spans = places.find(text)
    if not spans:
        return []
    lines = text.split("\n")
    begins = [0, *accumulate(len(line) + 1 for line in lines)]
    found: dict[int, list[Match]] = {}
    for begin, end in spans:
        for number in range(bisect_right(begins, begin) - 1, bisect_right(begins, end - 1)):
            first, most = begins[number], len(lines[number])
            found.setdefault(number, []).append((max(begin - first, 0), min(end - first, most)))
    return [Line(number, lines[number], matches) for number, matches in found.items()]


def best(lines: list[Line], most: int) -> list[Line]:
    """Return at most `most` lines, those with the most matches, in their original order."""
    chosen = heapq.nsmallest(most, lines, key=lambda line: (-len(line.matches), line.number))
    return sorted(chosen, key=lambda line: line.number)


def text_hit(line: Line, **about: Any) -> Hit:
    """Return the hit for a line, with further fields of the hit."""
    text, matches = _cut(line)
    return Hit(text=text, matches=matches, snippet=_marked(text, matches), **about)


def _cut(line: Line) -> tuple[str, list[Match]]:
    """Return a line, shortened around its first match, and the matches in it."""
    text = line.text
    if len(text) <= _LONGEST:
        return text, line.matches
    begin = max(0, line.matches[0][0] - 80)
    end = min(len(text), begin + _LONGEST)
    before, after = "…" if begin else "", "…" if end < len(text) else ""
    shift = begin - len(before)
    inside = [(max(a, begin) - shift, min(b, end) - shift) for a, b in line.matches if a < end]
    return f"{before}{text[begin:end]}{after}", [(a, b) for a, b in inside if a < b]


def _marked(text: str, matches: list[Match]) -> str:
    parts, at = [], 0
    for begin, end in matches:
        parts += [_escaped(text[at:begin]), "<mark>", _escaped(text[begin:end]), "</mark>"]
        at = end
    return "".join([*parts, _escaped(text[at:])])


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)
