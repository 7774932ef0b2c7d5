"""Subscriptions: channels and playlists that the archive follows."""

from ytarchive.subscriptions.api import SubscriptionsAPI
from ytarchive.subscriptions.models import (
    CheckDue,
    CheckOutcome,
    CheckResult,
    ChecksReport,
    EditSubscription,
    ExportedSubscriptions,
    FirstCheck,
    ImportedSubscriptions,
    ImportSubscriptions,
    Preview,
    PreviewRequest,
    RemovedSubscription,
    Subscribe,
    Subscription,
    SubscriptionRef,
    SubscriptionsQuery,
    SubscriptionState,
)
from ytarchive.subscriptions.repository import SCHEMA as SUBSCRIPTIONS_SCHEMA
from ytarchive.subscriptions.schedules import Schedule
