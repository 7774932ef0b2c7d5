"""Models of the removal of videos."""

from pydantic import Field

from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import ErrorDetail, Model, UtcDatetime


class RemoveVideos(Model):
    """The videos to remove."""

    video_ids: list[VideoId] = Field(min_length=1, max_length=100)
    keep_metadata: bool = Field(
        default=False, description="Leave `metadata/videos/<id>.json` in its place"
    )
    detail: str = Field(default="", max_length=500, description="Why, recorded in the trash")
    stored_at: UtcDatetime | None = Field(
        default=None, description="Remove nothing if the media was stored at another time"
    )


class RemovedVideo(Model):
    """The removal of one video."""

    video_id: VideoId
    items: list[str] = Field(
        default=[], description="Items of the trash that hold its files; empty if it has none left"
    )
    files: int = 0
    size_bytes: int = 0
    error: ErrorDetail | None = Field(default=None, description="Why it is not removed")


class Removed(Model):
    """The removals, in the order of the request."""

    videos: list[RemovedVideo]
