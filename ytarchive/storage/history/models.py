"""Models of the history of a video."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from ytarchive.common.models import Model, Text, UtcDatetime


class HistoryKind(StrEnum):
    """The kind of a history entry."""

    METADATA = "metadata"
    """An older version of the metadata of a channel."""
    VERSION = "version"
    """A version of a video's metadata: the first one, or the changed fields of a later one."""
    COUNTS = "counts"
    """Numbers of views, likes and comments at a refresh."""
    INCOMPLETE = "incomplete"
    """An answer with less than was known, which changed nothing: the fields in `lacks`."""
    AVAILABILITY = "availability"
    """Evidence of whether the video is available on YouTube."""
    THUMBNAIL = "thumbnail"
    """A thumbnail that was replaced."""
    CAPTIONS = "captions"
    """Captions that were replaced."""


class HistoryEntry(Model):
    """One line of a video's history."""

    kind: HistoryKind
    time: UtcDatetime = Field(
        description="When this was observed; for side files, when they were replaced"
    )
    source: str | None = Field(
        default=None,
        description='"data_api", "yt-dlp", "youtube", "listing"; null if it is not known',
    )
    data: dict[str, Any] = Field(
        description="Fields of metadata, evidence, numbers, or a side file's `name`, `size_bytes`, "
        "`sha256` and its content as `text` or `base64`"
    )


class FieldChange(Model):
    """A changed field of a version."""

    field: str = Field(description="title, description, thumbnail_urls, available_captions, …")
    before: Any = None
    after: Any = None
    diff: str | None = Field(
        default=None, description="Of a description: the changed lines, as a unified diff"
    )


class VideoVersion(Model):
    """A version of a video's metadata."""

    observed_at: UtcDatetime
    source: str | None = Field(default=None, description='"data_api", "yt-dlp", …')
    title: Text
    changes: list[FieldChange] = Field(
        default=[], description="Against the version before; empty for the first one"
    )


class CountsAt(Model):
    """The numbers of a video at a time; null if YouTube did not report them."""

    observed_at: UtcDatetime
    views: int | None = None
    likes: int | None = None
    comments: int | None = None


class AvailabilityAt(Model):
    """What was found about the availability of a video at a time."""

    observed_at: UtcDatetime
    state: str = Field(description="available, suspected, unavailable")
    reason: str | None = Field(default=None, description="private, deleted, …")
    evidence: str | None = Field(default=None, description="Message of YouTube or yt-dlp")


class IncompleteAnswer(Model):
    """An answer with less than was known, which changed nothing."""

    observed_at: UtcDatetime
    source: str | None = None
    lacks: list[str] = Field(description="The known fields that it lacked")


class ReplacedFile(Model):
    """Captions or a thumbnail that were replaced."""

    observed_at: UtcDatetime
    kind: HistoryKind
    name: str
    size_bytes: int


class VideoHistory(Model):
    """What is known of a video over time, each list oldest first."""

    video_id: str
    versions: list[VideoVersion] = Field(description="The last one is the present metadata")
    counts: list[CountsAt]
    availability: list[AvailabilityAt]
    incomplete: list[IncompleteAnswer]
    files: list[ReplacedFile]
