"""`ytarchive export`."""

from pathlib import Path

import click
from rich.console import RenderableType

from ytarchive.cli.options import Group, NamedPath, with_options
from ytarchive.cli.output import Output, pairs, size
from ytarchive.cli.params import LIST
from ytarchive.cli.session import reading
from ytarchive.common.errors import InvalidRequest
from ytarchive.discovery import Archive
from ytarchive.storage import (
    ExportAPI,
    ExportFormat,
    ExportQuery,
    WrittenBag,
    open_export,
    write_bag,
)

_FOLDER = NamedPath(file_okay=False, path_type=Path, resolve_path=True)
_selection = with_options(
    click.option("--channel", metavar="CHANNEL",
                 help="Only this channel: its id, @handle, URL or title."),
    click.option("--playlist", type=LIST, metavar="PLAYLIST",
                 help="Only this stored playlist, in its order: its id or URL."),
)  # fmt: skip


@click.group(cls=Group)
def export() -> None:
    """Export stored videos for other programs."""


@export.command("download-archive")
@_selection
@reading
async def download_archive(
    archive: Archive, out: Output, channel: str | None, playlist: str | None
) -> None:
    """Print the ids, for yt-dlp's `--download-archive`."""
    await _print(archive, out, ExportFormat.DOWNLOAD_ARCHIVE, channel, playlist)


@export.command("csv")
@_selection
@reading
async def as_csv(archive: Archive, out: Output, channel: str | None, playlist: str | None) -> None:
    """Print a table of the videos as CSV.

    A title that a spreadsheet program would execute as a formula begins with an apostrophe.
    """
    await _print(archive, out, ExportFormat.CSV, channel, playlist)


@export.command("json")
@_selection
@reading
async def as_json(archive: Archive, out: Output, channel: str | None, playlist: str | None) -> None:
    """Print a JSON list of the videos with files and digests."""
    await _print(archive, out, ExportFormat.JSON, channel, playlist)


@export.command()
@click.argument("folder", type=_FOLDER, metavar="DIR")
@_selection
@reading
async def bagit(
    archive: Archive, out: Output, folder: Path, channel: str | None, playlist: str | None
) -> None:
    """Copy the files of the videos to DIR as a BagIt bag.

    DIR must be new or empty, and outside the archive. Every copied file is compared with its
    digest; if one is damaged, DIR is not changed. The folder `data` in DIR can become an archive:
    `ytarchive init`, then `ytarchive rebuild`. With a server, the files are sent to this machine.
    """
    query = ExportQuery(format=ExportFormat.BAGIT, channel=channel, playlist=playlist)
    out.show(await write_bag(archive.of(ExportAPI), query, folder), _bag)


async def _print(
    archive: Archive, out: Output, format_: ExportFormat, channel: str | None, playlist: str | None
) -> None:
    if out.as_json and format_ is not ExportFormat.JSON:
        raise InvalidRequest(f"{format_} cannot be printed as JSON; use `ytarchive export json`")
    query = ExportQuery(format=format_, channel=channel, playlist=playlist)
    _, parts = await open_export(archive.of(ExportAPI), query)
    async with parts:
        async for part in parts:
            click.echo(part, nl=False)


def _bag(bag: WrittenBag) -> RenderableType:
    return pairs([("bag", bag.path), ("files", bag.files), ("size", size(bag.size_bytes))])
