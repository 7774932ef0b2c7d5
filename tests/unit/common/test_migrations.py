"""Every service's `schema.sql` is what its migrations lead to."""

import re
import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest

import ytarchive
from ytarchive.common.database import Schema, migrate
from ytarchive.storage.search.index import SCHEMA as SEARCH

ROOT = Path(ytarchive.__file__).parent
PACKAGES = [
    ".".join(path.relative_to(ROOT.parent).parts[:-2]) for path in ROOT.rglob("sql/schema.sql")
]
"""Every package that has a database."""


def objects(database: sqlite3.Connection) -> dict[str, str]:
    """Every table, index and trigger by name; comments and spacing do not count."""
    rows = database.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {name: _bare(sql) for name, sql in rows}


def _bare(sql: str) -> str:
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(re.sub(r"--.*", "", sql).split()))


@pytest.mark.parametrize("package", PACKAGES)
def test_migrations_lead_to_the_schema(package: str) -> None:
    with (
        closing(sqlite3.connect(":memory:")) as migrated,
        closing(sqlite3.connect(":memory:")) as declared,
    ):
        migrate(migrated, Schema(package=package, durable=True))
        declared.executescript(files(package).joinpath("sql", "schema.sql").read_text("utf-8"))
        assert objects(migrated) == objects(declared)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_named_statement_fits_the_schema(package: str) -> None:
    """A statement that names a missing column or table would fail only when it is first used."""
    schema = Schema(package=package, durable=True)
    queries = schema.queries()
    with closing(sqlite3.connect(":memory:")) as database:
        for name, function in SEARCH.functions.items():
            database.create_function(name, -1, function)
        migrate(database, schema)
        for name in queries.names():
            parameters = dict.fromkeys(re.findall(r"[:?](\w+)", queries[name]), 0)
            database.execute(f"EXPLAIN {queries[name]}", parameters)
