"""Models of the marks of videos."""

from pydantic import Field

from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Model


class VideoMarks(Model):
    """The marks that users set on a video."""

    keep: bool = Field(default=False, description="No rule may remove it")
    removed: bool = Field(default=False, description="It was removed, and is not fetched again")
    known_elsewhere: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="Where it is stored outside of the archive, so that it is not fetched",
    )
    episode: int | None = Field(
        default=None, ge=0, le=2**31 - 1, description="Its number among its channel's episodes"
    )


class MarkedVideo(VideoMarks):
    """A video with its marks, as stored in `metadata/marks/<id>.json`."""

    video_id: VideoId


class MarksQuery(Model):
    """Selects the marked videos to list."""

    keep: bool | None = None
    removed: bool | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{11}$",
        description="`next_cursor` of the page before",
    )
