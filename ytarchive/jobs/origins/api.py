"""Contract of the origins: who requested a video, and which lists hold it."""

from typing import ClassVar, Protocol

from pydantic import Field

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import PlaylistId, VideoId
from ytarchive.common.models import Model, Page, UtcDatetime
from ytarchive.common.services import ServiceName


class HeldVideosQuery(Model):
    """Selects a page of the videos of a list, by id."""

    limit: int = Field(default=500, ge=1, le=1000)
    cursor: VideoId | None = Field(default=None, description="`next_cursor` of the page before")


class HeldVideo(Model):
    """A video that a list has or had."""

    video_id: str
    list_ids: list[str] = Field(description="All lists that have or had it")
    stored_at: UtcDatetime | None = Field(
        default=None,
        description="When a job of a subscription stored its media; null if none did, or if that "
        "is not known. Media of another time has another origin",
    )
    is_requested: bool = Field(description="Whether a user's job or direct download requested it")


class RequestedQuery(Model):
    """Videos to look up."""

    video_ids: list[VideoId] = Field(max_length=1000)


class RequestedVideos(Model):
    """Those of some videos that users requested."""

    video_ids: list[str]


class OriginsAPI(Contract, Protocol):
    """Find out who requested a video, and which lists hold it."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("GET /lists/{list_id}/videos")
    async def list_held(self, list_id: PlaylistId, request: HeldVideosQuery) -> Page[HeldVideo]:
        """List the recorded videos of a list, also those that it no longer has.

        `list_id`: of a playlist, `UU…` of a channel.
        """
        ...

    @endpoint("POST /lists/requested")
    async def find_requested(self, request: RequestedQuery) -> RequestedVideos:
        """Return which of some videos a user's job or direct download requested."""
        ...
