"""Contract of the refreshes of metadata."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Done, Page
from ytarchive.common.services import ServiceName
from ytarchive.storage.refreshes.models import (
    DueQuery,
    DueRefreshes,
    LostQuery,
    LostVideo,
    RecordedRefresh,
    RefreshAnswer,
    UsedBudget,
)


class RefreshesAPI(Contract, Protocol):
    """List lost videos and due refreshes, and record the answers."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("GET /storage/lost")
    async def list_lost(self, request: LostQuery) -> Page[LostVideo]:
        """List the stored videos that YouTube no longer has or that are private, newest loss first.

        Only YouTube's confirmed statements count, not blocks, age limits or limits by country.
        """
        ...

    @endpoint("GET /storage/refreshes")
    async def get_due(self, request: DueQuery) -> DueRefreshes:
        """Return the videos whose metadata is to be refreshed now."""
        ...

    @endpoint("POST /storage/refreshes/used")
    async def use_budget(self, request: UsedBudget) -> Done:
        """Count what a refresh is about to use of the daily budget."""
        ...

    @endpoint("POST /storage/refreshes/{video_id}")
    async def record_refresh(self, video_id: VideoId, request: RefreshAnswer) -> RecordedRefresh:
        """Store the answer to a refresh as a new version if it differs, and plan the next refresh.

        An answer with less than is known changes nothing. Raises NotFound if the video is not
        stored.
        """
        ...
