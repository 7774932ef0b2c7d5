"""What YouTube says of videos, playlists and channels, whatever way it was asked."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Model, Text, UtcDatetime
from ytarchive.common.video_kinds import VideoKind


def _unless_placeholder(value: datetime | None) -> datetime | None:
    """Return None for a date up to 1970, which earlier versions stored where none was known."""
    return value if value is not None and value.timestamp() > 0 else None


_Seconds = Annotated[int | None, AfterValidator(lambda seconds: seconds or None)]


class VideoMetadata(Model):
    """A video as YouTube describes it. Source: the Data API, or yt-dlp without a key."""

    video_id: VideoId
    title: Text
    description: Text = ""
    duration: _Seconds = Field(
        default=None, description="Seconds; null if not known, as of a stream that has not ended"
    )
    upload_date: Annotated[UtcDatetime | None, AfterValidator(_unless_placeholder)] = Field(
        default=None, description="null if not known"
    )
    channel_id: str = ""
    channel_title: Text = ""
    thumbnail_urls: dict[str, str] = Field(default_factory=dict, description="Quality -> URL")
    available_captions: list[str] | None = Field(
        default=None,
        description="Language codes; null if they are not known. The Data API has none; yt-dlp "
        "fills them in when it extracts the video",
    )
    view_count: int | None = None
    like_count: int | None = None
    fetched_at: UtcDatetime
    kind: VideoKind | None = Field(
        default=None, description="null if it is not known, as with the Data API"
    )
    source: str | None = Field(
        default=None, description='"data_api" or "yt-dlp"; null if it is not known'
    )


class PlaylistVideo(Model):
    """One entry of a playlist."""

    video_id: VideoId
    position: int = Field(description="From 0, in the playlist's order")
    title: Text = ""
    duration: _Seconds = Field(default=None, description="Seconds; null if not known")
    is_available: bool = True
    added_at: UtcDatetime | None = None


class PlaylistMetadata(Model):
    """A playlist with all its entries, dead ones included as far as YouTube lists them."""

    playlist_id: str
    title: Text = ""
    description: Text = ""
    channel_id: str = ""
    channel_title: Text = ""
    video_count: int
    videos: list[PlaylistVideo]
    fetched_at: UtcDatetime


class ChannelMetadata(Model):
    """A channel, and the playlist of its uploads."""

    channel_id: str
    title: str = ""
    handle: str | None = None
    description: str = ""
    uploads_playlist_id: str
    video_count: int | None = None
    fetched_at: UtcDatetime
