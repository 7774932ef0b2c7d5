"""Contract of the known lists: which entries of a list were seen."""

from typing import ClassVar, Protocol

from pydantic import Field

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import OpaqueId, PlaylistId, VideoId
from ytarchive.common.models import Done, Model, UtcDatetime
from ytarchive.common.services import ServiceName


class ListedVideos(Model):
    """Entries of a list."""

    video_ids: list[VideoId] = Field(max_length=100_000)


class CompareList(ListedVideos):
    """Entries of a list to compare with those that were seen, and the last job for the list."""

    job_id: OpaqueId | None = Field(default=None, description="The last job for the list, if any")


class PrecedingVideos(ListedVideos):
    """The entries that a list had when it was first followed."""

    since: UtcDatetime = Field(description="A second request of the same time changes nothing")


class ListComparison(Model):
    """Which entries of a list Jobs has not recorded."""

    unknown: list[str] = Field(default=[], description="In the order of the request")
    preceding: list[str] = Field(
        default=[], description="Recorded as entries that precede the subscription of the list"
    )
    is_known: bool = Field(default=False, description="Whether the list was listed completely once")
    listed_by: list[str] = Field(
        default=[], description="The unfinished jobs that have this list still to list"
    )
    starts_at: UtcDatetime | None = Field(
        default=None,
        description="The first start of an announced premiere or live stream among the entries",
    )
    held_back: bool = Field(
        default=False,
        description="Whether limits of the last job's rules held videos back that another job may "
        "archive now",
    )


class KnownListsAPI(Contract, Protocol):
    """Compare lists with the entries that were seen."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("POST /lists/{list_id}/compare")
    async def compare_list(self, list_id: PlaylistId, request: CompareList) -> ListComparison:
        """Return which of some entries are unknown. `list_id`: of a playlist, `UU…` of a channel.

        Entries are known after a job has listed the list, or as preceding ones.
        """
        ...

    @endpoint("POST /lists/{list_id}/preceding")
    async def record_preceding(self, list_id: PlaylistId, request: PrecedingVideos) -> Done:
        """Record entries that jobs with `filter.only_new` do not archive."""
        ...
