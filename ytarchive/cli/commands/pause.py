"""`ytarchive pause` and `ytarchive resume`."""

import click
from rich.console import RenderableType

from ytarchive.cli.options import Command
from ytarchive.cli.output import Output, cell
from ytarchive.cli.session import with_archive
from ytarchive.discovery import Archive
from ytarchive.jobs import GovernorAPI, GovernorState


@click.command(cls=Command)
@with_archive
async def pause(archive: Archive, out: Output) -> None:
    """Pause new work until `ytarchive resume`, also after a restart.

    Active downloads continue; listings and direct downloads wait too.
    """
    state = await archive.of(GovernorAPI).pause_governor()
    out.show(state, lambda _: cell("Paused: no new work starts until `ytarchive resume`."))


@click.command(cls=Command)
@with_archive
async def resume(archive: Archive, out: Output) -> None:
    """End a pause; if YouTube blocks this IP address, send one request at once."""
    out.show(await archive.of(GovernorAPI).resume_governor(), _resumed)


def _resumed(state: GovernorState) -> RenderableType:
    if state.state == "closed":
        return cell("Work resumes.")
    reason = state.message or state.reason or state.state
    return cell(f"The next request tests whether this is over: {reason}", "yellow")
