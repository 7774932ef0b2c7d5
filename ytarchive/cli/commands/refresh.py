"""`ytarchive refresh`."""

import click
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.options import Command
from ytarchive.cli.output import Output, cell, pairs, table
from ytarchive.cli.params import VIDEO
from ytarchive.cli.session import with_archive
from ytarchive.cli.text import counted
from ytarchive.cli.times import moment
from ytarchive.discovery import Archive
from ytarchive.refreshing import (
    RefreshedVideo,
    RefreshingAPI,
    RefreshOutcome,
    RefreshReport,
    RefreshState,
    RunRefreshes,
)


@click.command(cls=Command)
@click.argument("videos", nargs=-1, type=VIDEO, metavar="[VIDEO]...")
@click.option("--dry-run", is_flag=True, help="Show what is due and the budget; request nothing.")
@with_archive
async def refresh(
    archive: Archive, out: Output, videos: tuple[str, ...], dry_run: bool
) -> int | None:
    """Request the metadata of stored videos again.

    Without VIDEO, due videos are refreshed within the daily budget, by yt-dlp only if no job is
    running. A server does this by itself; without one, run this command by cron or a timer.
    """
    api = archive.of(RefreshingAPI)
    if dry_run:
        out.show(await api.get_refreshes(), _state)
        return None
    report = await (_named(api, list(videos)) if videos else _due(api))
    out.show(report, _report)
    failed = any(each.outcome is RefreshOutcome.FAILED for each in report.refreshed)
    return 1 if failed else None


async def _named(api: RefreshingAPI, videos: list[str]) -> RefreshReport:
    done: list[RefreshedVideo] = []
    for start in range(0, len(videos), 50):
        request = RunRefreshes(video_ids=videos[start : start + 50])
        done += (await api.run_refreshes(request)).refreshed
    return RefreshReport(refreshed=done)


async def _due(api: RefreshingAPI) -> RefreshReport:
    """Refresh some videos for each request, until none is due or all wait."""
    done: list[RefreshedVideo] = []
    while True:
        report = await api.run_refreshes(RunRefreshes())
        done += report.refreshed
        if not report.refreshed or report.waiting_for:
            return RefreshReport(refreshed=done, waiting_for=report.waiting_for)


def _report(report: RefreshReport) -> RenderableType:
    parts: list[RenderableType] = []
    shown = [each for each in report.refreshed if each.outcome is not RefreshOutcome.UNCHANGED]
    if shown:
        rows = [(each.video_id, each.outcome, _reason(each)) for each in shown]
        parts.append(table(["VIDEO", "OUTCOME", "~CHANGES"], rows))
    parts.append(cell(f"{counted(len(report.refreshed), 'video')} refreshed"))
    if report.waiting_for:
        parts.append(cell(f"The others wait: {report.waiting_for}"))
    return Lines(*parts)


def _reason(each: RefreshedVideo) -> str:
    if each.lacks:
        return f"ignored: the answer lacks {', '.join(each.lacks)}"
    return each.message or ", ".join(each.changed)


def _state(state: RefreshState) -> RenderableType:
    return pairs(
        [
            ("refreshes by a server", "on" if state.enabled else "off"),
            ("next due", moment(state.next_at) if state.next_at else None),
            ("requests today", f"{state.requests_today} of {state.requests_per_day}"),
            ("quota units today", f"{state.units_today} of {state.units_per_day}"),
            ("waits for", state.waiting_for),
        ]
    )
