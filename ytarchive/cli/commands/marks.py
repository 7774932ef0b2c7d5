"""`ytarchive marks`."""

from typing import Any

import click
from rich.console import RenderableType

from ytarchive.cli.options import Group
from ytarchive.cli.output import Output, cell, table
from ytarchive.cli.paging import page_of, paged
from ytarchive.cli.params import VIDEO
from ytarchive.cli.session import reading, with_archive
from ytarchive.common.models import Page
from ytarchive.discovery import Archive
from ytarchive.storage import MarkedVideo, MarksAPI, MarksQuery, VideoMarks


@click.group(cls=Group, default="list")
def marks() -> None:
    """List and set the marks of videos: kept, removed, known elsewhere."""


@marks.command("list")
@click.option("--removed", is_flag=True, default=None, help="Only removed videos.")
@click.option("--keep", is_flag=True, default=None, help="Only videos with the mark `keep`.")
@paged(MarksQuery, limit=100)
@reading
async def list_marks(archive: Archive, out: Output, /, **asked: Any) -> None:
    """List videos with marks, by id (default of `marks`)."""
    out.show(await archive.of(MarksAPI).list_marks(MarksQuery(**asked)), _page)


@marks.command("set")
@click.argument("video", type=VIDEO)
@click.option("--keep/--no-keep", default=None, help="Prevent its removal.")
@click.option("--removed/--no-removed", default=None, help="Exclude it from jobs for lists.")
@click.option(
    "--elsewhere",
    "known_elsewhere",
    metavar="PLACE",
    help="Record where else it is stored; jobs for lists do not fetch it.",
)
@click.option("--no-elsewhere", "known_elsewhere", flag_value="", help="Clear this record.")
@with_archive
async def set_marks(archive: Archive, out: Output, /, video: str, **given: Any) -> None:
    """Change marks of a video, stored or not; its other marks stay."""
    if all(value is None for value in given.values()):
        raise click.UsageError("Name a mark, such as --keep or --no-removed.")
    api = archive.of(MarksAPI)
    present = (await api.get_marks(video)).model_dump(include=set(VideoMarks.model_fields))
    changed = {name: _value(value) for name, value in given.items() if value is not None}
    out.show(await api.set_marks(video, VideoMarks(**present | changed)), _line)


def _page(page: Page[MarkedVideo]) -> RenderableType:
    if not page.items:
        return cell("No video has marks.")
    rows = [(each.video_id, _words(each)) for each in page.items]
    return page_of([table(["VIDEO", "~/MARKS"], rows)], page.next_cursor)


def _line(marked: MarkedVideo) -> RenderableType:
    return cell(f"{marked.video_id}: {_words(marked) or 'no marks'}")


def _words(marked: MarkedVideo) -> str:
    words = [name for name in ("keep", "removed") if getattr(marked, name)]
    if marked.known_elsewhere is not None:
        words.append(f"known elsewhere: {marked.known_elsewhere}")
    if marked.episode is not None:
        words.append(f"episode {marked.episode}")
    return ", ".join(words)


def _value(given: bool | str) -> bool | str | None:
    return given if given != "" else None
