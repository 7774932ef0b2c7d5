"""Contract and models of the Metadata service."""

from typing import ClassVar, Protocol

from pydantic import Field

from ytarchive.common.contract import ServiceContract, endpoint
from ytarchive.common.identifiers import ChannelId, PlaylistId, VideoId
from ytarchive.common.media import (
    ChannelMetadata,
    PlaylistHeading,
    PlaylistMetadata,
    PlaylistVideo,
    VideoMetadata,
)
from ytarchive.common.models import Done, Model, Text, UtcDatetime
from ytarchive.common.services import ServiceName


class MetadataQuery(Model):
    """Selects a cached answer or a new request."""

    refresh: bool = Field(
        default=False, description="Request it from YouTube even if the cache is fresh"
    )


class VideoMetadataQuery(MetadataQuery):
    """Whether a cached answer is accepted for a video, and the source."""

    extract: bool = Field(default=False, description="Use yt-dlp instead of the Data API")


class BatchRequest(MetadataQuery):
    """Up to 10,000 videos."""

    video_ids: list[VideoId] = Field(max_length=10_000)
    extract: bool = Field(
        default=True,
        description="Extract videos that the cache and the Data API do not have, one at a time",
    )


class MissingVideo(Model):
    """A video without metadata, and the reason."""

    video_id: str
    error_code: str = Field(description="An E-code; E013 if it was not requested")
    reason: str = Field(description="private, deleted, not_extracted, …")
    message: str


class BatchMetadata(Model):
    """The metadata found, and the reasons for the missing ones."""

    found: list[VideoMetadata]
    missing: list[MissingVideo]


class PlaylistPageQuery(Model):
    """Selects a page, and how the list is read if there is no recent listing."""

    cursor: str | None = Field(default=None, description="`next_cursor` of the page before")
    describe: bool = Field(
        default=True,
        description="False: entries as in the list, without requests for videos; lengths may be "
        "missing, and `is_available` is not certain",
    )
    newer_than: UtcDatetime | None = Field(
        default=None,
        description="Do not use listings that began before this time; for the first page",
    )
    extract: bool = Field(
        default=False, description="Use yt-dlp instead of the Data API; for the first page"
    )


class PlaylistPage(PlaylistHeading):
    """Some entries of a playlist, in its order; `next_cursor` is null on the last page.

    Each page contains the metadata of the list.
    """

    video_count: int | None = Field(default=None, description="Total number of entries, if known")
    videos: list[PlaylistVideo]
    next_cursor: str | None = None
    channel: ChannelMetadata | None = Field(
        default=None,
        description="On the first page of a list of a channel, its channel if that is known "
        "without a request",
    )


class FeedEntry(Model):
    """A video in a feed."""

    video_id: VideoId
    title: Text
    published_at: UtcDatetime


class ListFeed(Model):
    """YouTube's feed of a list: its newest videos, 15 at most.

    It is a hint: it may be late, and an empty or failed feed proves nothing.
    """

    list_id: str
    title: Text = ""
    entries: list[FeedEntry] = Field(default=[], description="In the order of the feed")
    problem: str | None = Field(default=None, description="Why the feed cannot be read")


class QuotaUsage(Model):
    """The Data API's daily quota, in units."""

    quota_limit: int
    quota_reserve: int
    used: int
    remaining: int = Field(description="Units that may still be used today, without the reserve")
    resets_at: UtcDatetime = Field(description="The next midnight in America/Los_Angeles")
    source: str = Field(
        description='"data_api" with a key, otherwise "yt-dlp", which uses no quota'
    )


class MetadataAPI(ServiceContract, Protocol):
    """Metadata of videos, playlists and channels."""

    service: ClassVar[ServiceName] = ServiceName.METADATA

    @endpoint("GET /metadata/video/{video_id}")
    async def get_video(self, video_id: VideoId, request: VideoMetadataQuery) -> VideoMetadata:
        """Return a video. Concurrent requests share calls of the Data API, 50 ids each.

        Raises an `Unavailable` error with the reason if YouTube does not return it.
        """
        ...

    @endpoint("GET /metadata/playlist/{playlist_id}")
    async def get_playlist(
        self, playlist_id: PlaylistId, request: MetadataQuery
    ) -> PlaylistMetadata:
        """Return a playlist with all its entries; for a channel or @handle, all its uploads."""
        ...

    @endpoint("GET /metadata/playlist/{playlist_id}/page")
    async def get_playlist_page(
        self, playlist_id: PlaylistId, request: PlaylistPageQuery
    ) -> PlaylistPage:
        """Return one page of a playlist, so that work can start while listing continues."""
        ...

    @endpoint("DELETE /metadata/playlist/{playlist_id}/page")
    async def end_listing(self, playlist_id: PlaylistId, request: PlaylistPageQuery) -> Done:
        """Release the resources that wait for the page at `cursor`.

        This happens automatically after half a minute; the page can still be requested.
        """
        ...

    @endpoint("GET /metadata/playlist/{playlist_id}/feed")
    async def get_feed(self, playlist_id: PlaylistId) -> ListFeed:
        """Return YouTube's feed of a playlist or of a channel's id, without use of quota.

        A feed that cannot be read is an answer with `problem`. Raises RequestsPaused, and
        RateLimited if YouTube answers that there are too many requests.
        """
        ...

    @endpoint("GET /metadata/channel/{channel}")
    async def get_channel(self, channel: ChannelId, request: MetadataQuery) -> ChannelMetadata:
        """Return a channel by its id (`UC…`), @handle or address."""
        ...

    @endpoint("GET /metadata/quota")
    async def get_quota(self) -> QuotaUsage:
        """Return the quota used today, and the remaining quota."""
        ...

    @endpoint("POST /metadata/batch")
    async def get_batch(self, request: BatchRequest) -> BatchMetadata:
        """Return the metadata of many videos and, for each missing one, the reason."""
        ...
