"""`ytarchive subscriptions import | export | preview`."""

import asyncio
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.filter_options import filter_options, given_filter
from ytarchive.cli.options import Group
from ytarchive.cli.output import Output, cell, table
from ytarchive.cli.params import range_of
from ytarchive.cli.profile_options import given_profile, profile_options
from ytarchive.cli.session import creating, failure, reading, with_archive
from ytarchive.cli.text import counted
from ytarchive.common.contract import invalid_request
from ytarchive.discovery import Archive
from ytarchive.subscriptions import (
    ExportedSubscriptions,
    FirstCheck,
    ImportedSubscriptions,
    ImportSubscriptions,
    Preview,
    PreviewRequest,
    SubscriptionsAPI,
)

_SHOWN = 20


def add_lists(group: Group) -> None:
    """Add the commands to the group `subscriptions`."""
    for command in (import_list, export_list, preview):
        group.add_command(command)


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--all", "every_video", is_flag=True, help="Archive all earlier videos too.")
@profile_options
@filter_options
@creating
async def import_list(
    archive: Archive, out: Output, /, file: Any, every_video: bool, **given: Any
) -> int:
    """Follow the channels and playlists in FILE.

    FILE is an OPML file, `subscriptions.csv` of Google Takeout, or a list of ids and URLs, one per
    line. Earlier videos are archived only with --all.
    """
    options, wanted = given_profile(given), given_filter(given)
    request = {
        "content": file.read().decode("utf-8-sig", "replace"),
        "options": options | ({"filter": wanted} if wanted else {}),
        "first": FirstCheck.ALL if every_video else FirstCheck.FROM_NOW,
    }
    try:
        asked = ImportSubscriptions.model_validate(request)
    except ValidationError as error:
        raise failure(invalid_request(error)) from None
    imported = await archive.of(SubscriptionsAPI).import_subscriptions(asked)
    out.show(imported, _imported)
    return 1 if imported.refused or imported.unreadable else 0


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@reading
async def export_list(archive: Archive, out: Output, file: Path | None) -> None:
    """Write all subscriptions as OPML to FILE, or to standard output."""
    exported = await archive.of(SubscriptionsAPI).export_subscriptions()
    if file is None:
        out.show(exported, lambda each: cell_lines(each.opml))
        return
    await asyncio.to_thread(file.write_text, exported.opml, "utf-8")
    out.show(exported, lambda each: _exported(each, file))


@click.command()
@click.argument("subscription")
@click.option("--limit", type=range_of(PreviewRequest, "limit"), default=30, show_default=True)
@filter_options
@with_archive
async def preview(
    archive: Archive, out: Output, /, subscription: str, limit: int, **given: Any
) -> None:
    """Show which videos the rules include and exclude, and why.

    The preview uses the given rules instead of those of the subscription.
    """
    api, wanted = archive.of(SubscriptionsAPI), given_filter(given)
    fields: dict[str, Any] = {"limit": limit}
    if wanted:
        present = (await api.get_subscription(subscription)).options.filter
        fields["filter"] = present.model_dump() | wanted
    request = PreviewRequest.model_validate(fields)
    out.show(await api.preview_subscription(subscription, request), _preview)


def cell_lines(text: str) -> RenderableType:
    """Return a text of several lines."""
    return Lines(*map(cell, text.splitlines()))


def _imported(imported: ImportedSubscriptions) -> RenderableType:
    added, known = counted(len(imported.added), "source"), len(imported.known)
    problems = [f"line {each.line}: {each.reason}" for each in imported.unreadable]
    problems += [f"{each.source}: {each.reason}" for each in imported.refused]
    lines = [cell(f"not followed: {each}", "yellow") for each in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        lines.append(cell(f"and {len(problems) - _SHOWN} more", "yellow"))
    return Lines(cell(f"{added} added, {known} followed already"), *lines)


def _exported(exported: ExportedSubscriptions, file: Path) -> RenderableType:
    return cell(f"{counted(exported.count, 'subscription')} written to {file}")


def _preview(found: Preview) -> RenderableType:
    rows = [
        (
            each.video_id,
            "taken" if each.is_taken else "left out",
            each.reason or (None if each.is_certain else "its metadata can exclude it"),
            each.title,
        )
        for each in found.entries
    ]
    return table(["VIDEO", "RESULT", "~REASON", "~TITLE"], rows)
