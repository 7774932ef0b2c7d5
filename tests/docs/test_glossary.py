"""The glossary names the models of the HTTP API, and has each term once."""

import json
import re
from collections import Counter

from tests.docs.markdown import document
from ytarchive.common.contract import endpoints
from ytarchive.http import CONTRACTS

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in document("docs/glossary.md").text.splitlines()
    if line.startswith("| ") and not line.startswith("| Term ")
]
SCHEMAS = set(json.loads(document("docs/api/openapi.json").text)["components"]["schemas"])
WITHOUT_A_TERM = {
    "BatchMetadata", "Done", "Emptied", "EventBatch", "LogBatch", "Metric", "MissingVideo", "Page",
    "PlaylistPage", "QueuedRepairs", "QuotaUsage", "Received", "Restored", "RetryReport",
    "SearchResults", "Snapshot", "StorageStats", "StoredVideos", "VideoExists", "VideoFormats",
}  # fmt: skip
"""Answers that are lists, totals or confirmations of other things."""


def answers() -> set[str]:
    """The names of the models that operations answer with."""
    types = {each.response for contract in CONTRACTS for each in endpoints(contract)}
    named = " ".join(getattr(each, "__name__", "") + str(each) for each in types)
    return set(re.findall(r"\b([A-Z]\w+)", named)) & SCHEMAS


def test_each_term_is_explained_once() -> None:
    terms = Counter(row[0] for row in ROWS)
    assert [term for term, count in terms.items() if count > 1] == []
    assert all(len(row) == 3 and row[1] for row in ROWS)


def test_the_models_of_the_glossary_exist() -> None:
    named = {name for row in ROWS for name in re.findall(r"`(\w+)`", row[2])}
    assert named - SCHEMAS == set()


def test_models_of_operations_have_a_term() -> None:
    named = {name for row in ROWS for name in re.findall(r"`(\w+)`", row[2])}
    assert answers() - named - WITHOUT_A_TERM == set()
