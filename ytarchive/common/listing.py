"""Pages of lists, past rows that cannot be read: these are left out and named."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ytarchive.common.database import Row
from ytarchive.common.models import Page
from ytarchive.common.rows import leave_out, left_out, readable

T = TypeVar("T")

Fetch = Callable[[int], Awaitable[list[Row]]]
"""Returns the next rows after the query's cursor, at most so many."""


@dataclass(frozen=True)
class Listing(Generic[T]):
    """How the rows of a list become pages."""

    name: Callable[[Row], str]
    """What a row is called when it is left out."""
    place: Callable[[Row], Any]
    """The row's place in the order of the list; None if it is damaged."""
    read: Callable[[Row], Awaitable[T | None]]
    """Returns None for a row that cannot be read and was reported by `readable`."""
    cursor: Callable[[Any], str] = str
    """The cursor that goes on after a place."""
    fit: Callable[[list[Row]], list[Row]] = list
    """The first of some rows, as many as one answer can hold."""

    async def page(self, limit: int, fetch: Fetch) -> Page[T]:
        """Return at most so many entries.

        A page ends at a row whose place is known, so that the next one can go on there.
        """
        asked = limit
        while True:
            rows = await fetch(asked + 1)
            placed = [n for n, row in enumerate(rows[:asked]) if self.place(row) is not None]
            if placed or len(rows) <= asked:
                break
            asked += limit
        end, cursor = len(rows), None
        fitting = len(self.fit(rows[:asked]))
        if placed and fitting < len(rows):
            last = max((n for n in placed if n < fitting), default=placed[0])
            end, cursor = last + 1, self.cursor(self.place(rows[last]))
        with left_out() as skipped:
            items = [item for row in rows[:end] if (item := await self._item(row)) is not None]
        return Page(items=items, next_cursor=cursor, skipped=skipped)

    async def _item(self, row: Row) -> T | None:
        if self.place(row) is None:
            leave_out(self.name(row), "its place in the list is damaged")
            return None
        return await self.read(row)


def read_alone(
    read: Callable[[Row], T], name: Callable[[Row], str]
) -> Callable[[Row], Awaitable[T | None]]:
    """Return a `Listing.read` that reads a row by itself."""

    async def item(row: Row) -> T | None:
        return readable(row, read, name(row))

    return item
