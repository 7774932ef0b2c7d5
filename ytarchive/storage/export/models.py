"""Models of the export."""

from enum import StrEnum

from pydantic import Field

from ytarchive.common.archived_files import Role
from ytarchive.common.identifiers import PlaylistId
from ytarchive.common.models import Model, Text, UtcDatetime
from ytarchive.common.side_files import SideFiles
from ytarchive.storage.library.models import ListedVideo


class ExportFormat(StrEnum):
    """The format of an export."""

    DOWNLOAD_ARCHIVE = "download-archive"
    """yt-dlp's list of ids for `--download-archive`."""
    CSV = "csv"
    JSON = "json"
    BAGIT = "bagit"
    """A bag with the files, as a tar file."""


class ExportQuery(Model):
    """Selects videos whose media is stored, and the format."""

    format: ExportFormat
    channel: Text | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Only videos of a channel: its id, @handle, URL or title",
    )
    playlist: PlaylistId | None = Field(
        default=None,
        description="Only videos of a stored playlist, in the order of the playlist",
    )


class ExportedFile(Model):
    """A file of an exported video."""

    path: str = Field(description="Relative to the archive")
    role: Role
    language: str | None = Field(default=None, description="Of captions, by BCP 47")
    automatic: bool = Field(default=False, description="Whether YouTube generated the captions")
    format: str = Field(description="As `mp4`, `vtt`, `jpg`")
    size_bytes: int
    sha256: str = Field(description="Hexadecimal")


class ExportedVideo(ListedVideo):
    """A video of an export as JSON."""

    url: str
    quality: str | None = None
    stored_at: UtcDatetime
    size_bytes: int = Field(description="All files of the video")
    media_path: str = Field(description="Relative to the archive")
    missing: SideFiles = Field(default=[], description="Side files that YouTube refused")
    files: list[ExportedFile] = Field(default=[], description="All files of the video")


class WrittenBag(Model):
    """A bag that was written to a folder."""

    path: str
    files: int = Field(description="Files of the payload")
    size_bytes: int = Field(description="Bytes of these files")
