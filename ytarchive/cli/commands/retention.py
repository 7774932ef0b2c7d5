"""`ytarchive retention`."""

from typing import Any

import click
from pydantic import ValidationError
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.options import Group
from ytarchive.cli.output import Output, cell, pairs, size, table
from ytarchive.cli.paging import page_of, paged
from ytarchive.cli.params import DURATION
from ytarchive.cli.session import failure, reading, with_archive
from ytarchive.cli.text import counted
from ytarchive.cli.times import moment
from ytarchive.common.contract import invalid_request
from ytarchive.common.models import Page
from ytarchive.discovery import Archive
from ytarchive.retention import (
    KeptVideos,
    PlannedRemoval,
    RemovalsQuery,
    Retention,
    RetentionAPI,
    RetentionPreview,
    RetentionRemoval,
    RetentionReport,
    RetentionRequest,
    RetentionRule,
    RunRetention,
)

_DAY = 86_400.0
_NEXT = (
    "`ytarchive retention preview` shows what it removes, and `ytarchive retention run` applies it."
)


@click.group(cls=Group, default="list")
def retention() -> None:
    """Remove old videos of subscriptions by rules."""


@retention.command("list")
@reading
async def list_rules(archive: Archive, out: Output) -> None:
    """List the rules and their last runs (default of `retention`)."""
    out.show(await archive.of(RetentionAPI).list_retention(), _rules)


