"""Shows subscriptions and their checks."""

from rich.console import RenderableType

from ytarchive.cli.output import cell, pairs, table
from ytarchive.cli.paging import page_of
from ytarchive.cli.text import counted
from ytarchive.cli.times import local_times, moment
from ytarchive.common.models import Page
from ytarchive.jobs import JobOptions
from ytarchive.subscriptions import (
    CheckOutcome,
    CheckResult,
    FirstCheck,
    RemovedSubscription,
    Subscription,
)


def name_of(subscription: Subscription | RemovedSubscription) -> str:
    """Return the title of a subscription, or its id."""
    return subscription.title or subscription.id


def followed(made: Subscription) -> RenderableType:
    """Return the line about a new subscription."""
    return cell(f"{name_of(made)} is followed: {_first(made)}; subscription {made.id}", "green")


def _first(subscription: Subscription) -> str:
    match subscription.first:
        case FirstCheck.ALL:
            return "all videos"
        case FirstCheck.NEWEST:
            return f"the newest {subscription.newest} videos and new ones"
        case _:
            return "new videos"


def outcome(each: Subscription) -> RenderableType:
    """Return the line about a check."""
    last = each.last_check
    failed = last is not None and last.outcome is CheckOutcome.FAILED
    return cell(f"{name_of(each)}: {_result(last)}", "yellow" if failed else "")


def removed_line(removed: RemovedSubscription) -> RenderableType:
    """Return the line about a removed subscription."""
    return cell(f"{name_of(removed)} is no longer followed; its videos are kept")


def page_table(page: Page[Subscription]) -> RenderableType:
    """Return a page of subscriptions as a table."""
    if not page.items:
        return cell("Nothing is followed: `ytarchive subscribe` follows a channel or playlist.")
    rows = [
        (each.id, each.problem or each.state, _when(each), _result(each.last_check), each.title)
        for each in page.items
    ]
    columns = ["SUBSCRIPTION", "STATE", "NEXT CHECK", "~LAST RESULT", "~TITLE"]
    return page_of([table(columns, rows)], page.next_cursor)


def _when(subscription: Subscription) -> str | None:
    return moment(subscription.next_check.at) if subscription.next_check else None


def _result(last: CheckResult | None) -> str | None:
    if last is None:
        return None
    if last.outcome is CheckOutcome.NEW and not (last.message and not last.new_videos):
        return counted(last.new_videos, "video", " new")
    return last.message or last.outcome.replace("_", " ")


def details(each: Subscription) -> RenderableType:
    """Return the facts of a subscription."""
    last, planned, options = each.last_check, each.next_check, each.options
    facts: list[tuple[str, object]] = [
        ("subscription", each.id),
        ("title", each.title or None),
        ("source", each.source),
        ("list", each.list_id),
        ("state", each.state),
        ("problem", each.problem_message and f"{each.problem}: {each.problem_message}"),
        ("archives", _first(each)),
        ("profile", options.profile),
        ("rules", _rules(options)),
        ("schedule", each.schedule),
        ("last check", last and f"{moment(last.checked_at)}: {_result(last)}"),
        ("job", last and last.job_id),
        ("last upload", moment(each.uploads[-1]) if each.uploads else None),
        ("next check", planned and f"{moment(planned.at)}, because {local_times(planned.reason)}"),
        ("waits for", each.waiting_for and local_times(each.waiting_for)),
    ]
    return pairs((name, value) for name, value in facts if value is not None)


def _rules(options: JobOptions) -> str | None:
    rules = options.filter.model_dump(mode="json", exclude_defaults=True)
    shown = (f"{name}: {_text(value)}" for name, value in rules.items())
    return "; ".join(shown) or None


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
