"""Changes of downloaded files that depend on what is stored of their video."""

import json
from typing import Any

from pydantic_core import from_json, to_json

_OF_THE_FORMAT = ("ext", "vcodec", "acodec", "width", "height", "fps", "tbr", "vbr", "abr",
                  "dynamic_range", "resolution", "filesize", "filesize_approx")  # fmt: skip
"""Fields of `info.json` that describe only the fetched media."""


def without_format(info: bytes) -> bytes:
    """Return an `info.json` without the fields that describe media not stored with it."""
    found = _document(info)
    if found is None:
        return info
    kept = {
        name: value
        for name, value in found.items()
        if name not in _OF_THE_FORMAT and not name.startswith(("format", "requested_"))
    }
    return to_json(kept)


def with_stored_comments(fetched: bytes, stored: bytes) -> bytes:
    """Return a file of comments, followed by the stored comments that were not fetched again.

    YouTube may send fewer comments than before: because fewer are requested, in another order, or
    because they were deleted. If all were fetched, the others get `missing_since`: the time of the
    first file without them.
    """
    found, before = _document(fetched), _document(stored)
    if found is None or before is None:
        return fetched
    comments = _comments(found)
    known = {_identity(each) for each in comments}
    earlier = [each for each in _comments(before) if _identity(each) not in known]
    if not earlier:
        return fetched
    if found.get("complete") is True:
        since = found.get("fetched_at")
        earlier = [{"missing_since": since} | each if isinstance(each, dict) else each
                   for each in earlier]  # fmt: skip
    head = {name: value for name, value in found.items() if name != "comments"}
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in [*comments, *earlier])
    opening = json.dumps(head | {"comments": []}).removesuffix("]}")
    return f"{opening}{lines}]}}\n".encode("utf-8", "replace")


def _comments(document: dict[str, Any]) -> list[Any]:
    found = document.get("comments")
    return found if isinstance(found, list) else []


def _identity(comment: Any) -> str:
    known = comment.get("id") if isinstance(comment, dict) else None
    return str(known or comment)


def _document(content: bytes) -> dict[str, Any] | None:
    try:
        found = from_json(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
