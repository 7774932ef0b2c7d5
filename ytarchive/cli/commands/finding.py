"""`ytarchive storage list` and `ytarchive storage search`."""

import functools
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

import click
from rich.console import RenderableType
from rich.text import Text

from ytarchive.cli.options import Command, with_options
from ytarchive.cli.output import Output, cell, clock, size, table
from ytarchive.cli.paging import page_of, paged
from ytarchive.cli.params import Parsed, range_of
from ytarchive.cli.session import chosen, connected, read_settings, reading
from ytarchive.cli.text import counted, plain, shortened
from ytarchive.cli.times import moment
from ytarchive.common.errors import LocalError, NotCached
from ytarchive.common.models import Page
from ytarchive.discovery import Archive
from ytarchive.storage import (
    Access,
    FoundVideo,
    Hit,
    HitField,
    SearchAPI,
    SearchQuery,
    SearchResults,
    SortOrder,
    StoredVideo,
    VideoQuery,
    VideoSort,
)

T = TypeVar("T")

_MAX_WAIT = 5.0
"""Seconds that a command without a server waits for the index of videos stored just before."""


_DAY = click.DateTime(["%Y-%m-%d"])


def _length(text: str) -> int:
    parts = text.strip().split(":")
    if len(parts) > 3 or not all(re.fullmatch(r"[0-9]{1,9}", part) for part in parts):
        raise ValueError(f"{text!r} is neither seconds nor minutes:seconds, such as 90 or 1:30.")
    return functools.reduce(lambda seconds, part: 60 * seconds + int(part), parts, 0)


_LENGTH = Parsed("time", _length)


class _Words(Command):
    """Accepts `-word` as a word: `search cats -dogs`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse arguments; text with one dash that is no option is a word."""
        known = {name for parameter in self.params for name in parameter.opts} | {"-h"}
        words = [a for a in args if re.match(r"-[^-]", a) and a not in known and a[:2] != "-v"]
        if words and "--" not in args:
            args = [*(a for a in args if a not in words), "--", *words]
        return super().parse_args(ctx, args)


_filters = with_options(
    click.option("--channel", metavar="CHANNEL",
                 help="Only this channel: its id, @handle, URL or title."),
    click.option("--from", "uploaded_from", type=_DAY, metavar="DAY",
                 help="Only videos uploaded on this day or later."),
    click.option("--to", "uploaded_to", type=_DAY, metavar="DAY",
                 help="Only videos uploaded on this day or earlier."),
    click.option("--longer", "duration_min", type=_LENGTH, metavar="TIME",
                 help="Only videos of this length or longer: seconds, or 1:30:00."),
    click.option("--shorter", "duration_max", type=_LENGTH, metavar="TIME",
                 help="Only videos of this length or shorter."),
    click.option("--captions/--no-captions", "has_captions", default=None,
                 help="Only videos with captions, or without."),
)  # fmt: skip
"""The options of commands that select stored videos."""


@click.command("list", cls=Command)
@_filters
@click.option(
    "--sort",
    type=click.Choice([sort.value for sort in VideoSort]),
    default=VideoSort.STORED_AT.value,
    show_default=True,
)
@click.option("--reverse", is_flag=True, help="Reverse the order.")
@click.option(
    "--incomplete",
    is_flag=True,
    help="Only videos with missing files, such as captions.",
)
@paged(VideoQuery, limit=50)
@reading
async def list_videos(archive: Archive, out: Output, /, *, reverse: bool, **asked: Any) -> None:
    """List stored videos, last stored first."""
    order = SortOrder.ASCENDING if reverse else SortOrder.DESCENDING
    query = VideoQuery(order=order, **asked)
    out.show(await _answer(archive, lambda it: it.storage.list_videos(query)), _videos)


