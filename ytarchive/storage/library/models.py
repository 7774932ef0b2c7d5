"""Models of the library: locations of videos, lists and totals."""

from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator

from ytarchive.common.identifiers import OpaqueId, VideoId
from ytarchive.common.media import PlaylistMetadata, VideoMetadata
from ytarchive.common.models import Model, Text, UtcDatetime, to_micros
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.requested_languages import CaptionLanguages
from ytarchive.common.side_files import SideFiles


class StorageLocation(Model):
    """Where a video is stored. Paths are absolute; null for files that are not stored."""

    video_id: str
    video_path: str | None = None
    metadata_path: str
    has_metadata: bool = Field(default=True, description="Whether the file exists")
    thumbnail_path: str | None = None
    captions_dir: str | None = None
    size_bytes: int = Field(default=0, description="All files of the video")
    stored_at: UtcDatetime
    quality: str | None = Field(
        default=None, description="The fetched quality, as `720p` or `audio`"
    )
    missing: SideFiles = Field(
        default=[],
        description="Side files that YouTube refused; the next download requests them again",
    )
    damaged: list[str] = Field(
        default=[], description="Damaged files, found by `verify`; relative to the archive"
    )
    captions: list[str] = Field(default=[], description="Languages of the stored captions")
    side_files: SideFiles = Field(default=[], description="The stored side files of the media")
    profile: ArchiveProfile | None = Field(
        default=None, description="The requested profile; null if it is not known"
    )
    due_captions: list[str] = Field(
        default=[], description="Languages that YouTube did not have and whose next request is due"
    )
    kept_reason: str | None = Field(
        default=None, description="Why a download did not replace the stored file; null if it did"
    )
    is_first: bool = Field(
        default=False, description="Whether this call stored the media of a video that had none"
    )

    @property
    def media_is_damaged(self) -> bool:
        """Return whether the last verification found the media damaged."""
        return any(f"{self.video_path}".endswith(f"/{each}") for each in self.damaged)


class SaveMetadata(Model):
    """A video's metadata to save; the metadata without the outer object is accepted too."""

    metadata: VideoMetadata

    @model_validator(mode="before")
    @classmethod
    def _wrapped(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if "metadata" in data:
            return {name: value for name, value in data.items() if name != "video_id"}
        return {"metadata": data}


class SavePlaylist(Model):
    """A playlist's metadata to save: complete, or in parts while it is being listed."""

    playlist: PlaylistMetadata
    draft: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="Builds a long list in several calls; position 0 begins a new one",
    )
    unfinished: bool = Field(
        default=False, description="More parts follow; the last call writes the file"
    )
    newest_only: bool = Field(
        default=False,
        description="The entries are newer than those of the stored file, which follow them",
    )


