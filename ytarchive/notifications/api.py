"""Contract of the notifications."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.models import Page
from ytarchive.common.services import ServiceName
from ytarchive.notifications.models import (
    Delivery,
    Notification,
    NotificationQuery,
    NotificationTarget,
)


class NotificationsAPI(Contract, Protocol):
    """List notifications and their targets, and test the targets."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("GET /notifications")
    async def list_notifications(self, request: NotificationQuery) -> Page[Notification]:
        """Return the notifications of the last 30 days, newest first, with their deliveries."""
        ...

    @endpoint("GET /notifications/targets")
    async def list_notification_targets(self) -> list[NotificationTarget]:
        """Return the targets of the settings, with their pending notifications."""
        ...

    @endpoint("POST /notifications/test")
    async def test_notifications(self) -> list[Delivery]:
        """Send a test to each target at once, and return the outcomes.

        Raises InvalidRequest if the settings name no target.
        """
        ...
