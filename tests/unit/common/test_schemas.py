"""Every service's statements fit its schema."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import ytarchive
from ytarchive.common.schema import Schema, create
from ytarchive.storage.search.index import SCHEMA as SEARCH

ROOT = Path(ytarchive.__file__).parent
PACKAGES = [
    ".".join(path.relative_to(ROOT.parent).parts[:-2]) for path in ROOT.rglob("sql/schema.sql")
]
"""Every package that has a database."""


@pytest.mark.parametrize("package", PACKAGES)
def test_every_named_statement_fits_the_schema(package: str) -> None:
    """A statement that names a missing column or table would fail only when it is first used."""
    schema = Schema(package=package, durable=True)
    queries = schema.queries()
    explained = set()
    with closing(sqlite3.connect(":memory:")) as database:
        for name, function in SEARCH.functions.items():
            database.create_function(name, -1, function)
        create(database, schema)
        for name in queries.names():
            parameters = dict.fromkeys(re.findall(r"[:?](\w+)", queries[name]), 0)
            database.execute(f"EXPLAIN {queries[name]}", parameters)
            explained.add(name)
    assert explained == set(queries.names()) != set()
