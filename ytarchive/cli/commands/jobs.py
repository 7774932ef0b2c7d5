"""`ytarchive jobs`."""

from datetime import datetime
from typing import Any

import click
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.cancelling import CancelReport, cancel_open
from ytarchive.cli.following import follow, follow_or_detach
from ytarchive.cli.options import Group
from ytarchive.cli.output import Output, cell, pairs, size, table
from ytarchive.cli.paging import page_of, paged
from ytarchive.cli.params import MOMENT, OWN_ID
from ytarchive.cli.retrying import report_and_follow, retry_options
from ytarchive.cli.session import cached_if_locked, reading, with_archive
from ytarchive.cli.summary import MAX_ROWS, results_table, state_cell, titles_of
from ytarchive.cli.text import counted
from ytarchive.cli.times import at_about, local_times, moment
from ytarchive.cli.views import name_of
from ytarchive.common.models import Page
from ytarchive.discovery import Archive
from ytarchive.jobs import (
    GovernorAPI,
    GovernorState,
    Job,
    JobQuery,
    JobStatus,
    JobType,
    RetryJobs,
    ShortIdsAPI,
)


@click.group(cls=Group, default="list")
def jobs() -> None:
    """List, watch, retry and cancel jobs."""


@jobs.command("list")
@click.option(
    "--status",
    type=click.Choice(list(JobStatus), case_sensitive=False),
    help="Only jobs with this status.",
)
@click.option(
    "--type",
    type=click.Choice(list(JobType), case_sensitive=False),
    help="Only jobs of this type.",
)
@paged(JobQuery, limit=20)
@reading
async def list_jobs(archive: Archive, out: Output, /, **asked: Any) -> None:
    """List jobs, newest first (default of `jobs`)."""
    query = JobQuery(expand=None if out.as_json else False, **asked)
    page = await archive.jobs.list_jobs(query)
    if not out.as_json:
        _show_pause(out, await archive.of(GovernorAPI).get_governor())
    out.show(page, _jobs_table)


@jobs.command()
@click.argument("job_id", type=OWN_ID)
@reading
async def show(archive: Archive, out: Output, job_id: str) -> None:
    """Show a job and its results."""
    job = await archive.jobs.get_job(await _id_of(archive, job_id))
    shown = [result.video_id for result in job.results[:MAX_ROWS]]
    titles = {} if out.as_json else await titles_of(archive, job, shown)
    out.show(job, lambda job: _job_details(job, titles))


@jobs.command()
@click.argument("job_id", type=OWN_ID)
@cached_if_locked
async def watch(archive: Archive, out: Output, job_id: str) -> int:
    """Follow a job until it ends.

    Without a server, this command works on the job, unless another command uses the archive.

    With --json: a line for each change; the last line is the finished job.
    """
    job_id = await _id_of(archive, job_id)
    await archive.jobs.get_job(job_id)
    return await follow(archive, out, [job_id], stream=True)


@jobs.command()
@click.argument("job_id", type=OWN_ID, required=False)
@retry_options
@with_archive
async def retry(
    archive: Archive, out: Output, /, job_id: str | None, detach: bool, **asked: Any
) -> int:
    """Retry failed, unavailable and cancelled videos.

    Give a JOB_ID, or --reason for all jobs; with --dry-run the videos are only counted, by reason.
    Videos that wait for this reason start too. If YouTube blocks this IP address, one video is
    started at once, to test whether the block is over.
    """
    is_bulk = asked["reason"] is not None or asked["dry_run"]
    if job_id is None and not is_bulk:
        raise click.UsageError("Give a JOB_ID, or --reason for all jobs.")
    if job_id is not None:
        job_id = await _id_of(archive, job_id)
    if job_id is not None and not is_bulk:
        job = await archive.jobs.retry_job(job_id)
        return await follow_or_detach(archive, out, [job], detach=detach)
    report = await archive.jobs.retry_jobs(RetryJobs(job_id=job_id, **asked))
    return await report_and_follow(archive, out, report, detach=detach)


