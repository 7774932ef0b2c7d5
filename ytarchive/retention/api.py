"""Contract of the retention."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.models import Page
from ytarchive.common.services import ServiceName
from ytarchive.retention.models import (
    RemovalsQuery,
    Retention,
    RetentionPreview,
    RetentionRemoval,
    RetentionReport,
    RetentionRequest,
    RetentionRule,
    RunRetention,
)
from ytarchive.subscriptions import SubscriptionRef


class RetentionAPI(Contract, Protocol):
    """Remove videos of subscriptions by rules. Without rules nothing is removed."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("GET /retention")
    async def list_retention(self) -> list[Retention]:
        """Return the subscriptions that have a rule."""
        ...

    @endpoint("PUT /retention/{subscription}")
    async def set_retention(
        self, subscription: SubscriptionRef, request: RetentionRule
    ) -> Retention:
        """Set the rule of a subscription. It has no effect before a preview and a run.

        Raises NotFound.
        """
        ...

    @endpoint("DELETE /retention/{subscription}")
    async def clear_retention(self, subscription: SubscriptionRef) -> Retention:
        """Delete the rule of a subscription, which then keeps its videos. Raises NotFound."""
        ...

    @endpoint("POST /retention/preview")
    async def preview_retention(self, request: RetentionRequest) -> RetentionPreview:
        """Return what a run would remove, and why other videos are kept. Nothing is removed.

        Raises NotFound, or InvalidRequest if no rule is set.
        """
        ...

    @endpoint("POST /retention/run")
    async def run_retention(self, request: RunRetention) -> RetentionReport:
        """Remove what the rules release, and apply these rules each day from now on.

        Raises NotFound, InvalidRequest if no rule is set, or Conflict without a preview of the
        same rules in the last 24 hours.
        """
        ...

    @endpoint("GET /retention/removals")
    async def list_removals(self, request: RemovalsQuery) -> Page[RetentionRemoval]:
        """List the videos that rules removed, newest first."""
        ...
