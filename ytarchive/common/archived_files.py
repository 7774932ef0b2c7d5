"""Files of archived videos, with their types: what a worker fetched and what a manifest lists."""

from enum import StrEnum

from pydantic import Field

from ytarchive.common.models import Model, Text, UtcDatetime

TRANSFER = "transfer.json"
"""The name of the file in a staging folder that lists the fetched files (`Transferred`)."""


class Role(StrEnum):
    """The purpose of a stored file."""

    MEDIA = "media"
    INFO = "info"
    THUMBNAIL = "thumbnail"
    CAPTIONS = "captions"
    MANIFEST = "manifest"
    CHECKSUMS = "checksums"
    METADATA = "metadata"
    OTHER = "other"


class ArchivedFile(Model):
    """A file of a video, with its type."""

    name: str = Field(description="Relative to the video's folder")
    role: Role
    language: str | None = Field(default=None, description="Of captions, YouTube's own code")
    automatic: bool = Field(default=False, description="Whether YouTube made the captions")
    format: str = Field(description="As `mp4`, `vtt`, `jpg`")


class Transferred(Model):
    """What a worker fetched into a staging folder."""

    source_url: str
    fetched_at: UtcDatetime
    format_ids: str | None = Field(
        default=None, description="Of YouTube, as `137+140`; null without media"
    )
    yt_dlp_version: Text
    files: list[ArchivedFile]
