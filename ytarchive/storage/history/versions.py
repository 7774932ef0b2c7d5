"""The versions of a video's metadata: one line of the history for each, with what changed."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import ValidationError

from ytarchive.common.media import VideoMetadata
from ytarchive.common.models import Model
from ytarchive.storage.history.comparing import VERSIONED, differences
from ytarchive.storage.history.models import (
    AvailabilityAt,
    CountsAt,
    FieldChange,
    HistoryEntry,
    HistoryKind,
    IncompleteAnswer,
    ReplacedFile,
    VideoHistory,
    VideoVersion,
)

M = TypeVar("M", bound=Model)

_COUNTS = {"views": "view_count", "likes": "like_count", "comments": "comment_count"}


def version_lines(recorded: Sequence[HistoryEntry], *versions: VideoMetadata) -> list[HistoryEntry]:
    """Return the lines to append, so that the history has these versions, oldest first.

    The first line of a video has all versioned fields, each later one those that changed. If
    nothing changed and nothing is recorded, nothing is appended.
    """
    last = _last_version(recorded, versions[0])
    lines: list[HistoryEntry] = []
    for before, after in zip((last or versions[0], *versions), versions, strict=False):
        changed = differences(before, after)
        if not changed:
            continue
        if last is None and not lines:
            lines.append(_line(before, VERSIONED))
        lines.append(_line(after, changed))
    return lines


def counts_line(metadata: VideoMetadata, recorded: Sequence[HistoryEntry]) -> HistoryEntry | None:
    """Return the line with the numbers of a video; None if they are the last recorded ones."""
    found = {name: getattr(metadata, field) for name, field in _COUNTS.items()}
    data = {name: value for name, value in found.items() if value is not None}
    last = next((each for each in reversed(recorded) if each.kind is HistoryKind.COUNTS), None)
    if not data or (last is not None and last.data == data):
        return None
    return HistoryEntry(
        kind=HistoryKind.COUNTS, time=metadata.fetched_at, source=metadata.source, data=data
    )


def incomplete_line(answer: VideoMetadata, lacks: Iterable[str]) -> HistoryEntry:
    """Return the line about an answer that changed nothing."""
    return HistoryEntry(
        kind=HistoryKind.INCOMPLETE,
        time=answer.fetched_at,
        source=answer.source,
        data={"lacks": list(lacks)},
    )


def history_of(
    video_id: str, recorded: Sequence[HistoryEntry], present: VideoMetadata | None
) -> VideoHistory:
    """Return the history of a video, with its present metadata as the last version."""
    by_kind: dict[HistoryKind, list[HistoryEntry]] = {kind: [] for kind in HistoryKind}
    for entry in recorded:
        by_kind[entry.kind].append(entry)
    versions = by_kind[HistoryKind.VERSION]
    if present is not None:
        versions = [*versions, *version_lines(versions, present)] or [_line(present, VERSIONED)]
    replaced = [*by_kind[HistoryKind.CAPTIONS], *by_kind[HistoryKind.THUMBNAIL]]
    return VideoHistory(
        video_id=video_id,
        versions=list(_versions(versions)),
        counts=_all(CountsAt, by_kind[HistoryKind.COUNTS]),
        availability=_all(AvailabilityAt, by_kind[HistoryKind.AVAILABILITY]),
        incomplete=_all(IncompleteAnswer, by_kind[HistoryKind.INCOMPLETE]),
        files=sorted(_all(ReplacedFile, replaced), key=lambda each: each.observed_at),
    )


def _last_version(recorded: Sequence[HistoryEntry], like: VideoMetadata) -> VideoMetadata | None:
    """Return the last recorded version, in the form of `like`; None if none is recorded."""
    state: dict[str, Any] = {}
    for entry in recorded:
        if entry.kind is HistoryKind.VERSION:
            state |= entry.data
    if not state:
        return None
    known = {name: value for name, value in state.items() if name in VERSIONED}
    try:
        return VideoMetadata.model_validate(like.model_dump() | known)
    except ValidationError:  # damaged: the next version is recorded completely
        return None


def _line(metadata: VideoMetadata, fields: Iterable[str]) -> HistoryEntry:
    return HistoryEntry(
        kind=HistoryKind.VERSION,
        time=metadata.fetched_at,
        source=metadata.source,
        data=metadata.model_dump(mode="json", include=set(fields)),
    )


def _versions(lines: Iterable[HistoryEntry]) -> Iterator[VideoVersion]:
    state: dict[str, Any] = {}
    for line in lines:
        changes = [_change(name, state.get(name), value) for name, value in line.data.items()]
        is_first, state = not state, state | line.data
        yield VideoVersion(
            observed_at=line.time,
            source=line.source,
            title=str(state.get("title") or ""),
            changes=[] if is_first else changes,
        )


def _change(field: str, before: Any, after: Any) -> FieldChange:
    diff = None
    if field == "description":
        old, new = (f"{text or ''}".splitlines() for text in (before, after))
        diff = "\n".join(difflib.unified_diff(old, new, "before", "after", lineterm=""))
    return FieldChange(field=field, before=before, after=after, diff=diff)


def _all(model: type[M], entries: Iterable[HistoryEntry]) -> list[M]:
    """Return the entries of a kind as models; damaged ones are left out."""
    found = []
    for entry in entries:
        known = {name: value for name, value in entry.data.items() if name in model.model_fields}
        named = {"observed_at": entry.time, "source": entry.source, "kind": entry.kind}
        known |= {name: value for name, value in named.items() if name in model.model_fields}
        with suppress(ValidationError):
            found.append(model.model_validate(known))
    return found
