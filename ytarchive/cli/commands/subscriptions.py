"""`ytarchive subscribe` and `ytarchive subscriptions`."""

from typing import Any

import click
from pydantic import ValidationError
from rich.console import Group as Lines

from ytarchive.cli.cancelling import open_jobs
from ytarchive.cli.commands.following_lists import add_lists
from ytarchive.cli.filter_options import filter_options, given_filter
from ytarchive.cli.following import follow
from ytarchive.cli.options import Command, Group, with_options
from ytarchive.cli.output import Output, cell
from ytarchive.cli.paging import paged
from ytarchive.cli.params import LIST, Parsed
from ytarchive.cli.profile_options import given_profile, profile_options
from ytarchive.cli.session import creating, failure, reading, with_archive
from ytarchive.cli.subscription_views import (
    details,
    followed,
    name_of,
    outcome,
    page_table,
    removed_line,
)
from ytarchive.common.contract import invalid_request
from ytarchive.common.errors import YTArchiveError
from ytarchive.discovery import Archive
from ytarchive.subscriptions import (
    CheckDue,
    EditSubscription,
    FirstCheck,
    Schedule,
    Subscribe,
    Subscription,
    SubscriptionsAPI,
    SubscriptionsQuery,
    SubscriptionState,
)

_schedule_options = with_options(
    click.option(
        "--every", type=Parsed("schedule", lambda text: Schedule.parse(f"every {text}")),
        metavar="6h", help="Check at this interval; default: adapted to the uploads.",
    ),
    click.option(
        "--cron", type=Parsed("schedule", lambda text: Schedule.parse(f"cron {text}")),
        metavar="CRON", help="Check at cron times in a time zone: '30 6 * * * Europe/Berlin'.",
    ),
)  # fmt: skip


def _given_schedule(*given: Schedule | None) -> dict[str, Schedule]:
    """Return the schedule that one of the options gives, as a field of a request."""
    schedules = [each for each in given if each is not None]
    if len(schedules) > 1:
        raise click.UsageError("Give one of --every, --cron and --adaptive.")
    return {"schedule": schedules[0]} if schedules else {}


@click.command(cls=Command)
@click.argument("sources", nargs=-1, required=True, type=LIST, metavar="SOURCE...")
@click.option(
    "--newest",
    type=click.IntRange(1),
    metavar="N",
    help="Archive the N newest videos of a channel too.",
)
@click.option("--all", "every_video", is_flag=True, help="Archive all earlier videos too.")
@_schedule_options
@profile_options
@filter_options
@creating
async def subscribe(
    archive: Archive,
    out: Output,
    /,
    sources: tuple[str, ...],
    newest: int | None,
    every_video: bool,
    every: Schedule | None,
    cron: Schedule | None,
    **given: Any,
) -> int:
    """Follow channels and playlists, and archive their new videos.

    SOURCE is a playlist or a channel: an id, an @handle or a URL; the URL of a channel's tab
    (/videos, /shorts, /streams) selects the videos of that tab. Earlier videos are archived only
    with --newest or --all. A server or `ytarchive subscriptions run --due` checks for new videos.
    """
    if newest is not None and every_video:
        raise click.UsageError("Give one of --newest and --all.")
    first = FirstCheck.ALL if every_video else FirstCheck.NEWEST if newest else FirstCheck.FROM_NOW
    fields: dict[str, Any] = {"options": _options(given), "first": first, "newest": newest}
    fields |= _given_schedule(every, cron)
    requests = [_request(source=source, **fields) for source in dict.fromkeys(sources)]
    return await _subscribe_each(archive, out, requests)


async def _subscribe_each(archive: Archive, out: Output, requests: list[Subscribe]) -> int:
    """Follow each source; an error of one does not affect the others."""
    api, made, refused = archive.of(SubscriptionsAPI), [], []
    for request in requests:
        try:
            made.append(await api.subscribe(request))
        except YTArchiveError as error:
            if len(requests) == 1:
                raise
            refused.append(error)
            out.remark(f"not followed: {request.source}: {error.message}")
    out.show(made[0] if len(requests) == 1 else made, lambda _: Lines(*map(followed, made)))
    return 1 if refused else 0


@click.group(cls=Group, default="list")
def subscriptions() -> None:
    """List, change and check the followed channels and playlists."""


@subscriptions.command("list")
@click.option(
    "--state", type=click.Choice(list(SubscriptionState)), help="Only those in this state."
)
@click.option("--with-problem", is_flag=True, help="Only those whose source has a problem.")
@paged(SubscriptionsQuery, limit=100)
@reading
async def list_subscriptions(archive: Archive, out: Output, /, **asked: Any) -> None:
    """List subscriptions, oldest first (default of `subscriptions`)."""
    query = SubscriptionsQuery(**asked)
    out.show(await archive.of(SubscriptionsAPI).list_subscriptions(query), page_table)


@subscriptions.command()
@click.argument("subscription")
@reading
async def show(archive: Archive, out: Output, subscription: str) -> None:
    """Show a subscription, and the time and reason of its next check.

    SUBSCRIPTION is the id or its beginning, the channel or the playlist of a subscription.
    """
    out.show(await archive.of(SubscriptionsAPI).get_subscription(subscription), details)


