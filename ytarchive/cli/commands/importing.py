"""`ytarchive import`."""

from pathlib import Path

import click
from pydantic import BaseModel
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.options import Group
from ytarchive.cli.output import Output, cell, pairs
from ytarchive.cli.session import with_archive
from ytarchive.cli.text import counted
from ytarchive.discovery import Archive
from ytarchive.storage import KnownVideos, MarksAPI, read_download_archive

_AT_ONCE = 10_000
_SHOWN = 20


class Imported(BaseModel):
    """What became of the lines of a list."""

    marked: int = 0
    known_before: int = 0
    stored: list[str] = []
    failed: list[str] = []
    lines_of_other_sites: list[int]
    invalid_lines: list[int]


@click.group("import", cls=Group)
def import_() -> None:
    """Import lists of other programs."""


@import_.command("download-archive")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--place", metavar="PLACE", help="Where the videos are stored (default: FILE).")
@with_archive
async def download_archive(archive: Archive, out: Output, file: Path, place: str | None) -> int:
    """Mark the videos in a list of yt-dlp as known.

    FILE is a list of yt-dlp's `--download-archive`. Jobs for lists do not fetch its videos.
    The exit code is 1 if a line cannot be read.
    """
    read = read_download_archive(file)
    imported = Imported(lines_of_other_sites=read.of_other_sites, invalid_lines=read.invalid)
    for start in range(0, len(read.video_ids), _AT_ONCE):
        some = read.video_ids[start : start + _AT_ONCE]
        known = KnownVideos(video_ids=some, place=place or file.name)
        done = await archive.of(MarksAPI).mark_known(known)
        imported.marked += done.marked
        imported.known_before += done.known_before
        imported.stored += done.stored
        imported.failed += done.failed
    out.show(imported, _imported)
    return 1 if imported.invalid_lines or imported.failed else 0


def _imported(imported: Imported) -> RenderableType:
    facts = [
        ("marked", imported.marked),
        ("known before", imported.known_before),
        ("stored already", len(imported.stored)),
        ("of other sites", len(imported.lines_of_other_sites)),
    ]
    problems = [
        *(f"line {number} names no video" for number in imported.invalid_lines),
        *(f"the marks of {each} cannot be read" for each in imported.failed),
    ]
    shown = [cell(each, "yellow") for each in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        shown.append(cell(f"and {counted(len(problems) - _SHOWN, 'problem')} more", "yellow"))
    return Lines(pairs(facts), *shown)
