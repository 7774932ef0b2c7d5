"""`ytarchive pause` and `ytarchive resume`."""

from datetime import datetime, timedelta

import click
from rich.console import RenderableType

from ytarchive.cli.options import Command
from ytarchive.cli.output import Output, cell
from ytarchive.cli.params import DURATION, NEXT_MOMENT
from ytarchive.cli.session import with_archive
from ytarchive.cli.times import moment
from ytarchive.common.models import utc_now
from ytarchive.discovery import Archive
from ytarchive.jobs import GovernorAPI, GovernorState, PauseRequest


@click.command(cls=Command)
@click.option(
    "--for", "seconds", type=DURATION, metavar="TIME", help="End the pause after 90m, 2h or 3d."
)
@click.option(
    "--until",
    type=NEXT_MOMENT,
    metavar="TIME",
    help="End the pause at a local time such as 07:00, or at an ISO 8601 time.",
)
@click.option("--reason", metavar="TEXT", help="Text to display as the reason for waiting.")
@with_archive
async def pause(
    archive: Archive,
    out: Output,
    seconds: float | None,
    until: datetime | None,
    reason: str | None,
) -> None:
    """Pause new work until `ytarchive resume`, also after a restart.

    Active downloads continue; listings and direct downloads wait too.
    """
    if seconds is not None and until is not None:
        raise click.UsageError("Give one of --for and --until.")
    if seconds is not None:
        until = utc_now() + timedelta(seconds=seconds)
    request = PauseRequest(until=until, reason=reason)
    out.show(await archive.of(GovernorAPI).pause_governor(request), _paused)


@click.command(cls=Command)
@with_archive
async def resume(archive: Archive, out: Output) -> None:
    """End a pause; if YouTube blocks this IP address, send one request at once."""
    out.show(await archive.of(GovernorAPI).resume_governor(), _resumed)


def _paused(state: GovernorState) -> RenderableType:
    if state.paused_until is None:
        return cell("Paused: no new work starts until `ytarchive resume`.")
    until = moment(state.paused_until)
    return cell(f"Paused: no new work starts until {until}; `ytarchive resume` ends the pause.")


def _resumed(state: GovernorState) -> RenderableType:
    if state.state == "closed":
        return cell("Work resumes.")
    reason = state.message or state.reason or state.state
    return cell(f"The next request tests whether this is over: {reason}", "yellow")
