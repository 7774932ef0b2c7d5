"""Pages of lists. Unreadable rows are left out and named."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ytarchive.common.database import Row
from ytarchive.common.models import Page
from ytarchive.common.rows import leave_out, left_out, readable

T = TypeVar("T")

Fetch = Callable[[int], Awaitable[list[Row]]]
"""Returns the next rows after the query's cursor, up to a number."""


@dataclass(frozen=True)
class Listing(Generic[T]):
    """Turns the rows of a list into pages."""

    name: Callable[[Row], str]
    """Returns the name of a row for the message that it is left out."""
    place: Callable[[Row], Any]
    """Returns the row's position in the list; None if it is damaged."""
    read: Callable[[Row], Awaitable[T | None]]
    """Returns None for a row that cannot be read and was reported by `readable`."""
    cursor: Callable[[Any], str] = str
    """Returns the cursor that continues after a position."""
    fit: Callable[[list[Row]], list[Row]] = list
    """Returns the first of some rows, as many as one answer can contain."""

    async def page(self, limit: int, fetch: Fetch) -> Page[T]:
        """Return a page with at most `limit` entries.

        A page ends at a row with a known position, so that the next page can continue there.
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
            leave_out(self.name(row), "its position in the list is damaged")
            return None
        return await self.read(row)


def read_alone(
    read: Callable[[Row], T], name: Callable[[Row], str]
) -> Callable[[Row], Awaitable[T | None]]:
    """Return a `Listing.read` that reads each row independently."""

    async def item(row: Row) -> T | None:
        return readable(row, read, name(row))

    return item
