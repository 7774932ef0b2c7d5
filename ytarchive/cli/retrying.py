"""Retries of many videos: options, report, and following the jobs."""

import click
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.following import NO_SERVER_WORKS, follow
from ytarchive.cli.options import with_options
from ytarchive.cli.output import Output, cell, table
from ytarchive.cli.text import counted
from ytarchive.cli.times import local_times
from ytarchive.discovery import Archive
from ytarchive.jobs import RetryReport

_RESUMED = "The pause is ended: the next request tests whether YouTube answers."
_WOULD_RESUME = "The pause would be ended: the next request would test whether YouTube answers."

retry_options = with_options(
    click.option(
        "--reason",
        metavar="REASON",
        help="Only videos with this reason, such as bot_check, members_only, network.",
    ),
    click.option(
        "--dry-run", is_flag=True, help="Only count the videos that would be retried, by reason."
    ),
    click.option("--detach", is_flag=True, help="Queue the videos and return at once."),
)
"""The options of commands that retry many videos."""


async def report_and_follow(
    archive: Archive, out: Output, report: RetryReport, *, detach: bool
) -> int:
    """Report the queued videos and, without `--dry-run`, follow their jobs."""
    job_ids = [job.job_id for job in report.jobs if job.job_id is not None]
    stays = not (report.dry_run or detach) and 0 < len(job_ids) <= 10
    if not (stays and out.as_json):
        out.show(report, _shown)
    if stays:
        return await follow(archive, out, job_ids)
    if job_ids and not report.dry_run and archive.url is None:
        out.remark(NO_SERVER_WORKS)
    return 0


def _shown(report: RetryReport) -> RenderableType:
    resumed = _WOULD_RESUME if report.dry_run else _RESUMED
    if not report.videos:
        return cell(resumed if report.resumed else "There is no video to retry.")
    done = "Would be retried" if report.dry_run else "Queued again"
    head = f"{done}: {counted(report.videos, 'video')} of {counted(len(report.jobs), 'job')}"
    reasons = table(["REASON", ">VIDEOS"], list(report.reasons.items()))
    parts: list[RenderableType] = [cell(head), reasons]
    if report.resumed:
        parts.append(cell(resumed))
    if report.waiting_for:
        parts.append(cell(f"They start later: {local_times(report.waiting_for)}", "yellow"))
    return Lines(*parts)