@subscriptions.command()
@click.argument("subscription")
@click.option("--all", "all_videos", is_flag=True, help="Archive all earlier videos too.")
@click.option("--adaptive", is_flag=True, help="Adapt the interval to the uploads.")
@_schedule_options
@profile_options
@filter_options
@with_archive
async def edit(
    archive: Archive,
    out: Output,
    /,
    subscription: str,
    all_videos: bool,
    adaptive: bool,
    every: Schedule | None,
    cron: Schedule | None,
    **given: Any,
) -> None:
    """Change the given options, rules or schedule of a subscription.

    Changed rules apply to earlier videos too.
    """
    api = archive.of(SubscriptionsAPI)
    options, wanted = given_profile(given), given_filter(given)
    if wanted:
        present = (await api.get_subscription(subscription)).options.filter
        options["filter"] = present.model_dump() | wanted
    fields: dict[str, Any] = {"all_videos": all_videos}
    fields |= _given_schedule(every, cron, Schedule() if adaptive else None)
    if options:
        fields["options"] = options
    elif fields == {"all_videos": False}:
        raise click.UsageError("Name something to change, such as --every 6h.")
    try:
        request = EditSubscription.model_validate(fields)
    except ValidationError as error:
        raise failure(invalid_request(error)) from None
    out.show(await api.edit_subscription(subscription, request), details)


@subscriptions.command()
@click.argument("subscription")
@with_archive
async def pause(archive: Archive, out: Output, subscription: str) -> None:
    """Stop checking a subscription until `resume`."""
    changed = await archive.of(SubscriptionsAPI).pause_subscription(subscription)
    out.show(changed, lambda each: cell(f"{name_of(each)} is paused"))


@subscriptions.command()
@click.argument("subscription")
@with_archive
async def resume(archive: Archive, out: Output, subscription: str) -> None:
    """Check a paused subscription again."""
    changed = await archive.of(SubscriptionsAPI).resume_subscription(subscription)
    out.show(changed, lambda each: cell(f"{name_of(each)} is checked again"))


@subscriptions.command("run")
@click.argument("subscription", required=False)
@click.option("--due", is_flag=True, help="Check all subscriptions that are due.")
@click.option("--detach", is_flag=True, help="Check, and do not wait for the jobs.")
@with_archive
async def run_checks(
    archive: Archive, out: Output, subscription: str | None, due: bool, detach: bool
) -> int:
    """Check for new videos now, and archive them.

    Without a server, run `ytarchive subscriptions run --due` by cron or a timer.
    """
    if due is (subscription is not None):
        raise click.UsageError("Give a SUBSCRIPTION, or --due.")
    api = archive.of(SubscriptionsAPI)
    if subscription is not None:
        checked, waiting = [await api.check_subscription(subscription)], None
    else:
        checked, waiting = await _check_due(api)
    failed = any(each.last_check and each.last_check.outcome == "failed" for each in checked)
    ids = [] if detach else await _jobs_of(archive, checked, every=due)
    if not out.as_json or not ids:
        out.show(checked, lambda _: Lines(*map(outcome, checked)))
    if waiting is not None:
        out.remark(f"Checks wait: {waiting}")
    code = await follow(archive, out, ids) if ids else 0
    return max(code, int(failed))


async def _jobs_of(archive: Archive, checked: list[Subscription], *, every: bool) -> list[str]:
    """Return the jobs to follow: the new ones and, without a server, those that were interrupted.

    `every`: also of subscriptions that were not checked.
    """
    jobs = [each.last_check.job_id for each in checked if each.last_check]
    if archive.url is None:
        lists = {each.list_id for each in checked}
        earlier = await open_jobs(archive)
        jobs += [
            each.id for each in earlier if each.playlist_id and (every or each.playlist_id in lists)
        ]
    return [each for each in dict.fromkeys(jobs) if each is not None]


async def _check_due(api: SubscriptionsAPI) -> tuple[list[Subscription], str | None]:
    """Check a few subscriptions for each request, until none is due or all wait."""
    checked: list[Subscription] = []
    while True:
        report = await api.check_due(CheckDue())
        checked += report.checked
        if not report.checked or not report.due or report.waiting_for:
            return checked, report.waiting_for


@subscriptions.command()
@click.argument("subscription")
@with_archive
async def remove(archive: Archive, out: Output, subscription: str) -> None:
    """Stop following a channel or playlist; its videos are kept."""
    removed = await archive.of(SubscriptionsAPI).remove_subscription(subscription)
    out.show(removed, removed_line)


def _options(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of jobs that the command line gives."""
    wanted = given_filter(given)
    return given_profile(given) | ({"filter": wanted} if wanted else {})


def _request(**fields: Any) -> Subscribe:
    try:
        return Subscribe.model_validate(fields)
    except ValidationError as error:
        raise failure(invalid_request(error)) from None


add_lists(subscriptions)
