"""`ytarchive adopt`."""

import math
from pathlib import Path

import click
from pydantic import BaseModel
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.following import NO_SERVER_WORKS
from ytarchive.cli.options import Command, TextPath
from ytarchive.cli.output import Output, cell, pairs, size, table
from ytarchive.cli.passes import follow_pass
from ytarchive.cli.session import creating
from ytarchive.cli.text import counted
from ytarchive.common.models import Page
from ytarchive.discovery import Archive
from ytarchive.jobs import RepairsAPI
from ytarchive.storage import (
    AdoptedFile,
    AdoptedFileQuery,
    Adoption,
    AdoptionAPI,
    AdoptMethod,
    AdoptRequest,
    Outcome,
    PassState,
)

_SHOWN = 20


class Adopted(BaseModel):
    """The finished adoption, its files, and the jobs that fetch missing metadata."""

    adoption: Adoption
    files: list[AdoptedFile]
    job_ids: list[str]


@click.command(cls=Command)
@click.argument("folder", type=TextPath(file_okay=False, path_type=Path), metavar="DIR")
@click.option("--link", "method", flag_value="link", default=True,
              help="Use hard links, which need no space (default).")  # fmt: skip
@click.option("--move", "method", flag_value="move",
              help="Remove files from DIR after they are stored and compared.")  # fmt: skip
@click.option("--copy", "method", flag_value="copy", help="Copy the files.")
@click.option("--dry-run", "preview", is_flag=True, help="Only show what would be adopted.")
@creating
async def adopt(archive: Archive, out: Output, /, folder: Path, method: str, preview: bool) -> int:
    """Add the videos in another program's folder to the archive.

    The command uses no network, and searches DIR with all its folders. It recognises the names of
    yt-dlp, Pinchflat, TubeSync, Tube Archivist, ytdl-sub, Youtarr, MeTube and YoutubeDL-Material.
    The report classifies each file as adopted, duplicate or not recognised, with the reason. To
    continue an interrupted run, repeat the command. With --link the archive shares the content of
    the files with DIR: do not edit them there. With a running server, DIR must be below a folder of
    its `storage.allowed_roots`.
    """
    request = _request(folder, method, dry_run=preview)
    api = archive.of(AdoptionAPI)
    adoption = await follow_pass(
        archive, out, await api.start_adoption(request), api.get_adoption, api.cancel_adoption,
        kinds=["adoption"], progress=_progress,
    )  # fmt: skip
    job_ids = [] if preview else (await archive.of(RepairsAPI).describe_adopted()).job_ids
    files = await _files(archive, out, None if out.as_json else Outcome.NOT_RECOGNISED)
    out.show(Adopted(adoption=adoption, files=files, job_ids=job_ids), _adopted)
    for job_id in job_ids:
        out.line(f"metadata is queued: `ytarchive jobs watch {job_id}`")
    if job_ids and archive.url is None:
        out.remark(NO_SERVER_WORKS)
    return 0 if adoption.state is PassState.COMPLETE else 1


def _request(folder: Path, method: str, *, dry_run: bool) -> AdoptRequest:
    named = str(folder.absolute())
    return AdoptRequest(folder=named, method=AdoptMethod(method), dry_run=dry_run)


def _progress(adoption: Adoption) -> str:
    if not adoption.is_listed:
        return f"{counted(adoption.files_found, 'file')} found"
    videos = f"{adoption.videos_done} of {counted(adoption.videos_found, 'video')}"
    return f"{videos}; adopted: {adoption.videos_adopted}, {size(adoption.bytes_adopted)}"


async def _files(archive: Archive, out: Output, outcome: Outcome | None) -> list[AdoptedFile]:
    """Return the files with an outcome; for a table no more than are shown."""
    most = math.inf if out.as_json else _SHOWN
    query = AdoptedFileQuery(outcome=outcome, limit=int(min(most, 1000)))
    page: Page[AdoptedFile] = await archive.of(AdoptionAPI).list_adopted_files(query)
    files = list(page.items)
    while page.next_cursor is not None and len(files) < most:
        query = query.model_copy(update={"cursor": page.next_cursor})
        page = await archive.of(AdoptionAPI).list_adopted_files(query)
        files += page.items
    out.name_skipped(page.skipped)
    return files


def _adopted(done: Adopted) -> RenderableType:
    adoption = done.adoption
    would = " (dry run: nothing is changed)" if adoption.dry_run else ""
    state = f"{adoption.state}: {adoption.error}" if adoption.error else f"{adoption.state}{would}"
    counts = {outcome: adoption.files.get(outcome, 0) for outcome in Outcome}
    facts = pairs(
        [
            ("state", state),
            ("videos", f"{adoption.videos_adopted} of {adoption.videos_found} adopted"),
            ("size", size(adoption.bytes_adopted)),
            *((f"files {outcome.replace('_', ' ')}", count) for outcome, count in counts.items()),
        ]
    )
    parts: list[RenderableType] = [facts]
    if done.files:
        rows = [(each.path, each.detail) for each in done.files]
        parts.append(table(["/NOT RECOGNISED", "~REASON"], rows))
    more = counts[Outcome.NOT_RECOGNISED] - len(done.files)
    if more > 0:
        parts.append(cell(f"… and {more} more: the same command with --json shows all"))
    if adoption.shares_content:
        parts.append(cell("Adopted files share their content with the archive: do not edit them."))
    return Lines(*parts)
