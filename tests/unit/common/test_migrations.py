"""Every service's `schema.sql` is what its migrations lead to."""

import re
import sqlite3
from contextlib import closing
from importlib.resources import files

import pytest

from ytarchive.common.database import Schema, migrate
from ytarchive.common.services import ServiceName

WITH_DATABASE = [
    service
    for service in ServiceName
    if files("ytarchive").joinpath(service, "sql", "schema.sql").is_file()
]


def objects(database: sqlite3.Connection) -> dict[str, str]:
    """Every table, index and trigger by name; comments and spacing do not count."""
    rows = database.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {name: _bare(sql) for name, sql in rows}


def _bare(sql: str) -> str:
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(re.sub(r"--.*", "", sql).split()))


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_migrations_lead_to_the_schema(service: ServiceName) -> None:
    package = f"ytarchive.{service}"
    with (
        closing(sqlite3.connect(":memory:")) as migrated,
        closing(sqlite3.connect(":memory:")) as declared,
    ):
        migrate(migrated, Schema(package=package, durable=True))
        declared.executescript(files(package).joinpath("sql", "schema.sql").read_text("utf-8"))
        assert objects(migrated) == objects(declared)


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_every_named_statement_fits_the_schema(service: ServiceName) -> None:
    """A statement that names a missing column or table would fail only when it is first used."""
    schema = Schema(package=f"ytarchive.{service}", durable=True)
    queries = schema.queries()
    with closing(sqlite3.connect(":memory:")) as database:
        migrate(database, schema)
        for name in queries.names():
            parameters = dict.fromkeys(re.findall(r":(\w+)", queries[name]), 0)
            database.execute(f"EXPLAIN {queries[name]}", parameters)
