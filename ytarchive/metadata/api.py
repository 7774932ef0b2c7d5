"""Contract and models of the Metadata service."""

from typing import ClassVar, Protocol

from pydantic import Field

from ytarchive.common.contract import ServiceContract, endpoint
from ytarchive.common.identifiers import ChannelId, PlaylistId, VideoId
from ytarchive.common.media import ChannelMetadata, PlaylistMetadata, PlaylistVideo, VideoMetadata
from ytarchive.common.models import Done, Model, UtcDatetime
from ytarchive.common.services import ServiceName


class MetadataQuery(Model):
    """How fresh the answer must be."""

    refresh: bool = Field(default=False, description="Ask YouTube even if the cache is fresh")


class VideoMetadataQuery(MetadataQuery):
    """The same for one video, and whom to ask."""

    extract: bool = Field(default=False, description="Ask yt-dlp and not the Data API")


class BatchRequest(Model):
    """Up to 10,000 videos."""

    video_ids: list[VideoId] = Field(max_length=10_000)
    refresh: bool = Field(default=False, description="Ask YouTube even if the cache is fresh")
    extract: bool = Field(
        default=True,
        description="Ask yt-dlp, one video at a time, for what cache and Data API do not have",
    )


class MissingVideo(Model):
    """A video whose metadata could not be had, and why."""

    video_id: str
    error_code: str = Field(description="An E-code; E013 when it was merely not asked for")
    reason: str = Field(description="private, deleted, not_extracted, …")
    message: str


class BatchMetadata(Model):
    """What was found, and why the rest was not."""

    found: list[VideoMetadata]
    missing: list[MissingVideo]


class PlaylistPageQuery(Model):
    """Which page, and how it is listed if nobody has listed it lately."""

    cursor: str | None = Field(default=None, description="`next_cursor` of the page before")
    describe: bool = Field(
        default=True,
        description="False: entries as the list itself shows them, no video is looked up; their"
        " lengths may be missing, and `is_available` is a hint",
    )
    newer_than: UtcDatetime | None = Field(
        default=None, description="Take no listing that began before; for the first page"
    )


class PlaylistPage(Model):
    """Some entries of a playlist, in its order; `next_cursor` is null on the last page."""

    playlist_id: str = Field(description="The list itself; for a channel its uploads list")
    title: str = Field(default="", description="What is known of the list stands on each page")
    description: str = ""
    channel_id: str = ""
    channel_title: str = ""
    video_count: int | None = Field(default=None, description="Entries in all, if known")
    videos: list[PlaylistVideo]
    next_cursor: str | None = None


class QuotaUsage(Model):
    """The Data API's daily quota, in units."""

    quota_limit: int
    quota_reserve: int
    used: int
    remaining: int = Field(description="What may still be spent today, the reserve left out")
    resets_at: UtcDatetime = Field(description="The next midnight in America/Los_Angeles")
    source: str = Field(description='"data_api" with a key, else "yt-dlp", which costs no quota')


class MetadataAPI(ServiceContract, Protocol):
    """What YouTube says of videos, playlists and channels."""

    service: ClassVar[ServiceName] = ServiceName.METADATA

    @endpoint("GET /metadata/video/{video_id}")
    async def get_video(self, video_id: VideoId, request: VideoMetadataQuery) -> VideoMetadata:
        """One video. Concurrent requests share calls of the Data API, 50 ids each.

        Raises an `Unavailable` error with the reason when YouTube does not give it.
        """
        ...

    @endpoint("GET /metadata/playlist/{playlist_id}")
    async def get_playlist(
        self, playlist_id: PlaylistId, request: MetadataQuery
    ) -> PlaylistMetadata:
        """Return a playlist with all its entries; for a channel or @handle its uploads."""
        ...

    @endpoint("GET /metadata/playlist/{playlist_id}/page")
    async def get_playlist_page(
        self, playlist_id: PlaylistId, request: PlaylistPageQuery
    ) -> PlaylistPage:
        """Return one page of a playlist, so that work can start while listing continues."""
        ...

    @endpoint("DELETE /metadata/playlist/{playlist_id}/page")
    async def end_listing(self, playlist_id: PlaylistId, request: PlaylistPageQuery) -> Done:
        """Free what waits for the page at `cursor`, because no caller needs it any more.

        This happens automatically after half a minute; the page can still be requested.
        """
        ...

    @endpoint("GET /metadata/channel/{channel}")
    async def get_channel(self, channel: ChannelId, request: MetadataQuery) -> ChannelMetadata:
        """Return a channel by its id (`UC…`), @handle or address."""
        ...

    @endpoint("GET /metadata/quota")
    async def get_quota(self) -> QuotaUsage:
        """Quota used today, and what is left."""
        ...

    @endpoint("POST /metadata/batch")
    async def get_batch(self, request: BatchRequest) -> BatchMetadata:
        """Many videos at once: what was found and, for each missing one, why."""
        ...
