"""Shows the history of a video, and lost videos."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.output import cell, pairs, size, table
from ytarchive.cli.paging import page_of
from ytarchive.cli.text import shortened
from ytarchive.cli.times import moment
from ytarchive.common.models import Page
from ytarchive.storage import FieldChange, LostVideo, VideoHistory, VideoVersion

_NAMES = {"available_captions": "captions", "thumbnail_urls": "thumbnail"}
_STYLES = {"+": "green", "-": "red"}


def lost_table(page: Page[LostVideo]) -> RenderableType:
    """Return a page of lost videos as a table."""
    if not page.items:
        return cell("YouTube has all stored videos, as far as is known.")
    rows = [
        (each.video_id, each.reason, moment(each.lost_since), size(each.size_bytes),
         each.channel_title, shortened(each.title))
        for each in page.items
    ]  # fmt: skip
    columns = ["VIDEO", "REASON", "LOST SINCE", ">SIZE", "~CHANNEL", "~TITLE"]
    return page_of([table(columns, rows)], page.next_cursor)


def shown_history(found: VideoHistory) -> RenderableType:
    """Return the history of a video."""
    parts: list[RenderableType] = [_facts(found)]
    for version in found.versions:
        parts += [cell(""), *_version(version)]
    for columns, rows in _tables(found):
        parts += [cell(""), table(columns, rows)] if rows else []
    return Lines(*parts)


def _tables(found: VideoHistory) -> Iterator[tuple[list[str], Sequence[Sequence[object]]]]:
    counts = [(moment(n.observed_at), n.views, n.likes, n.comments) for n in found.counts]
    yield ["OBSERVED", ">VIEWS", ">LIKES", ">COMMENTS"], counts
    states = [(moment(a.observed_at), a.state, a.reason, a.evidence) for a in found.availability]
    yield ["OBSERVED", "STATE", "REASON", "~EVIDENCE"], states
    ignored = [(moment(i.observed_at), i.source, _named(i.lacks)) for i in found.incomplete]
    yield ["IGNORED ANSWER", "SOURCE", "~LACKED"], ignored
    files = [(moment(f.observed_at), f.kind, size(f.size_bytes), f.name) for f in found.files]
    yield ["REPLACED", "KIND", ">SIZE", "~FILE"], files


def _facts(found: VideoHistory) -> RenderableType:
    title = found.versions[-1].title if found.versions else None
    return pairs([("video", found.video_id), ("title", title), ("versions", len(found.versions))])


def _version(version: VideoVersion) -> Iterator[RenderableType]:
    source = f" ({version.source})" if version.source else ""
    yield cell(f"{moment(version.observed_at)}{source}", "bold")
    if not version.changes:
        yield cell(f"  first version: {version.title}")
    for change in version.changes:
        yield from _change(change)


def _change(change: FieldChange) -> Iterator[RenderableType]:
    name = _NAMES.get(change.field, change.field.replace("_", " "))
    if change.diff is None:
        yield cell(f"  {name}: {_text(change.before)} → {_text(change.after)}")
        return
    yield cell(f"  {name}:")
    for line in change.diff.splitlines()[2:]:  # without the names of the two texts
        yield cell(f"    {line}", _STYLES.get(line[:1], ""))


def _text(value: Any) -> str:
    match value:
        case None:
            return "unknown"
        case []:
            return "none"
        case list():
            return ", ".join(map(str, value))
        case dict():
            return " ".join(str(url) for url in list(value.values())[-1:])
        case _:
            return str(value)


def _named(fields: list[str]) -> str:
    return ", ".join(_NAMES.get(each, each) for each in fields)
