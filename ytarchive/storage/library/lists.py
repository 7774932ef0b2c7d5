"""Lists of stored videos, whose cost does not depend on the size of the archive.

A page is read from the index of its order, starting after the previous page. If a filter matches
few videos, that would scan most of the index: then the matches are read by the filter's index and
sorted.
"""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from ytarchive.common.cursors import cursor_at, place_of, refused_cursor
from ytarchive.common.database import Database, Row
from ytarchive.common.listing import Listing, read_alone
from ytarchive.common.models import Page
from ytarchive.common.rows import fields_of
from ytarchive.storage.library.models import SortOrder, StoredVideo, VideoQuery, VideoSort
from ytarchive.storage.store.layout import Layout

_FEW = 10_000
"""This many videos can be sorted for each page in about 20 ms."""

_Number = Annotated[int, Field(ge=-(2**63), lt=2**63)]
_NUMERIC: TypeAdapter[tuple[int | str, int]] = TypeAdapter(tuple[_Number, _Number])
_TEXTUAL: TypeAdapter[tuple[int | str, int]] = TypeAdapter(tuple[str, _Number])


_ORDERS = {
    VideoSort.STORED_AT: ("stored_at", "videos_by_stored_at", _NUMERIC),
    VideoSort.UPLOAD_DATE: ("ifnull(upload_date, 0)", "videos_by_upload_date", _NUMERIC),
    VideoSort.TITLE: ("title COLLATE NOCASE", "videos_by_title", _TEXTUAL),
    VideoSort.DURATION: ("ifnull(duration, 0)", "videos_by_duration", _NUMERIC),
    VideoSort.SIZE: ("size_bytes", "videos_by_size", _NUMERIC),
    VideoSort.CHANNEL: ("channel_title COLLATE NOCASE", "videos_by_channel", _TEXTUAL),
}
"""By order: the sort key, the index in that order, and the type of a place in it."""


@dataclass(frozen=True)
class _Filter:
    """A condition, and the index that finds the matching videos."""

    condition: str
    index: str
    parameters: dict[str, Any]


class VideoLists:
    """Pages of the library's videos."""

    def __init__(self, database: Database, layout: Layout) -> None:
        self._database = database
        self._layout = layout

    async def page(self, query: VideoQuery) -> Page[StoredVideo]:
        """Return one page. Raises InvalidRequest for a cursor of another list."""
        filters = await self._filters(query)
        few = await self._most_selective(filters)
        conditions = [each.condition for each in filters]
        parameters = {name: value for each in filters for name, value in each.parameters.items()}
        key, index, place = _ORDERS[query.sort]
        direction = query.order.value
        statement = self._assembled("list_videos", few.index if few else index, conditions)
        is_text = place is _TEXTUAL
        shown = f"CAST({key} AS BLOB)" if is_text else key
        statement = statement.replace("/* key */", f"{shown} AS sort_key,")
        parts = [("", f"{key} {direction}, number {direction}")]
        reached = None
        if query.cursor is not None:
            reached = place_of(query, query.cursor, place)
            parameters |= {"key": _bound(reached[0]), "number": reached[1]}
            parts = _after(key, query.order, ":key" if not is_text else "CAST(:key AS TEXT)")
        if key.startswith("ifnull") and query.order is SortOrder.ASCENDING:
            is_unknown = reached is not None and not reached[0]
            parts = _with_unknown_last(key, parts, is_unknown=is_unknown)

        async def fetch(count: int) -> list[Row]:
            rows: list[Row] = []
            for after, ordered in parts:
                if (missing := count - len(rows)) > 0:
                    part = statement.replace("/* after */", after)
                    part = part.replace("/* order */", f"ORDER BY {ordered}")
                    rows += await self._database.select(part, parameters | {"limit": missing})
            return rows

        listing = Listing(
            name=_name,
            place=_text_place if is_text else _numeric_place,
            read=read_alone(self._video, _name),
            cursor=lambda place: cursor_at(query, place),
        )
        return await listing.page(query.limit, fetch)

    async def _most_selective(self, filters: list[_Filter]) -> _Filter | None:
        """Return the filter with the fewest matches; None if all have many."""
        fewest, best = _FEW, None
        for each in filters:
            statement = self._assembled("count_some", each.index, [each.condition])
            [row] = await self._database.select(statement, each.parameters | {"most": fewest})
            if row["videos"] < fewest:
                fewest, best = row["videos"], each
        return best

    async def _filters(self, query: VideoQuery) -> list[_Filter]:
        filters = []
        if query.channel is not None:
            filters.append(await self._of_channel(query.channel))
        if (uploaded := query.upload_limits) is not None:
            filters.append(_within("upload_date", uploaded))
        if (lasting := query.duration_limits) is not None:
            filters.append(_within("duration", lasting))
        if query.has_captions is not None:
            condition = "(captions > 0) = :has_captions"
            has = {"has_captions": int(query.has_captions)}
            filters.append(_Filter(condition, "videos_by_captions", has))
        if query.incomplete:
            filters.append(_Filter("missing NOTNULL", "videos_incomplete", {}))
        return filters

    async def _of_channel(self, channel: str) -> _Filter:
        """Return a filter by channel id if a stored video has this id, else by channel title."""
        parameters = {"channel": channel}
        if await self._database.fetch_one("video_of_channel", parameters):
            return _Filter("channel_id = :channel", "videos_by_channel_id", parameters)
        condition = "channel_title COLLATE NOCASE = :channel"
        return _Filter(condition, "videos_by_channel", parameters)

    def _assembled(self, name: str, index: str, conditions: list[str]) -> str:
        """Return a named statement that uses an index, with further conditions."""
        statement = self._database.query(name).replace("/* by */", f"INDEXED BY {index}")
        return statement.replace("/* and */", "".join(f"AND {each} " for each in conditions))

    def _video(self, row: Row) -> StoredVideo:
        shown = {
            "has_captions": row["captions"] > 0,
            "video_path": self._layout.shown(row["media_path"]),
            "missing": json.loads(row["missing"] or "[]"),
        }
        return StoredVideo(**fields_of(StoredVideo, row) | shown)


