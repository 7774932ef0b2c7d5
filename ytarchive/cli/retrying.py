"""Retries of many videos at once: their options, what they report, and staying with the jobs."""

from collections.abc import Callable
from typing import Any

import click
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.app import Archive
from ytarchive.cli.following import follow
from ytarchive.cli.output import Output, cell, table
from ytarchive.jobs import RetryReport

_MOST_WATCHED = 10

Decorated = Callable[..., Any]


def retry_options(command: Decorated) -> Decorated:
    """The options that every retry of many videos has."""
    for option in (
        click.option("--detach", is_flag=True, help="Queue it and return at once."),
        click.option("--dry-run", is_flag=True, help="Tell what would be tried again."),
        click.option(
            "--reason",
            metavar="REASON",
            help="Only what failed for this reason, such as bot_check, members_only, network.",
        ),
    ):
        command = option(command)
    return command


async def report_and_stay(
    archive: Archive, out: Output, report: RetryReport, *, detach: bool
) -> int:
    """Tell what was queued again and, unless it was only counted, stay with its jobs."""
    job_ids = [job.job_id for job in report.jobs if job.job_id is not None]
    stays = not (report.dry_run or detach) and 0 < len(job_ids) <= _MOST_WATCHED
    if not (stays and out.as_json):
        out.show(report, _shown)
    if stays:
        return await follow(archive, out, job_ids)
    if job_ids and not report.dry_run and archive.url is None:
        out.remark("No server is running: `ytarchive serve` or `jobs watch` will work on it.")
    return 0


def _shown(report: RetryReport) -> RenderableType:
    if not report.videos:
        return cell("There is nothing to try again.")
    done = "would be tried again" if report.dry_run else "are queued again"
    jobs = f"{len(report.jobs)} job{'' if len(report.jobs) == 1 else 's'}"
    head = cell(f"{report.videos} video{'' if report.videos == 1 else 's'} of {jobs} {done}:")
    rows = [(reason, count) for reason, count in report.reasons.items()]
    parts: list[RenderableType] = [head, table(["REASON", ">VIDEOS"], rows)]
    if report.waiting_for:
        parts.append(cell(f"They start later: {report.waiting_for}", "yellow"))
    return Lines(*parts)
