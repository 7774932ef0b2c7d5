"""Models of notifications and their deliveries."""

from dataclasses import dataclass

from pydantic import Field

from ytarchive.common.models import Model, UtcDatetime
from ytarchive.common.notification_settings import NotificationKind


@dataclass(frozen=True)
class Message:
    """A notification that is to be sent."""

    kind: NotificationKind
    title: str
    body: str


class Delivery(Model):
    """The delivery of a notification to one target."""

    target: str = Field(description="Kind and host of the target, without secrets")
    attempts: int = 0
    delivered_at: UtcDatetime | None = None
    next_attempt_at: UtcDatetime | None = Field(
        default=None, description="null if it was delivered or has been given up"
    )
    error: str | None = Field(default=None, description="Why the last attempt failed")


class Notification(Model):
    """A notification and its deliveries."""

    id: int
    kind: NotificationKind
    title: str
    body: str
    created_at: UtcDatetime
    deliveries: list[Delivery]


class NotificationQuery(Model):
    """Selects a page of the notifications, newest first."""

    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before")


class NotificationTarget(Model):
    """A target of the settings. Its address is a secret."""

    name: str = Field(description="Kind and host, as `webhook 1 (example.org)`")
    pending: int = Field(default=0, description="Notifications that were not delivered yet")
    last_delivered_at: UtcDatetime | None = None
    last_error: str | None = Field(default=None, description="Of the oldest pending notification")
