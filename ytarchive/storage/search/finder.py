"""Searches the index.

Videos with all words in their title are first, then the others; each group starts with the newest
uploads. The index has this order, so that only the videos of a page are read. The usual order,
bm25, would have to rank every matching video before returning any.
"""

import asyncio
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from ytarchive.common.cursors import cursor_at, place_of
from ytarchive.common.database import Row
from ytarchive.common.rows import all_readable, left_out
from ytarchive.storage.library.repository import Library
from ytarchive.storage.search.index import SearchIndex
from ytarchive.storage.search.matching import END, Matches, ParsedQuery, limits_of, matches_of
from ytarchive.storage.search.models import FoundVideo, SearchQuery, SearchResults
from ytarchive.storage.search.results import found_video
from ytarchive.storage.store.layout import Layout

_MAX_COUNTED = 1000
_NOTHING = "there is no word to look for in the query"

_Place = tuple[int, int]
"""A position in the results: 0 for title matches, 1 for others; and the video's number."""

_PLACE: TypeAdapter[_Place] = TypeAdapter(
    tuple[Annotated[int, Field(ge=0, le=1)], Annotated[int, Field(ge=0, le=END)]]
)


class Finder:
    """Finds videos in the index."""

    def __init__(self, index: SearchIndex, library: Library, layout: Layout) -> None:
        self._index = index
        self._library = library
        self._layout = layout

    async def find(self, query: SearchQuery) -> SearchResults:
        """Return a page of results without `pending`. Raises InvalidRequest for a wrong cursor."""
        place = place_of(query, query.cursor, _PLACE) if query.cursor is not None else (0, END)
        parsed = ParsedQuery.parse(query.query)
        if not parsed.wanted:
            return SearchResults(items=[], total=0, is_total_exact=True, pending=0, remark=_NOTHING)
        matches = await matches_of(parsed, query, self._index.words_beginning)
        limits = limits_of(query, self._index.overflow)
        asked = limits | {"match": matches.anywhere, "limit": _MAX_COUNTED + 1}
        counted = await self._index.match("match_words", asked)
        if len(counted) <= _MAX_COUNTED:
            found = await self._among(counted, matches, limits, place)
        else:
            found = await self._next(matches, limits, place, query.limit + 1)
        shown = found[: query.limit]
        with left_out() as skipped:
            items = await self._videos(parsed, query, [number for _, number in shown])
        return SearchResults(
            items=items,
            skipped=skipped,
            next_cursor=cursor_at(query, shown[-1]) if len(found) > query.limit else None,
            total=min(len(counted), _MAX_COUNTED),
            is_total_exact=len(counted) <= _MAX_COUNTED,
            pending=0,
        )

    async def _among(
        self, counted: list[int], matches: Matches, limits: dict[str, Any], place: _Place
    ) -> list[_Place]:
        """Return the places after `place` if all matches are known."""
        if not counted:
            return []
        asked = limits | {"match": matches.in_title, "limit": _MAX_COUNTED}
        first = await self._index.match(matches.title_table, asked)
        others = set(counted).difference(first)
        places = [(0, number) for number in first]
        places += [(1, number) for number in counted if number in others]
        return [each for each in places if (each[0], -each[1]) > (place[0], -place[1])]

    async def _next(
        self, matches: Matches, limits: dict[str, Any], place: _Place, most: int
    ) -> list[_Place]:
        """Return the next places after `place` if there are too many matches to read all."""
        tier, number = place
        found: list[_Place] = []
        if tier == 0:
            asked = limits | {"match": matches.in_title, "limit": most}
            asked["before"] = min(number, limits["before"])
            found = [(0, number) for number in await self._index.match(matches.title_table, asked)]
            number = END
        if len(found) < most:
            asked = limits | {"match": matches.beyond_title, "limit": most - len(found)}
            asked["before"] = min(number, limits["before"])
            found += [(1, number) for number in await self._index.match("match_words", asked)]
        return found

    async def _videos(
        self, parsed: ParsedQuery, query: SearchQuery, numbers: list[int]
    ) -> list[FoundVideo]:
        rows = await self._index.documents(numbers)
        media, _ = await self._library.stored_among([row["video_id"] for row in rows])
        paths = {video_id: self._layout.shown(video.media) for video_id, video in media.items()}
        places = parsed.places()

        def shown(row: Row) -> FoundVideo:
            path = paths.get(row["video_id"])
            return found_video(row, path, places, query.lines, self._layout)

        return await asyncio.to_thread(
            lambda: all_readable(rows, shown, lambda row: f"video {row['video_id']} of the index")
        )  # in a thread: many hours of captions take a second
