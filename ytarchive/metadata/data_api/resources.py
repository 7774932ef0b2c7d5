"""The Data API's resources, and their conversion.

Numbers are strings and may be absent, thumbnails are an open map, titles may contain any text. An
invalid field affects only this field, and an invalid video only this video.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.alias_generators import to_camel

from ytarchive.common import errors
from ytarchive.common.channel_lists import uploads_playlist
from ytarchive.common.identifiers import parse_video_id
from ytarchive.common.media import ChannelMetadata, Translation, VideoMetadata, uncropped
from ytarchive.common.models import UtcDatetime


def _text(value: Any) -> str:
    """Return text that can be stored: lone surrogates, which JSON can contain, are replaced."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _text_or_none(value: Any) -> str | None:
    text = _text(value)
    return text if text.strip() else None


def _iso_8601(value: Any) -> Any:
    """Return a duration; None for the other forms that pydantic accepts, such as `12:34`."""
    return value if isinstance(value, str) and value.startswith("P") else None


def _or_none(value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
    try:
        return parse(value)
    except (ValueError, OverflowError):
        return None


def _urls(value: Any) -> dict[str, str]:
    sizes = value.items() if isinstance(value, Mapping) else ()
    found = {_text(name): _text(size.get("url")) for name, size in sizes if isinstance(size, dict)}
    return {name: url for name, url in found.items() if url}


def _mapping(value: Any) -> Any:
    return value if isinstance(value, dict) else {}


Text = Annotated[str, BeforeValidator(_text)]
Title = Annotated[str | None, BeforeValidator(_text_or_none)]
Count = Annotated[Annotated[int, Field(ge=0, lt=2**63)] | None, WrapValidator(_or_none)]
Moment = Annotated[UtcDatetime | None, WrapValidator(_or_none)]
Duration = Annotated[timedelta | None, WrapValidator(_or_none), BeforeValidator(_iso_8601)]
Urls = Annotated[dict[str, str], BeforeValidator(_urls)]


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class _Localized(_Part):
    title: Text = ""
    description: Text = ""


class _Snippet(_Part):
    title: Title = None
    description: Text = ""
    channel_id: Text = ""
    channel_title: Text = ""
    custom_url: Text = ""
    published_at: Moment = None
    thumbnails: Urls = {}
    default_audio_language: Title = None
    localized: Annotated[_Localized, BeforeValidator(_mapping)] = _Localized()


class _Statistics(_Part):
    view_count: Count = None
    like_count: Count = None
    comment_count: Count = None
    video_count: Count = None


class _RelatedPlaylists(_Part):
    uploads: Text = ""


class _ContentDetails(_Part):
    video_id: Text = ""
    duration: Duration = None
    item_count: Count = None
    related_playlists: Annotated[_RelatedPlaylists, BeforeValidator(_mapping)] = _RelatedPlaylists()


class _Status(_Part):
    privacy_status: Text = ""


class _Image(_Part):
    banner_external_url: Text = ""


class _Branding(_Part):
    image: Annotated[_Image, BeforeValidator(_mapping)] = _Image()


class Resource(_Part):
    """A video, playlist, playlist item or channel: the requested parts."""

    id: Text = ""
    snippet: Annotated[_Snippet, BeforeValidator(_mapping)] = _Snippet()
    content_details: Annotated[_ContentDetails, BeforeValidator(_mapping)] = _ContentDetails()
    statistics: Annotated[_Statistics, BeforeValidator(_mapping)] = _Statistics()
    status: Annotated[_Status, BeforeValidator(_mapping)] = _Status()
    branding_settings: Annotated[_Branding, BeforeValidator(_mapping)] = _Branding()

    @property
    def item_video_id(self) -> str | None:
        """Return the video of a playlist item; None if the item is not a video."""
        try:
            return parse_video_id(self.content_details.video_id)
        except errors.InvalidIdentifier:
            return None

    @property
    def looks_dead(self) -> bool:
        """Return whether a playlist item suggests that its video is gone, which must be checked."""
        is_open = self.status.privacy_status in {"public", "unlisted"}
        return not is_open or not self.snippet.thumbnails

    def absence(self) -> errors.Unavailable:
        """Return why a playlist item's video is missing, after `videos.list` has shown that it is.

        The texts of a dead item are from YouTube, so a title cannot forge the reason.
        """
        if self.status.privacy_status == "private":
            return errors.PrivateVideo()
        if not self.snippet.thumbnails and self.snippet.title == "Deleted video":
            return errors.DeletedVideo()
        return errors.VideoUnavailable()


def read_resources(items: Any) -> list[Resource]:
    """Return the items of a list; invalid items are left out."""
    found = []
    for item in items if isinstance(items, list) else []:
        try:
            found.append(Resource.model_validate(item))
        except ValidationError:
            continue
    return found


def video_metadata(video: Resource, now: datetime) -> VideoMetadata:
    """Return a video of `videos.list`. Raises ApiAnswerIncomplete."""
    snippet, statistics = video.snippet, video.statistics
    duration = video.content_details.duration
    # Live streams have a duration of zero. YouTube may hide the statistics of any video.
    required = {
        "date of publication": snippet.published_at,
        "title": snippet.title,
        "channel": snippet.channel_id or None,
        "duration": duration,
    }
    lacking = [name for name, value in required.items() if value is None]
    if snippet.published_at is None or duration is None or lacking:
        names = ", ".join(lacking)
        raise errors.ApiAnswerIncomplete(f"the Data API's answer for {video.id} has no {names}")
    return VideoMetadata(
        video_id=video.id,
        title=snippet.title or "",
        description=snippet.description,
        duration=max(0, int(duration.total_seconds())) or None,
        upload_date=snippet.published_at,
        channel_id=snippet.channel_id,
        channel_title=snippet.channel_title,
        thumbnail_urls=snippet.thumbnails,
        view_count=statistics.view_count,
        like_count=statistics.like_count,
        comment_count=statistics.comment_count,
        fetched_at=now,
        language=snippet.default_audio_language,
        translation=_translation(snippet),
        source="data_api",
    )


def _translation(snippet: _Snippet) -> Translation | None:
    """Return the texts in the requested language; None if they are the original ones."""
    found = snippet.localized
    if not found.title or (found.title, found.description) == (snippet.title, snippet.description):
        return None
    return Translation(title=found.title, description=found.description)


def channel_metadata(channel: Resource, now: datetime) -> ChannelMetadata:
    """Return a channel of `channels.list`."""
    handle = channel.snippet.custom_url
    uploads = channel.content_details.related_playlists.uploads
    return ChannelMetadata(
        channel_id=channel.id,
        title=channel.snippet.title or "",
        handle=handle if handle.startswith("@") else None,
        description=channel.snippet.description,
        uploads_playlist_id=uploads or uploads_playlist(channel.id),
        video_count=channel.statistics.video_count,
        avatar_url=uncropped(next(iter(channel.snippet.thumbnails.values()), "")),
        banner_url=uncropped(channel.branding_settings.image.banner_external_url),
        fetched_at=now,
    )
