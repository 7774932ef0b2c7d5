"""Notifications: messages about the archive to webhooks and to the services of apprise."""

from ytarchive.notifications.api import NotificationsAPI
from ytarchive.notifications.models import (
    Delivery,
    Notification,
    NotificationQuery,
    NotificationTarget,
)
from ytarchive.notifications.outbox import SCHEMA as NOTIFICATIONS_SCHEMA
