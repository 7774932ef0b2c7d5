"""`ytarchive notify`."""

import click
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.options import Group
from ytarchive.cli.output import Output, cell, table
from ytarchive.cli.session import reading, with_archive
from ytarchive.cli.times import moment
from ytarchive.common.models import Page
from ytarchive.discovery import Archive
from ytarchive.notifications import (
    Delivery,
    Notification,
    NotificationQuery,
    NotificationsAPI,
    NotificationTarget,
)

notify = Group("notify", default="list", help="List and test notifications of this archive.")

_NONE = "No target is configured: set notifications.webhooks or notifications.apprise."


@notify.command("list")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@reading
async def list_notifications(archive: Archive, out: Output, limit: int) -> None:
    """List the newest notifications and their deliveries."""
    request = NotificationQuery(limit=limit)
    out.show(await archive.of(NotificationsAPI).list_notifications(request), _notifications)


@notify.command()
@reading
async def targets(archive: Archive, out: Output) -> None:
    """List the configured targets and their pending notifications."""
    out.show(await archive.of(NotificationsAPI).list_notification_targets(), _targets)


@notify.command()
@with_archive
async def test(archive: Archive, out: Output) -> int:
    """Send a test notification to each configured target.

    The exit code is 1 if a delivery fails.
    """
    deliveries = await archive.of(NotificationsAPI).test_notifications()
    out.show(deliveries, _tested)
    return 1 if any(each.error for each in deliveries) else 0


def _notifications(page: Page[Notification]) -> RenderableType:
    if not page.items:
        return cell("There are no notifications.")
    rows = [
        (moment(each.created_at), each.kind.value, each.title, _state(each)) for each in page.items
    ]
    return table(["TIME", "EVENT", "TITLE", "DELIVERY"], rows)


def _state(notification: Notification) -> str:
    waiting = [each for each in notification.deliveries if each.next_attempt_at]
    failed = [each for each in notification.deliveries if not each.delivered_at and each.error]
    for each in waiting + failed:
        return f"{each.target}: {each.error or 'pending'}"
    return "delivered" if notification.deliveries else "no target"


def _targets(found: list[NotificationTarget]) -> RenderableType:
    if not found:
        return cell(_NONE)
    rows = [
        (each.name, f"{each.pending:,}",
         moment(each.last_delivered_at) if each.last_delivered_at else "never",
         each.last_error or "-")
        for each in found
    ]  # fmt: skip
    return table(["TARGET", ">PENDING", "LAST DELIVERY", "ERROR"], rows)


def _tested(deliveries: list[Delivery]) -> RenderableType:
    return Lines(
        *(
            cell(f"{each.target}: {each.error}", "yellow")
            if each.error
            else cell(f"{each.target}: delivered")
            for each in deliveries
        )
    )
