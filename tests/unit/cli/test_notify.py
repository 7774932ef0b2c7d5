"""`ytarchive notify`."""

from datetime import UTC, datetime

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import Peers
from ytarchive.common.models import Page
from ytarchive.common.notification_settings import NotificationKind
from ytarchive.notifications import (
    Delivery,
    Notification,
    NotificationQuery,
    NotificationsAPI,
    NotificationTarget,
)

_NOW = datetime(2026, 5, 4, 3, 2, tzinfo=UTC)
_FAILED = Delivery(
    target="webhook 1 (example.org)", attempts=2, error="it answered with HTTP status 503",
    next_attempt_at=_NOW,
)  # fmt: skip


class NotificationsPeer(NotificationsAPI):
    """One notification that one of two targets has received."""

    async def list_notifications(self, request: NotificationQuery) -> Page[Notification]:
        sent = Delivery(target="apprise 1 (ntfy)", attempts=1, delivered_at=_NOW)
        item = Notification(
            id=1, kind=NotificationKind.DISK_LOW, title="The disk is nearly full", body="",
            created_at=_NOW, deliveries=[sent, _FAILED],
        )  # fmt: skip
        return Page(items=[item])

    async def list_notification_targets(self) -> list[NotificationTarget]:
        return [NotificationTarget(name=_FAILED.target, pending=3, last_error=_FAILED.error)]

    async def test_notifications(self) -> list[Delivery]:
        return [Delivery(target="apprise 1 (ntfy)", delivered_at=_NOW), _FAILED]


@pytest.fixture(autouse=True)
def notifications(archive: Peers) -> None:
    archive.contracts[NotificationsAPI] = NotificationsPeer()  # type: ignore[index]  # a dict in tests


def test_notification_is_listed_with_the_target_that_has_not_received_it(cli: Cli) -> None:
    shown = " ".join(cli("notify").out.split())
    assert "The disk is nearly full" in shown
    assert "webhook 1 (example.org): it answered with HTTP status 503" in shown


def test_targets_are_listed_with_their_pending_notifications(cli: Cli) -> None:
    [target] = cli("notify", "targets", "--json").json
    assert (target["pending"], target["last_error"]) == (3, _FAILED.error)
    assert "never" in cli("notify", "targets").out


def test_failed_test_has_an_exit_code_of_its_own(cli: Cli) -> None:
    ran = cli("notify", "test")
    assert ran.code == 1
    assert "apprise 1 (ntfy): delivered" in ran.out
    assert "webhook 1 (example.org): it answered with HTTP status 503" in ran.out
