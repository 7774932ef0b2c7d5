"""`ytarchive workplan`."""

from typing import Any

import click
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.options import Group
from ytarchive.cli.output import Output, cell, pairs, table
from ytarchive.cli.paging import page_of, paged
from ytarchive.cli.params import OWN_ID
from ytarchive.cli.retrying import report_and_follow, retry_options
from ytarchive.cli.session import reading, with_archive
from ytarchive.cli.text import shortened
from ytarchive.cli.times import local_times, moment
from ytarchive.common.models import Page
from ytarchive.discovery import Archive
from ytarchive.jobs import RetryWorkPlans, ShortIdsAPI
from ytarchive.storage import (
    FailedDownload,
    PlanEntry,
    UnavailableVideo,
    WorkPlan,
    WorkPlanQuery,
    WorkPlansAPI,
)


@click.group(cls=Group, default="list")
def workplan() -> None:
    """Show and retry missing videos."""


@workplan.command("list")
@paged(WorkPlanQuery, limit=20)
@reading
async def list_plans(archive: Archive, out: Output, limit: int, cursor: str | None) -> None:
    """List plans with missing videos (default of `workplan`)."""
    query = WorkPlanQuery(limit=limit, cursor=cursor, missing=True)
    out.show(await archive.of(WorkPlansAPI).list_work_plans(query), _plans_table)


@workplan.command()
@click.argument("plan_id", type=OWN_ID)
@reading
async def show(archive: Archive, out: Output, plan_id: str) -> None:
    """Show a work plan: the missing videos and the reasons."""
    found = await archive.of(ShortIdsAPI).find_work_plan(plan_id)
    out.show(await archive.of(WorkPlansAPI).get_work_plan(found.id), _plan_details)


@workplan.command()
@click.argument("plan_id", type=OWN_ID, required=False)
@retry_options
@with_archive
async def retry(
    archive: Archive, out: Output, /, plan_id: str | None, detach: bool, **asked: Any
) -> int:
    """Retry the videos of a work plan, or of all work plans.

    An entry is removed from its plan when its video is stored.
    """
    if plan_id is not None:
        plan_id = (await archive.of(ShortIdsAPI).find_work_plan(plan_id)).id
    report = await archive.jobs.retry_work_plans(RetryWorkPlans(plan_id=plan_id, **asked))
    return await report_and_follow(archive, out, report, detach=detach)


def _plans_table(page: Page[PlanEntry]) -> RenderableType:
    if not page.items:
        return cell("There are no work plans: no video is missing.")
    rows = [
        (
            each.id,
            moment(each.updated_at),
            each.unavailable,
            each.failed,
            each.total_videos,
            each.playlist_id or "",
        )
        for each in page.items
    ]
    columns = ["PLAN", "UPDATED", ">UNAVAILABLE", ">FAILED", ">OF", "LIST"]
    return page_of([table(columns, rows)], page.next_cursor)


def _plan_details(plan: WorkPlan) -> RenderableType:
    facts = pairs(
        [
            ("plan", plan.id),
            *([("list", plan.playlist_id)] if plan.playlist_id else []),
            ("job", plan.job_id),
            ("updated", moment(plan.updated_at)),
            ("stored", f"{plan.successful_videos} of {plan.total_videos}"),
            ("file", plan.path),
        ]
    )
    rows = [*map(_row, plan.unavailable_videos), *map(_row, plan.failed_downloads)]
    if not rows:
        return Lines(facts, cell("No video is missing any more.", "green"))
    columns = ["REASON", "VIDEO", "~TITLE", "~/EVIDENCE", "NEXT TRY"]
    return Lines(facts, table(columns, rows))


def _row(video: UnavailableVideo | FailedDownload) -> list[object]:
    if isinstance(video, UnavailableVideo):
        reason, evidence = video.reason, video.evidence
    else:
        reason = f"failed ({video.attempts}x)"
        evidence = video.errors[-1].message if video.errors else None
    title = shortened(video.title or "")
    return [reason, video.video_id, title, local_times(evidence or ""), _next(video)]


def _next(video: UnavailableVideo | FailedDownload) -> str:
    """Return when a server retries the video; for a failure, when a user can retry it."""
    if video.waits_for is not None:
        return f"other {video.waits_for}"
    if video.retry_after is None:
        return ""
    when = moment(video.retry_after)
    return f"run `workplan retry` from {when}" if isinstance(video, FailedDownload) else when
