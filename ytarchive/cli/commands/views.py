"""`ytarchive views`."""

from typing import Any

import click
from pydantic import ValidationError
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.options import Group
from ytarchive.cli.output import Output, cell, table
from ytarchive.cli.session import failure, reading, with_archive
from ytarchive.cli.text import counted
from ytarchive.cli.times import moment
from ytarchive.common.contract import invalid_request
from ytarchive.common.errors import LocalError
from ytarchive.discovery import Archive
from ytarchive.storage import (
    AddView,
    RemovedView,
    SyncView,
    View,
    ViewPolicy,
    Views,
    ViewsAPI,
    ViewSync,
)

views = Group(
    "views", default="list", help="Manage folders that show the archive under readable names."
)


@views.command("list")
@reading
async def list_views(archive: Archive, out: Output, /) -> None:
    """List the views with their folders and states."""
    out.show(await archive.of(ViewsAPI).list_views(), _views)


@views.command()
@click.argument("name")
@click.option(
    "--policy", type=click.Choice([each.value for each in ViewPolicy]), required=True,
    help="How files are named: by channel, by playlist, for media servers, or by a template.",
)  # fmt: skip
@click.option(
    "--path", default="", metavar="DIR", help="Folder of the view; default: NAME in the archive."
)
@click.option(
    "--template", metavar="TEXT", help="With --policy custom: such as '{channel}/{title} [{id}]'."
)
@click.option("--copy", "allow_copy", is_flag=True, help="Copy files if links are not possible.")
@with_archive
async def add(archive: Archive, out: Output, /, name: str, **given: Any) -> None:
    """Add a view and create its files."""
    api = archive.of(ViewsAPI)
    try:
        view = AddView.model_validate({"name": name, **given})
    except ValidationError as error:
        raise failure(invalid_request(error)) from None
    await api.add_view(view)
    out.show(await api.sync_view(name, SyncView()), _synced)


@views.command()
@click.argument("name")
@with_archive
async def remove(archive: Archive, out: Output, name: str) -> None:
    """Remove a view and its files; the archive's files are kept."""
    out.show(await archive.of(ViewsAPI).remove_view(name), _removed)


@views.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--dry-run", is_flag=True, help="Only count the changes.")
@with_archive
async def sync(archive: Archive, out: Output, names: tuple[str, ...], dry_run: bool) -> int:
    """Create missing files of views, and remove outdated ones.

    If a view cannot be read or written, the others are synced, and the exit code is 1.
    """
    api = archive.of(ViewsAPI)
    wanted = names or [each.name for each in (await api.list_views()).views]
    synced: list[ViewSync] = []
    failures: list[LocalError] = []
    for name in wanted:
        try:
            synced.append(await api.sync_view(name, SyncView(dry_run=dry_run)))
        except LocalError as error:
            failures.append(error)
    if failures and not synced:
        raise failures[0]
    out.show(synced, lambda _: Lines(*map(_synced, synced)))
    for each in failures:
        out.remark(f"error: {each.message}. {each.remedy}")
    return 1 if failures else 0


def _views(found: Views) -> RenderableType:
    if not found.views:
        return cell("There are no views; `ytarchive views add` adds one.")
    rows = [
        (each.name, _policy(each), each.method or "—", f"{each.entries:,}", f"{each.pending:,}",
         moment(each.synced_at) if each.synced_at else "never", each.folder)
        for each in found.views
    ]  # fmt: skip
    problems = [
        cell(f"{each.name}: {each.problem}", "yellow") for each in found.views if each.problem
    ]
    columns = ["VIEW", "POLICY", "METHOD", ">FILES", ">PENDING", "LAST FULL SYNC", "/FOLDER"]
    return Lines(table(columns, rows), *problems)


def _policy(view: View) -> str:
    return f"{view.policy}: {view.template}" if view.template else view.policy.value


def _synced(report: ViewSync) -> RenderableType:
    dry = "; nothing was changed (--dry-run)" if report.dry_run else ""
    counts = f"{report.created:,} created, {report.replaced:,} replaced, {report.removed:,} removed"
    by = f" (by {report.method})" if report.method else ""
    lines = [cell(f"{report.name}: {counts}, {report.unchanged:,} unchanged{by}{dry}")]
    lines += [cell(f"  of other origin, not changed: {path}") for path in report.foreign_paths]
    lines += [
        cell(f"  not created, because a file of other origin is there: {path}", "yellow")
        for path in report.blocked
    ]
    return Lines(*lines)


def _removed(removed: RemovedView) -> RenderableType:
    left = f"; {counted(removed.foreign, 'file')} of other origin left" if removed.foreign else ""
    return cell(f"Removed the view {removed.name}: {counted(removed.removed, 'file')}{left}.")
