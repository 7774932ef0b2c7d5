"""Files of archived videos, with their types: what a worker fetched and what a manifest lists."""

from enum import StrEnum

from pydantic import Field

from ytarchive.common.languages import canonical
from ytarchive.common.models import Model, Text, UtcDatetime
from ytarchive.common.side_files import SINGLE, captions_in

TRANSFER = "transfer.json"
"""The name of the file in a staging folder that lists the fetched files (`Transferred`)."""


class Role(StrEnum):
    """The purpose of a stored file."""

    MEDIA = "media"
    INFO = "info"
    THUMBNAIL = "thumbnail"
    CAPTIONS = "captions"
    DESCRIPTION = "description"
    COMMENTS = "comments"
    LIVE_CHAT = "live_chat"
    MANIFEST = "manifest"
    CHECKSUMS = "checksums"
    METADATA = "metadata"
    OTHER = "other"


class ArchivedFile(Model):
    """A file of a video, with its type."""

    name: str = Field(description="Relative to the video's folder")
    role: Role
    language: str | None = Field(default=None, description="Of captions, by BCP 47")
    source_language: str | None = Field(
        default=None, description="Of captions, YouTube's own code; null if it is not known"
    )
    automatic: bool = Field(default=False, description="Whether YouTube generated the captions")
    format: str = Field(description="As `mp4`, `vtt`, `jpg`")

    @property
    def side_file(self) -> str | None:
        """Return the name among `SideFiles`; None if it is not a side file."""
        if self.role is Role.CAPTIONS:
            return captions_in(self.language or "", self.format)
        return self.role.value if self.role in SINGLE else None


def captions_file(video_id: str, code: str, format_: str, *, automatic: bool) -> ArchivedFile:
    """Return the file of captions. `code`: YouTube's own code of their language."""
    language = canonical(code)
    name = f"captions/{video_id}.{language}{'.auto' * automatic}.{format_}"
    return ArchivedFile(
        name=name,
        role=Role.CAPTIONS,
        language=language,
        source_language=code,
        automatic=automatic,
        format=format_,
    )


class Transferred(Model):
    """What a worker fetched into a staging folder."""

    source_url: str
    fetched_at: UtcDatetime
    format_ids: str | None = Field(
        default=None, description="YouTube's format ids, such as `137+140`; null without media"
    )
    yt_dlp_version: Text
    files: list[ArchivedFile]
