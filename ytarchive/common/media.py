"""Metadata of videos, playlists and channels, from the Data API or yt-dlp."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from ytarchive.common.channel_lists import VideoKind
from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Model, Text, UtcDatetime


def _unless_placeholder(value: datetime | None) -> datetime | None:
    """Return None for a date up to 1970, which earlier versions stored for an unknown date."""
    return value if value is not None and value.timestamp() > 0 else None


_Seconds = Annotated[int | None, AfterValidator(lambda seconds: seconds or None)]


OF_FILE_NAME, OF_NFO = "file name", "NFO file"
"""Sources of metadata that YouTube has not provided."""


class Translation(Model):
    """YouTube's translation of the texts of a video, as the owner provided it."""

    title: Text = ""
    description: Text = ""


class VideoMetadata(Model):
    """Metadata of a video, from the Data API or, without a key, yt-dlp."""

    video_id: VideoId
    title: Text
    description: Text = ""
    duration: _Seconds = Field(
        default=None, description="Seconds; null if not known, as for a running stream"
    )
    upload_date: Annotated[UtcDatetime | None, AfterValidator(_unless_placeholder)] = Field(
        default=None, description="null if not known"
    )
    channel_id: str = ""
    channel_title: Text = ""
    thumbnail_urls: dict[str, str] = Field(default_factory=dict, description="Quality -> URL")
    available_captions: list[str] | None = Field(
        default=None,
        description="Language codes; null if not known. The Data API does not return them; yt-dlp "
        "adds them when it extracts the video",
    )
    view_count: int | None = None
    like_count: int | None = None
    comment_count: int | None = None
    fetched_at: UtcDatetime
    kind: VideoKind | None = Field(
        default=None, description="null if it is not known, as with the Data API"
    )
    language: str | None = Field(
        default=None, description="Language of the sound, such as `de`; null if it is not known"
    )
    members_only: bool | None = Field(
        default=None,
        description="Whether it is for members of the channel; null if it is not known, as with "
        "the Data API",
    )
    translation: Translation | None = Field(
        default=None,
        description="The English texts, if they differ from title and description; null if not "
        "known, as with yt-dlp",
    )
    is_translated: bool = Field(
        default=False,
        description="Whether title and description may be translations, because the answer "
        "contained no others",
    )
    source: str | None = Field(
        default=None,
        description='"data_api" or "yt-dlp"; "file name" or "NFO file" for an adopted video whose '
        "metadata was not fetched yet; null if it is not known",
    )

    @property
    def is_provisional(self) -> bool:
        """Return whether the metadata was derived from a name or an NFO file."""
        return self.source in {OF_FILE_NAME, OF_NFO}


class PlaylistVideo(Model):
    """One entry of a playlist."""

    video_id: VideoId
    position: int = Field(description="From 0, in the playlist's order")
    title: Text = ""
    duration: _Seconds = Field(default=None, description="Seconds; null if not known")
    is_available: bool = True
    members_only: bool = Field(default=False, description="Listed as for members of the channel")
    added_at: UtcDatetime | None = None


class PlaylistHeading(Model):
    """The metadata of a playlist without its entries."""

    playlist_id: str = Field(description="The list itself; for a channel its uploads list")
    title: Text = ""
    description: Text = ""
    channel_id: str = ""
    channel_title: Text = ""


def heading_of(playlist: object) -> dict[str, Any]:
    """Return the fields of `PlaylistHeading` of any object that has them."""
    return {name: getattr(playlist, name) for name in PlaylistHeading.model_fields}


class PlaylistMetadata(PlaylistHeading):
    """A playlist with all its entries, including unavailable ones that YouTube lists."""

    video_count: int
    videos: list[PlaylistVideo]
    fetched_at: UtcDatetime


class ChannelMetadata(Model):
    """A channel and the playlist of its uploads."""

    channel_id: str
    title: str = ""
    handle: str | None = None
    description: str = ""
    uploads_playlist_id: str
    video_count: int | None = None
    avatar_url: str | None = Field(default=None, description="null if it is not known")
    banner_url: str | None = Field(
        default=None, description="null if it is not known, or the channel has none"
    )
    fetched_at: UtcDatetime


def uncropped(url: str) -> str | None:
    """Return the address of a channel's picture in its original size; None without a picture."""
    base = url.partition("=")[0]
    return f"{base}=s0" if base else None