@retention.command("set")
@click.argument("subscription")
@click.option(
    "--max-age", type=DURATION, metavar="90d", help="Remove videos stored longer ago than this."
)
@click.option("--newest", type=click.IntRange(1), metavar="N", help="Keep the newest N videos.")
@click.option("--max-size", metavar="SIZE", help="Keep the newest videos up to this size.")
@click.option(
    "--min-free", metavar="SIZE", help="Remove the oldest videos until this space is free."
)
@with_archive
async def set_rule(
    archive: Archive,
    out: Output,
    /,
    subscription: str,
    max_age: float | None,
    newest: int | None,
    max_size: str | None,
    min_free: str | None,
) -> None:
    """Set or replace the rule of a subscription.

    Nothing is removed before `retention preview` and `retention run`. A video is kept if a user
    requested it, if another list keeps it, or if it has the mark `keep`.
    """
    fields = {
        "max_age_days": max_age and max_age / _DAY,
        "max_videos": newest,
        "max_bytes": max_size,
        "min_free_bytes": min_free,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    if not given:
        raise click.UsageError("Name a limit, such as --newest 50.")
    try:
        rule = RetentionRule.model_validate(given)
    except ValidationError as error:
        raise failure(invalid_request(error)) from None
    out.show(await archive.of(RetentionAPI).set_retention(subscription, rule), _was_set)


@retention.command()
@click.argument("subscription")
@with_archive
async def off(archive: Archive, out: Output, subscription: str) -> None:
    """Delete the rule of a subscription; its videos are kept."""
    cleared = await archive.of(RetentionAPI).clear_retention(subscription)
    out.show(cleared, lambda each: cell(f"{_name(each)} keeps its videos"))


@retention.command()
@click.argument("subscription", required=False)
@with_archive
async def preview(archive: Archive, out: Output, subscription: str | None) -> None:
    """Show which videos the rules remove, and why others are kept.

    Without SUBSCRIPTION the preview includes all rules.
    """
    request = RetentionRequest(subscription=subscription)
    out.show(await archive.of(RetentionAPI).preview_retention(request), _preview)


@retention.command("run")
@click.argument("subscription", required=False)
@click.option("--due", is_flag=True, help="Apply only the daily rules that are due.")
@with_archive
async def run_rules(archive: Archive, out: Output, subscription: str | None, due: bool) -> None:
    """Apply the rules now, and from then on each day.

    Videos are moved to the trash. Without --due, a preview of the same rules in the last 24 hours
    is required.
    """
    if due and subscription is not None:
        raise click.UsageError("Give a SUBSCRIPTION, or --due.")
    request = RunRetention(subscription=subscription, due=due)
    out.show(await archive.of(RetentionAPI).run_retention(request), _report)


@retention.command()
@paged(RemovalsQuery, limit=50)
@reading
async def log(archive: Archive, out: Output, /, **asked: Any) -> None:
    """List the videos that rules removed, newest first."""
    out.show(await archive.of(RetentionAPI).list_removals(RemovalsQuery(**asked)), _removals)


def _name(each: Retention) -> str:
    return each.title or each.list_id


def _was_set(each: Retention) -> RenderableType:
    state = "It is applied each day." if each.is_applied else _NEXT
    return Lines(cell(f"{_name(each)}: {_limits(each.rule)}", "green"), cell(state))


def _limits(rule: RetentionRule) -> str:
    limits = (
        rule.max_age_days and f"at most {rule.max_age_days:g} days",
        rule.max_videos and f"the newest {rule.max_videos:,}",
        rule.max_bytes and f"the newest {size(rule.max_bytes)}",
        rule.min_free_bytes and f"{size(rule.min_free_bytes)} free",
    )
    return ", ".join(each for each in limits if each)


def _rules(found: list[Retention]) -> RenderableType:
    if not found:
        return cell("No subscription has a retention rule: all videos are kept.")
    rows = [
        (
            each.subscription_id,
            "each day" if each.is_applied else "not applied",
            moment(each.last_run_at) if each.last_run_at else None,
            each.last_problem or _limits(each.rule),
            _name(each),
        )
        for each in found
    ]
    return table(["SUBSCRIPTION", "APPLIED", "LAST RUN", "~RULE", "~TITLE"], rows)


def _preview(found: RetentionPreview) -> RenderableType:
    purged = counted(len(found.purged_items), "item")
    facts = [
        ("removed", f"{counted(len(found.removed), 'video')}, {size(found.removed_bytes)}"),
        ("kept", f"{_count(found.kept)}, {size(found.kept_bytes)}"),
        ("from trash", f"{purged} deleted, {size(found.purged_bytes)}"),
        ("free", f"{size(found.free_bytes)}, and {size(found.trash_bytes)} in the trash"),
        ("date", moment(found.counted_at)),
    ]
    return Lines(*_videos(found.removed), *_kept(found.kept), pairs(facts))


def _report(report: RetentionReport) -> RenderableType:
    videos = counted(len(report.removed), "video")
    lines = [cell(f"{videos} moved to the trash, {size(report.removed_bytes)}", "green")]
    if report.purged_items:
        items = counted(report.purged_items, "item")
        lines.append(cell(f"{items} of the trash deleted, {size(report.purged_bytes)}"))
    if report.changed:
        lines.append(cell(f"kept, because they changed meanwhile: {', '.join(report.changed)}"))
    return Lines(*_videos(report.removed), *lines)


def _videos(removed: list[PlannedRemoval]) -> list[RenderableType]:
    if not removed:
        return []
    rows = [(each.video_id, size(each.size_bytes), each.reason, each.title) for each in removed]
    return [table(["REMOVED", ">SIZE", "~RULE", "~TITLE"], rows)]


def _kept(kept: list[KeptVideos]) -> list[RenderableType]:
    if not kept:
        return []
    rows = [
        (f"{each.videos:,}", size(each.size_bytes), each.message, each.example) for each in kept
    ]
    return [table([">KEPT", ">SIZE", "~REASON", "EXAMPLE"], rows)]


def _count(kept: list[KeptVideos]) -> str:
    return counted(sum(each.videos for each in kept), "video")


def _removals(page: Page[RetentionRemoval]) -> RenderableType:
    if not page.items:
        return cell("No rule has removed a video.")
    rows = [
        (moment(each.removed_at), each.video_id, size(each.size_bytes),
         f"{each.subscription_title}: {each.reason}", each.title)
        for each in page.items
    ]  # fmt: skip
    columns = ["REMOVED", "VIDEO", ">SIZE", "~RULE", "~TITLE"]
    return page_of([table(columns, rows)], page.next_cursor)
