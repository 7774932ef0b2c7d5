"""Lists in which some rows of a database cannot be read."""

import sqlite3
from collections.abc import Awaitable, Callable, Collection
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.damage import VALUES
from ytarchive.common.models import Page

ENTRIES = 6
"""Rows of each list."""

DAMAGED_ROWS = pytest.mark.parametrize(
    "damaged", [{0}, {ENTRIES - 1}, {1, 2, 3}, set(range(ENTRIES))], ids=str
)


def not_utf8(column: str) -> str:
    """The assignment by which a text is no longer UTF-8."""
    return f"{column} = {VALUES['not UTF-8'].format(column)}"


def damage_rows(
    path: Path, table: str, key: str, assignment: str, numbers: Collection[int]
) -> None:
    """Change the rows with these numbers, in the order of the key."""
    with closing(sqlite3.connect(path)) as database:
        keys = [row[0] for row in database.execute(f"SELECT {key} FROM {table} ORDER BY {key}")]
        assert len(keys) == ENTRIES
        for number in numbers:
            database.execute(f"UPDATE {table} SET {assignment} WHERE {key} = ?", [keys[number]])
        database.commit()


async def all_pages(
    page: Callable[[str | None], Awaitable[Page[Any]]], limit: int
) -> tuple[list[str], list[str]]:
    """Follow the cursors to the end; return the items, and the names of the rows left out."""
    items: list[str] = []
    skipped: list[str] = []
    cursor: str | None = None
    for _ in range(3 * ENTRIES):
        found = await page(cursor)
        assert len(found.items) <= limit
        items += [item.model_dump_json() for item in found.items]
        skipped += found.skipped
        cursor = found.next_cursor
        if cursor is None:
            return items, skipped
    raise AssertionError(f"the list has no end: {items}")
