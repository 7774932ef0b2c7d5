"""Models of the search."""

from enum import StrEnum

from pydantic import Field

from ytarchive.common.models import Model, Page, Text
from ytarchive.storage.library.models import ListedVideo, VideoFilter


class SearchQuery(VideoFilter):
    """A full-text query.

    All words must occur in a video's title, description or captions. `"several words"` must occur
    as a phrase; `word*` matches the beginning of a word; `-word` must not occur. Case and accents
    are ignored. No query is invalid: parts without a meaning are ignored.
    """

    query: Text = Field(max_length=500)
    limit: int = Field(default=20, ge=1, le=100, description="Videos per page")
    lines: int = Field(default=3, ge=1, le=20, description="Maximum caption lines for each video")
    cursor: str | None = Field(default=None, max_length=200)
    wait: float = Field(
        default=0, ge=0, le=60, description="Maximum seconds to wait for the index of new videos"
    )


class HitField(StrEnum):
    """The part of a video with a match."""

    TITLE = "title"
    DESCRIPTION = "description"
    CAPTION = "caption"


class Hit(Model):
    """A line with matches."""

    field: HitField
    text: str = Field(description="The line; a long line is shortened around the match, with `…`")
    matches: list[tuple[int, int]] = Field(
        description="Positions of the words in `text`: begin and end, in characters"
    )
    snippet: str = Field(
        description="`text` as HTML: `&`, `<` and `>` escaped, each match in `<mark>…</mark>`"
    )
    url: str = Field(description="The video at YouTube; for a caption, at its time")
    language: str | None = Field(default=None, description="Language of a caption")
    seconds: int | None = Field(default=None, description="Seconds at which a caption begins")
    caption_path: str | None = Field(default=None, description="The captions' file, absolute")


class FoundVideo(ListedVideo):
    """A video that matches a query."""

    url: str
    video_path: str | None = Field(
        default=None, description="The media file, absolute; null if only metadata is stored"
    )
    hits: list[Hit] = Field(description="Title, description, then captions by their time")
    hit_count: int = Field(description="All matching lines, including those not in `hits`")


class SearchResults(Page[FoundVideo]):
    """A page of videos: those with the words in their title first, then the newest uploads."""

    total: int = Field(description="Number of videos found, counted to 1000")
    is_total_exact: bool = Field(description="False: there are more than `total`")
    pending: int = Field(description="Stored videos that are not in the index yet")
    remark: str | None = Field(
        default=None, description="Why nothing can be found; null if the query is searchable"
    )