class SaveVideo(Model):
    """A finished video to store: a finished download, or a file already in the archive."""

    video_id: VideoId
    transfer_id: OpaqueId | None = Field(
        default=None, description="The task id of a download, whose files are moved from staging"
    )
    video_path: str | None = Field(
        default=None, description="A media file inside the archive, registered in place"
    )
    output_path: str | None = Field(
        default=None,
        description="Folder inside the archive that gets the video's folder; default "
        "`storage.videos_dir`",
    )
    quality: str | None = None
    profile: ArchiveProfile | None = Field(
        default=None, description="The requested profile; stored with the video"
    )
    only_missing: SideFiles = Field(
        default=[],
        description="The download has no media: it contains the present ones of these side files,"
        " which are added to the media",
    )
    missing: SideFiles = Field(
        default=[],
        description="Side files that YouTube has and refused; to be requested again later",
    )
    absent_captions: CaptionLanguages = Field(
        default=[],
        description="Requested languages that YouTube does not have at present",
    )
    replace: bool = Field(
        default=False,
        description="Accept a file that is worse than the stored one; audio never replaces a video",
    )
    unless_removed: bool = Field(
        default=False, description="Store nothing if the video has the mark `removed`"
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> "SaveVideo":
        if (self.transfer_id is None) == (self.video_path is None):
            raise ValueError("give either transfer_id or video_path")
        if self.only_missing and self.transfer_id is None:
            raise ValueError("only_missing needs transfer_id")
        return self


class VideoExists(Model):
    """Whether a video's media file is stored. Metadata can be stored without it."""

    video_id: str
    exists: bool
    location: StorageLocation | None = None


class StorageStats(Model):
    """Totals of the archive. They are kept as counters, so reading them is cheap at any size."""

    total_videos: int = Field(description="Videos whose media file is stored")
    incomplete_videos: int = Field(
        default=0, description="Those of them with captions or a thumbnail that YouTube refused"
    )
    total_metadata: int = Field(description="Videos whose metadata is stored")
    total_playlists: int
    total_files: int = Field(description="Files of stored videos, including lists of digests")
    total_size_bytes: int = Field(description="Bytes of these files")
    work_plans: int
    search_pending: int = Field(
        default=0, description="Videos with changes that the search index does not have yet"
    )
    base_path: str
    free_bytes: int = Field(description="Free space on the archive's file system")
    capacity_bytes: int
    min_free_bytes: int = Field(default=0, description="Space that downloads must leave free")
    is_low_on_space: bool = Field(
        default=False, description="Whether less than that is free, so that no download may start"
    )


_DAY = "Day in UTC, as `2026-01-31`; included"


class VideoFilter(Model):
    """Selects videos that match all given criteria; criteria that are not given are ignored."""

    channel: Text | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="A channel's id, @handle, address or title. An unknown handle is requested "
        "from YouTube",
    )
    uploaded_from: date | None = Field(default=None, description=_DAY)
    uploaded_to: date | None = Field(default=None, description=_DAY)
    duration_min: int | None = Field(default=None, ge=0, le=2**31, description="Seconds; included")
    duration_max: int | None = Field(default=None, ge=0, le=2**31, description="Seconds; included")
    has_captions: bool | None = None

    @property
    def upload_limits(self) -> tuple[int, int] | None:
        """Return the first and the last microsecond of the uploads; None for all videos."""
        first, last = self.uploaded_from, self.uploaded_to
        if first is None and last is None:
            return None
        begin = datetime.combine(first or date.min, time.min, UTC)
        return to_micros(begin), to_micros(datetime.combine(last or date.max, time.max, UTC))

    @property
    def duration_limits(self) -> tuple[int, int] | None:
        """Return the shortest and the longest duration in seconds; None for all videos."""
        shortest, longest = self.duration_min, self.duration_max
        if shortest is None and longest is None:
            return None
        return shortest or 0, 2**31 if longest is None else longest


class VideoSort(StrEnum):
    """The sort key of a list of videos."""

    STORED_AT = "stored_at"
    UPLOAD_DATE = "upload_date"
    TITLE = "title"
    DURATION = "duration"
    SIZE = "size"
    CHANNEL = "channel"


class SortOrder(StrEnum):
    """The sort direction of a list."""

    ASCENDING = "asc"
    DESCENDING = "desc"


class VideoQuery(VideoFilter):
    """Selects a page of the stored videos and its order."""

    sort: VideoSort = VideoSort.STORED_AT
    order: SortOrder = SortOrder.DESCENDING
    incomplete: bool = Field(
        default=False, description="Only those with captions or a thumbnail that YouTube refused"
    )
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = Field(default=None, max_length=2000)


class ListedVideo(Model):
    """The metadata of a video in a list."""

    video_id: str
    title: str
    channel_id: str
    channel_title: str
    upload_date: UtcDatetime | None = None
    duration: int | None = Field(default=None, description="Seconds")


class StoredVideo(ListedVideo):
    """A video whose media is stored."""

    quality: str | None = None
    size_bytes: int = Field(description="All files of the video")
    has_captions: bool
    stored_at: UtcDatetime
    video_path: str = Field(description="Absolute")
    missing: SideFiles = Field(
        default=[],
        description="Side files that YouTube refused; the next download requests them again",
    )
