"""Comments that were fetched again, and those that YouTube no longer returns."""

import json
from typing import Any

from ytarchive.storage.intake.contents import with_stored_comments


def file(*ids: str, complete: bool, day: int = 1, **marks: Any) -> bytes:
    comments = [{"id": each, "text": f"text of {each}"} | marks for each in ids]
    head = {"fetched_at": f"2026-05-0{day}T00:00:00Z", "sort": "top"}
    return json.dumps(head | {"comments": comments, "complete": complete}).encode()


def marks(content: bytes) -> dict[str, str | None]:
    return {each["id"]: each.get("missing_since") for each in json.loads(content)["comments"]}


def test_a_comment_that_a_complete_answer_lacks_is_kept_and_marked_once() -> None:
    first = with_stored_comments(file("a", complete=True, day=2), file("a", "b", complete=True))
    assert marks(first) == {"a": None, "b": "2026-05-02T00:00:00Z"}
    second = with_stored_comments(file("a", "c", complete=True, day=3), first)
    assert marks(second) == {"a": None, "c": None, "b": "2026-05-02T00:00:00Z"}


def test_an_answer_with_a_limit_marks_no_comment() -> None:
    found = with_stored_comments(file("a", complete=False), file("a", "b", complete=True))
    assert marks(found) == {"a": None, "b": None}


def test_a_comment_that_is_back_has_no_mark() -> None:
    before = file("a", complete=True, missing_since="2026-05-01T00:00:00Z")
    assert marks(with_stored_comments(file("a", complete=True), before)) == {"a": None}
