"""Models for finding stored videos: lists, and search."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from ytarchive.common.media import SideFiles
from ytarchive.common.models import Model, Page, Text, UtcDatetime

_DAY = "Day in UTC, as `2026-01-31`; included"


class VideoFilter(Model):
    """Which videos. What is not given does not matter; all that is given must hold."""

    channel: Text | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="A channel's id, @handle or address, or its whole title. A handle that is not "
        "known yet is looked up at YouTube",
    )
    uploaded_from: date | None = Field(default=None, description=_DAY)
    uploaded_to: date | None = Field(default=None, description=_DAY)
    duration_min: int | None = Field(default=None, ge=0, le=2**31, description="Seconds; included")
    duration_max: int | None = Field(default=None, ge=0, le=2**31, description="Seconds; included")
    has_captions: bool | None = None


class VideoSort(StrEnum):
    """What a list of videos is ordered by."""

    STORED_AT = "stored_at"
    UPLOAD_DATE = "upload_date"
    TITLE = "title"
    DURATION = "duration"
    SIZE = "size"
    CHANNEL = "channel"


class SortOrder(StrEnum):
    """The direction of a list."""

    ASCENDING = "asc"
    DESCENDING = "desc"


class VideoQuery(VideoFilter):
    """Which page of the stored videos, in which order."""

    sort: VideoSort = VideoSort.STORED_AT
    order: SortOrder = SortOrder.DESCENDING
    incomplete: bool = Field(
        default=False, description="Only those that lack captions or thumbnail YouTube did not give"
    )
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = Field(default=None, max_length=2000)


class StoredVideo(Model):
    """A video whose media is stored."""

    video_id: str
    title: str
    channel_id: str
    channel_title: str
    upload_date: UtcDatetime | None = None
    duration: int | None = Field(default=None, description="Seconds")
    quality: str | None = None
    size_bytes: int = Field(description="All files of the video")
    has_captions: bool
    stored_at: UtcDatetime
    video_path: str = Field(description="Absolute")
    missing: SideFiles = Field(
        default=[], description="What YouTube did not give; the next download asks for it again"
    )


class SearchQuery(VideoFilter):
    """What to look for.

    All words must occur in a video's title, description or captions. `"several words"` in quotes
    occur as they stand; `word*` is the beginning of a word; `-word` must not occur. Case and
    accents do not matter. Nothing in a query is an error: what has no meaning is left out.
    """

    query: Text = Field(max_length=500)
    limit: int = Field(default=20, ge=1, le=100, description="Videos on a page")
    lines: int = Field(default=3, ge=1, le=20, description="Lines of captions told for each video")
    cursor: str | None = Field(default=None, max_length=200)


class HitField(StrEnum):
    """Where something was found."""

    TITLE = "title"
    DESCRIPTION = "description"
    CAPTION = "caption"


class Hit(Model):
    """A line in which something was found."""

    field: HitField
    text: str = Field(description="The line; a long one is cut around the match, with `…`")
    matches: list[tuple[int, int]] = Field(
        description="Where the words are in `text`: begin and end, in characters"
    )
    snippet: str = Field(
        description="`text` as HTML: `&`, `<` and `>` escaped, each match in `<mark>…</mark>`"
    )
    url: str = Field(description="The video at YouTube; for a caption, at its second")
    language: str | None = Field(default=None, description="Of a caption")
    seconds: int | None = Field(default=None, description="When a caption begins")
    caption_path: str | None = Field(default=None, description="The captions' file, absolute")


class FoundVideo(Model):
    """A video in which something was found."""

    video_id: str
    title: str
    channel_id: str
    channel_title: str
    upload_date: UtcDatetime | None = None
    duration: int | None = Field(default=None, description="Seconds")
    url: str
    video_path: str | None = Field(
        default=None, description="The media file, absolute; null if only metadata is stored"
    )
    hits: list[Hit] = Field(description="Title, description, then captions by their time")
    hit_count: int = Field(description="Lines with a match in all, also those that are not told")


class SearchResults(Page[FoundVideo]):
    """A page of videos: those with the words in their title first, then the newest uploads."""

    total: int = Field(description="Videos found in all; beyond 1000 they are not counted")
    is_total_exact: bool = Field(description="False: there are more than `total`")
    pending: int = Field(description="Stored videos that the index does not have yet")
    remark: str | None = Field(default=None, description="Why nothing can be found, if so")
