"""No named query of any service scans a table that grows with the archive."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.unit.common.test_schemas import PACKAGES
from ytarchive.common.schema import Schema, create
from ytarchive.storage.search.index import SCHEMA as SEARCH

SMALL = {
    "totals", "state", "identity", "moves", "verification", "work_plans", "asked", "wanted",
    "job_counts", "services", "found", "archive", "views", "adoption", "removals",
}  # fmt: skip
"""Tables of one row or few, and lists that the caller gives."""

SCANS = {
    "paths_known": "for the few paths that a verification did not expect; an index would cost more",
    "videos_without_media": "once for each complete verification",
    "files_without_video": "once for each complete verification",
    "count_videos_until": "once for each session of a verification",
    "count_videos": "once for each verification; of the smallest index",
    "delete_row_findings": "of what is wrong, which is little",
    "count_findings": "of what is wrong, which is little",
    "count_jobs_again": "at the start, only if a counter is damaged",
    "newest_passes": "a row for each kind of verification",
    "unreported_jobs": "an index of those alone that are to be reported",
    "purge_entries": "the oldest few, in the order in which they came",
    "all_marks": "once for each restore of a backup",
    "list_videos": "its order and its index are put in: see tests/unit/storage/test_lists.py",
    "count_some": "likewise",
    "stored_entries": "of what is missing, once at each start",
    "some_files": "the first few thousand, and only when an archive has no identity",
    "found_lists": "the files of one adoption, once at its end",
    "count_outcomes": "the files of one adoption, once at its end",
    "list_undescribed": "videos that wait for their metadata, which are few",
    "removed_but_stored": "an index of the removed videos alone, once at each start",
    "has_channel": "once for each export of a channel, up to the first video of the channel",
    "channels_shown": "the videos of one channel",
    "forget_origins": "in the copy of a backup",
    "all_rules": "a row for each subscription with a retention rule",
    "active_subscriptions": "once an hour, to plan the intervals of all of them",
    "profiles_for_sound": "the different profiles of all videos, which are few",
    "feed_of_list": "of the list that the caller gives",
    "count_stored": "for the message that an archive has lost all its files",
}
"""Queries that may scan a table, and why."""


def plans(package: str) -> Iterator[tuple[str, str, list[str]]]:
    """Every query with its name, text and plan."""
    schema = Schema(package, durable=True, functions=SEARCH.functions)
    queries = schema.queries()
    with closing(sqlite3.connect(":memory:")) as database:
        for name, function in schema.functions.items():
            database.create_function(name, -1, function, deterministic=True)
        create(database, schema)
        for name in queries.names():
            text = queries[name]
            parameters = dict.fromkeys(re.findall(r"[:?](\w+)", text), 0)
            rows = database.execute(f"EXPLAIN QUERY PLAN {text}", parameters).fetchall()
            yield name, text, [row[3] for row in rows]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_query_scans_a_large_table(package: str) -> None:
    scans = [
        f"{name}: {step}"
        for name, text, steps in plans(package)
        for step in steps
        if (scanned := re.match(r"SCAN (\w+)", step))
        and "VIRTUAL TABLE" not in step
        and "CONSTANT ROW" not in step
        and scanned[1] not in SMALL
        and not ("LIMIT" in text and "USING" in step)
        and name not in SCANS
    ]
    assert not scans


@pytest.mark.parametrize("package", PACKAGES)
def test_no_page_is_sorted_first(package: str) -> None:
    sorted_first = [
        f"{name}: {step}"
        for name, text, steps in plans(package)
        for step in steps
        if "LIMIT" in text and step.startswith("USE TEMP B-TREE")
        and name not in SCANS
    ]  # fmt: skip
    assert not sorted_first


def test_a_covering_index_answers_whether_videos_are_stored() -> None:
    [steps] = [steps for name, _, steps in plans("ytarchive.storage") if name == "stored_among"]
    assert any("USING COVERING INDEX videos_stored" in step for step in steps)