@jobs.command()
@click.argument("job_id", type=OWN_ID, required=False)
@click.option("--all", "every", is_flag=True, help="Cancel all unfinished jobs.")
@click.option(
    "--older-than",
    "before",
    type=MOMENT,
    metavar="AGE",
    help="Cancel unfinished jobs that are older than this, such as 30d or 12h.",
)
@click.option("--dry-run", is_flag=True, help="With --all or --older-than: only list the jobs.")
@with_archive
async def cancel(
    archive: Archive,
    out: Output,
    job_id: str | None,
    every: bool,
    before: datetime | None,
    dry_run: bool,
) -> None:
    """Cancel jobs and their transfers; stored videos are kept."""
    many = every or before is not None
    if many is (job_id is not None) or (dry_run and not many):
        raise click.UsageError("Give a JOB_ID, or one of --all and --older-than.")
    if job_id is None:
        report = await cancel_open(archive, before, dry_run=dry_run)
        out.show(report, _cancelled)
        return
    job = await archive.jobs.cancel_job(await _id_of(archive, job_id))
    out.show(job, lambda job: cell(f"job {job.id} is cancelled"))


async def _id_of(archive: Archive, short_id: str) -> str:
    return (await archive.of(ShortIdsAPI).find_job(short_id)).id


def _cancelled(report: CancelReport) -> RenderableType:
    done = "would be cancelled" if report.dry_run else "cancelled"
    return Lines(
        *(cell(each) for each in report.jobs), cell(f"{counted(len(report.jobs), 'job')} {done}")
    )


def _show_pause(out: Output, governor: GovernorState) -> None:
    if governor.paused_at:
        until = f" until {moment(governor.paused_until)}" if governor.paused_until else ""
        reason = f" ({governor.pause_reason})" if governor.pause_reason else ""
        since = moment(governor.paused_at) + until + reason
        out.line(
            f"Paused by `ytarchive pause` since {since}; `ytarchive resume` ends the pause",
            "yellow",
        )
    elif governor.state == "closed" and governor.waiting_reason not in {None, "pace"}:
        out.line(f"No video starts: {local_times(governor.waiting_for or '')}", "yellow")
    if governor.state == "closed":
        return
    reason = governor.message or governor.reason or governor.state
    probe = governor.next_probe_at
    until = f"; next attempt at {moment(probe)}" if probe else ""
    out.line(f"Requests to YouTube are paused: {reason}{until}", "yellow")


def _jobs_table(page: Page[Job]) -> RenderableType:
    if not page.items:
        return cell("No job matches.")
    rows = [
        (
            job.id,
            state_cell(job),
            f"{job.progress.done}/{job.progress.total}",
            moment(job.created_at),
            name_of(job),
        )
        for job in page.items
    ]
    columns = ["JOB", "STATUS", ">DONE", "CREATED", "~WHAT"]
    return page_of([table(columns, rows)], page.next_cursor)


def _job_details(job: Job, titles: dict[str, str]) -> RenderableType:
    progress = job.progress
    counts = ("succeeded", "skipped", "unavailable", "failed", "cancelled")
    results = [f"{getattr(progress, name)} {name}" for name in counts if getattr(progress, name)]
    results += [f"{progress.known} already known"] if progress.known else []
    facts: list[tuple[str, object]] = [
        ("job", job.id),
        ("type", job.type),
        ("status", state_cell(job)),
        ("what", name_of(job)),
        ("created", moment(job.created_at)),
        ("updated", moment(job.updated_at)),
        ("done", f"{progress.done} of {progress.total}{'+' if progress.listing else ''}"),
        ("results", ", ".join(results) or None),
        ("ends", progress.ends_at and at_about(progress.ends_at)),
        ("stored", size(progress.stored_bytes)),
        ("profile", job.options.profile),
        ("quality", job.options.quality),
        ("waiting for", progress.waiting_for and local_times(progress.waiting_for)),
        ("error", job.error),
        ("work plan", job.work_plan_id),
    ]
    shown = pairs((name, value) for name, value in facts if value is not None)
    more = len(job.results) - MAX_ROWS
    parts = [shown, results_table(job.results[:MAX_ROWS], titles)] if job.results else [shown]
    return Lines(*parts, *([cell(f"… and {more} more: --json shows all")] if more > 0 else []))
