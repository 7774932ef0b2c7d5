"""`ytarchive trash` and `ytarchive quarantine`."""

import sys
from typing import Any

import click
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.options import Group
from ytarchive.cli.output import Output, cell, size, table
from ytarchive.cli.paging import page_of, paged
from ytarchive.cli.params import DURATION, VIDEO
from ytarchive.cli.session import reading, with_archive
from ytarchive.cli.text import counted
from ytarchive.cli.times import moment
from ytarchive.common.models import Page
from ytarchive.discovery import Archive
from ytarchive.storage import (
    BinName,
    Emptied,
    EmptyTrash,
    Restored,
    RestoreItem,
    TrashAPI,
    TrashItem,
    TrashQuery,
)

_DAY = 86_400.0


def _bin(name: BinName, purpose: str, restoring: str) -> Group:
    """Return the command group of a bin, with `list` and `restore`."""
    group = Group(name, default="list", help=purpose)
    listing = f"List items, newest first (default of `{name}`)."
    is_trash = name is BinName.TRASH

    @group.command("list", help=listing)
    @click.option("--video", "video_id", type=VIDEO, help="Only files of this video.")
    @paged(TrashQuery, limit=50)
    @reading
    async def list_items(archive: Archive, out: Output, /, **asked: Any) -> None:
        api, query = archive.of(TrashAPI), TrashQuery(**asked)
        out.show(await (api.list_trash if is_trash else api.list_quarantine)(query), _items)

    @group.command("restore", help=restoring)
    @click.argument("items", nargs=-1, required=True, metavar="ITEM...")
    @click.option(
        "--replace", is_flag=True, help="Move existing files at their place to the trash."
    )
    @with_archive
    async def restore(archive: Archive, out: Output, items: tuple[str, ...], replace: bool) -> None:
        api, request = archive.of(TrashAPI), RestoreItem(replace=replace)
        restore_item = api.restore_from_trash if is_trash else api.restore_from_quarantine
        restored = [await restore_item(item, request) for item in dict.fromkeys(items)]
        out.show(restored[0] if len(items) == 1 else restored, lambda _: _restored(restored))

    return group


trash = _bin(
    BinName.TRASH,
    "List, restore and delete replaced and removed files.",
    "Move items of the trash back to their place.",
)
quarantine = _bin(
    BinName.QUARANTINE,
    "List and restore damaged files.",
    "Move damaged files back to their place; they are still reported.",
)


@trash.command()
@click.option(
    "--older-than", type=DURATION, metavar="7d", help="Only items that are older than this."
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@with_archive
async def empty(archive: Archive, out: Output, older_than: float | None, yes: bool) -> int:
    """Delete items of the trash permanently."""
    if not yes and not await _is_confirmed(archive, out, older_than):
        out.line("Nothing was deleted.")
        return 1
    request = EmptyTrash(older_than_days=(older_than or 0) / _DAY)
    out.show(await archive.of(TrashAPI).empty_trash(request), _emptied)
    return 0


async def _is_confirmed(archive: Archive, out: Output, older_than: float | None) -> bool:
    """Ask on the terminal. Raises UsageError without a terminal."""
    if out.as_json or not sys.stdin.isatty():
        raise click.UsageError("Deleting needs a confirmation: use --yes.")
    page = await archive.of(TrashAPI).list_trash(TrashQuery(limit=500))
    more = " or more" if page.next_cursor else ""
    which = "items that are older" if older_than else "all items"
    click.echo(f"The trash has {counted(len(page.items), 'item')}{more}.", err=True)
    return click.confirm(f"Delete {which} permanently?", err=True)


def _items(page: Page[TrashItem]) -> RenderableType:
    if not page.items:
        return cell("Empty.")
    rows = [
        (each.id, each.video_id, moment(each.moved_at), size(each.size_bytes), _what(each),
         ", ".join(file.path for file in each.files))
        for each in page.items
    ]  # fmt: skip
    columns = ["ITEM", "VIDEO", "MOVED", ">SIZE", "~/REASON", "/FILES"]
    return page_of([table(columns, rows)], page.next_cursor)


def _what(item: TrashItem) -> str:
    quality = f"{item.quality} " if item.quality else ""
    return f"{quality}{item.reason}: {item.detail}" if item.detail else f"{quality}{item.reason}"


def _restored(restored: list[Restored]) -> RenderableType:
    lines = []
    for each in restored:
        files = counted(len(each.files), "file")
        lines.append(cell(f"{each.video_id}: {files} restored from item {each.item_id}", "green"))
        lines += [cell(f"damaged: {path}", "yellow") for path in each.damaged]
        lines += [cell(f"the replaced files are in item {item}") for item in each.replaced]
    return Lines(*lines)


def _emptied(emptied: Emptied) -> RenderableType:
    items, files = counted(emptied.items, "item"), counted(emptied.files, "file")
    return cell(f"Deleted {items}: {files}, {size(emptied.size_bytes)}.")
