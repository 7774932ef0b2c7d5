"""Models of the question which videos are stored."""

from pydantic import Field

from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Model
from ytarchive.common.profile import ArchiveProfile


class ExistsRequest(Model):
    """The videos to look up."""

    video_ids: list[VideoId] = Field(max_length=10_000)
    profile: ArchiveProfile | None = Field(
        default=None,
        description="The requested profile; null: only media. A video without requested side "
        "files is incomplete if they were not requested before or their next request is due",
    )
    recheck_captions: bool = Field(
        default=False, description="Whether a next request for absent captions is always due"
    )


class StoredVideos(Model):
    """The requested videos that are stored."""

    video_ids: list[str]
    incomplete: list[str] = Field(
        default=[],
        description="Those of them with files that YouTube refused, or with captions whose next "
        "request is due",
    )
    to_form: list[str] = Field(
        default=[], description="Those of them whose media the profile requests in another form"
    )
    below_quality: list[str] = Field(
        default=[],
        description="Those of them that may exist in a better quality than the stored one",
    )
    hints: dict[str, str] = Field(
        default={},
        description="Those of them whose media is not as the profile requests, with what differs "
        "and how to fetch it, as `stored at 360p; use --upgrade to fetch 720p`",
    )
    damaged: list[str] = Field(
        default=[], description="Those of them whose media the last verification found damaged"
    )
    without_metadata: list[str] = Field(
        default=[], description="Those of them without stored metadata"
    )
    unreachable: list[str] = Field(
        default=[],
        description="Registered videos whose files cannot be read at present, as on a stale "
        "share: whether they are stored is not known",
    )
    removed: list[str] = Field(
        default=[],
        description="Requested videos that were removed from the archive: lists do not fetch them",
    )
    known_elsewhere: dict[str, str] = Field(
        default={},
        description="Requested videos that are stored outside the archive, with the place: lists "
        "do not fetch them",
    )
