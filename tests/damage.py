"""Damages single values of a database, as a bad disk or another program would."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from ytarchive.common.schema import Schema, create

VALUES = {
    "not UTF-8": "CAST(CAST(substr({0}, 1, 3) AS BLOB) || x'ff' || substr({0}, 5) AS TEXT)",
    "no JSON": "'[' || substr({0}, 2)",
    "a huge number": "9223372036854775807",
}


def columns(schema: Schema) -> Iterator[tuple[str, str]]:
    """Every table of a service with each of its columns."""
    with closing(sqlite3.connect(":memory:")) as database:
        for name, function in schema.functions.items():
            database.create_function(name, -1, function, deterministic=True)
        create(database, schema)
        for (table,) in database.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' "
            "AND sql NOT LIKE 'CREATE VIRTUAL%'"
        ).fetchall():
            for row in database.execute(f"PRAGMA table_info({table})").fetchall():
                yield table, row[1]


def damaged_copies(
    path: Path, schema: Schema, table: str, values: Iterable[str] = VALUES
) -> Iterator[tuple[str, str]]:
    """Damage one value of a table at a time; the file is restored in between.

    Yield the column and the kind of damage.
    """
    original = path.read_bytes()
    for column in (column for its, column in columns(schema) if its == table):
        for value in values:
            path.write_bytes(original)
            if damage(path, table, column, value):
                yield column, value


def damage(path: Path, table: str, column: str, value: str) -> int:
    """Damage the column in the first row that has a value; the number of rows changed.

    Indexes keep up with it, so that the damage is in the value alone.
    """
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        keys = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[5]]
        key = f"({', '.join(keys)})" if keys else "rowid"
        chosen = f"SELECT {', '.join(keys) or 'rowid'} FROM {table} WHERE {column} NOTNULL LIMIT 1"
        is_text = {
            row[1]: row[2] == "TEXT" for row in database.execute(f"PRAGMA table_info({table})")
        }[column]
        if is_text is (value == "a huge number"):
            return 0
        try:
            changed = database.execute(
                f"UPDATE {table} SET {column} = {VALUES[value].format(column)} "
                f"WHERE {key} = ({chosen})"
            ).rowcount
        except sqlite3.Error:  # a trigger or a type that cannot have this value
            return 0
        database.commit()
        return changed
