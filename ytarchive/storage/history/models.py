"""Models of the history of a video."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from ytarchive.common.models import Model, UtcDatetime


class HistoryKind(StrEnum):
    """The kind of a history entry."""

    METADATA = "metadata"
    """An older version of `metadata/videos/<id>.json`."""
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
        description="When this version was fetched or found; for side files, when it was replaced"
    )
    source: str | None = Field(
        default=None,
        description='"data_api", "yt-dlp", "youtube", "listing"; null if it is not known',
    )
    data: dict[str, Any] = Field(
        description="The version: metadata, evidence, or a side file's `name`, `size_bytes`, "
        "`sha256` and its content as `text` or `base64`"
    )