@click.command(cls=_Words)
@click.argument("words", nargs=-1, required=True, metavar="WORDS...")
@_filters
@paged(SearchQuery, limit=10)
@click.option(
    "--lines", type=range_of(SearchQuery, "lines"), default=3, show_default=True,
    help="Maximum lines of captions shown for each video.",
)  # fmt: skip
@reading
async def search(archive: Archive, out: Output, /, words: tuple[str, ...], **asked: Any) -> int:
    """Find videos by words in titles, descriptions and captions.

    All words must occur. '"two words"' in both kinds of quotes is a phrase, word* is the beginning
    of a word, -word must not occur. The exit code is 1 if nothing is found.
    """
    query = SearchQuery(query=" ".join(words), **asked)
    results = await _answer(archive, lambda it: it.of(SearchAPI).search(query))
    if results.pending and archive.url is None:
        indexed = query.model_copy(update={"wait": _MAX_WAIT})
        with suppress(LocalError):  # another process uses the archive
            results = await _changing(lambda it: it.of(SearchAPI).search(indexed))
    out.show(results, _results)
    if results.pending:
        out.remark(f"Not in the index yet: {counted(results.pending, 'stored video')}.")
    return 0 if results.items else 1


async def _answer(archive: Archive, ask: Callable[[Archive], Awaitable[T]]) -> T:
    """Return the answer; an unknown handle needs a request to YouTube and the archive's lock."""
    try:
        return await ask(archive)
    except NotCached:
        return await _changing(ask)


async def _changing(ask: Callable[[Archive], Awaitable[T]]) -> T:
    """Return the answer of an archive that this process may change."""
    async with connected(read_settings(chosen()), Access.WRITE) as owner:
        return await ask(owner)


def _videos(page: Page[StoredVideo]) -> RenderableType:
    if not page.items:
        return cell("No video matches.")
    lacking = any(video.missing for video in page.items)
    rows = [
        (
            video.video_id,
            _day(video.upload_date),
            clock(video.duration),
            size(video.size_bytes),
            video.quality,
            moment(video.stored_at),
            *([", ".join(video.missing)] if lacking else []),
            shortened(video.channel_title),
            shortened(video.title),
        )
        for video in page.items
    ]
    columns = ["VIDEO", "UPLOADED", ">LENGTH", ">SIZE", "QUALITY", "STORED", "~CHANNEL", "~TITLE"]
    if lacking:
        columns.insert(6, "MISSING")
    return page_of([table(columns, rows)], page.next_cursor)


def _results(results: SearchResults) -> RenderableType:
    if not results.items:
        return cell(f"Nothing: {results.remark}." if results.remark else "Nothing was found.")
    found = counted(results.total, "video", "" if results.is_total_exact else " or more")
    parts: list[RenderableType] = [cell(f"{found} found", "dim")]
    for video in results.items:
        parts += _video(video)
    return page_of(parts, results.next_cursor)


def _video(video: FoundVideo) -> Iterable[RenderableType]:
    in_title = [hit for hit in video.hits if hit.field is HitField.TITLE]
    title = _highlighted(in_title[0]) if in_title else cell(shortened(video.title))
    title.stylize("bold")
    channel = shortened(video.channel_title)
    facts = [video.video_id, channel, _day(video.upload_date), clock(video.duration)]
    yield Text.assemble("\n", title, "  ", cell(" · ".join(filter(None, facts)), "dim"))
    if video.video_path is not None:
        yield cell(f"  {video.video_path}", "dim")
    for hit in video.hits:
        if hit.field is not HitField.TITLE:
            when = clock(hit.seconds) or "text"
            where = cell(f"  {hit.url}" if hit.seconds is not None else "", "dim")
            yield Text.assemble(cell(f"  {when:>8}  ", "cyan"), _highlighted(hit), where)


def _highlighted(hit: Hit) -> Text:
    text = Text(plain(hit.text))  # the length in characters does not change
    for begin, end in hit.matches:
        text.stylize("bold yellow", begin, end)
    return text


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment is not None else ""