def _name(row: Row) -> str:
    return f"video {row['video_id']}"


def _text_place(row: Row) -> tuple[str, int] | None:
    """Return a place by text. Its bytes are read as Latin-1, because they may be damaged."""
    key = row["sort_key"]
    return (key.decode("latin-1"), row["number"]) if isinstance(key, bytes) else None


def _numeric_place(row: Row) -> tuple[int, int] | None:
    key = row["sort_key"]
    return (key, row["number"]) if isinstance(key, int) else None


def _bound(place: str | int) -> bytes | int:
    """Return the sort key of a cursor; reverses `_text_place`. Raises InvalidRequest."""
    try:
        return place.encode("latin-1") if isinstance(place, str) else place
    except UnicodeEncodeError:
        raise refused_cursor() from None


def _after(key: str, order: SortOrder, reached: str) -> list[tuple[str, str]]:
    """Return conditions and orders for what follows a place: the same key, then later keys.

    SQLite uses an index for each of them, but not for `(key, number) > (:key, :number)`.
    """
    sign = ">" if order is SortOrder.ASCENDING else "<"
    return [
        (f"AND {key} = {reached} AND number {sign} :number", f"number {order.value}"),
        (f"AND {key} {sign} {reached}", f"{key} {order.value}, number {order.value}"),
    ]


def _with_unknown_last(
    key: str, parts: list[tuple[str, str]], *, is_unknown: bool
) -> list[tuple[str, str]]:
    """Sort the videos whose key is 0, which means unknown, last in an ascending list.

    `is_unknown`: the list continues from one of these videos.
    """
    if is_unknown:
        return parts[:1]
    known = [(f"{after} AND {key} > 0", order) for after, order in parts]
    return [*known, (f"AND {key} = 0", "number ASC")]


def _within(column: str, limits: tuple[int, int]) -> _Filter:
    first, last = f":{column}_first", f":{column}_last"
    condition = f"ifnull({column}, 0) BETWEEN {first} AND {last} AND {column} NOTNULL"
    parameters = {f"{column}_first": limits[0], f"{column}_last": limits[1]}
    return _Filter(condition, f"videos_by_{column}", parameters)
