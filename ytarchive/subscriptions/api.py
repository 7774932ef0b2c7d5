"""Contract of the subscriptions."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.models import Page
from ytarchive.common.services import ServiceName
from ytarchive.subscriptions.models import (
    CheckDue,
    ChecksReport,
    EditSubscription,
    ExportedSubscriptions,
    ImportedSubscriptions,
    ImportSubscriptions,
    Preview,
    PreviewRequest,
    RemovedSubscription,
    Subscribe,
    Subscription,
    SubscriptionRef,
    SubscriptionsQuery,
)


class SubscriptionsAPI(Contract, Protocol):
    """Follow channels and playlists."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("POST /subscriptions", status=201)
    async def subscribe(self, request: Subscribe) -> Subscription:
        """Follow a channel or playlist. It is requested from YouTube once, for its id and title.

        Raises Conflict if it is followed already, SourceGone if YouTube does not have it, and the
        errors of a listing.
        """
        ...

    @endpoint("GET /subscriptions")
    async def list_subscriptions(self, request: SubscriptionsQuery) -> Page[Subscription]:
        """Return subscriptions, oldest first."""
        ...

    @endpoint("GET /subscriptions/{subscription}")
    async def get_subscription(self, subscription: SubscriptionRef) -> Subscription:
        """Return a subscription. Raises NotFound."""
        ...

    @endpoint("PUT /subscriptions/{subscription}")
    async def edit_subscription(
        self, subscription: SubscriptionRef, request: EditSubscription
    ) -> Subscription:
        """Change options, rules or schedule. Changed rules apply to earlier videos too.

        Raises NotFound.
        """
        ...

    @endpoint("POST /subscriptions/{subscription}/pause")
    async def pause_subscription(self, subscription: SubscriptionRef) -> Subscription:
        """Check a subscription no longer until it is resumed. Raises NotFound."""
        ...

    @endpoint("POST /subscriptions/{subscription}/resume")
    async def resume_subscription(self, subscription: SubscriptionRef) -> Subscription:
        """Check a paused subscription again, at once. Raises NotFound."""
        ...

    @endpoint("POST /subscriptions/import", status=201)
    async def import_subscriptions(self, request: ImportSubscriptions) -> ImportedSubscriptions:
        """Follow the channels and playlists of a list; those with an id are not requested.

        Each source that cannot be followed is reported. Raises InvalidRequest for a damaged list.
        """
        ...

    @endpoint("GET /subscriptions/export/opml")
    async def export_subscriptions(self) -> ExportedSubscriptions:
        """Return all subscriptions as OPML, which feed readers and this program can import."""
        ...

    @endpoint("POST /subscriptions/{subscription}/preview")
    async def preview_subscription(
        self, subscription: SubscriptionRef, request: PreviewRequest
    ) -> Preview:
        """Return which of the first entries would be archived, and why the others would not.

        Nothing is changed. Raises NotFound, RequestsPaused, and the errors of a listing.
        """
        ...

    @endpoint("POST /subscriptions/check")
    async def check_due(self, request: CheckDue) -> ChecksReport:
        """Check subscriptions whose time has come, within the daily budget."""
        ...

    @endpoint("POST /subscriptions/{subscription}/check")
    async def check_subscription(self, subscription: SubscriptionRef) -> Subscription:
        """Check a subscription now, also a paused one, and return it with the result.

        Raises NotFound, or RequestsPaused while no requests are sent to YouTube.
        """
        ...

    @endpoint("DELETE /subscriptions/{subscription}")
    async def remove_subscription(self, subscription: SubscriptionRef) -> RemovedSubscription:
        """Follow a channel or playlist no longer; its videos and jobs are kept. Raises NotFound."""
        ...
