"""Models of the trash and of the quarantine."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Model, UtcDatetime
from ytarchive.common.side_files import SideFiles

ItemId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""The id of an item; it is also the name of the item's folder, so it never begins with a dot."""


class BinName(StrEnum):
    """Where files that were moved out of the video folders are kept."""

    TRASH = "trash"
    """Replaced and removed files; deleted after `storage.trash_days`."""
    QUARANTINE = "quarantine"
    """Damaged files; never deleted."""


class Reason(StrEnum):
    """Why files were moved to a bin."""

    REPLACED = "replaced"
    REMOVED = "removed"
    DAMAGED = "damaged"


class TrashedFile(Model):
    """A file of an item."""

    path: str = Field(description="Original path, relative to the archive", max_length=4096)
    size_bytes: int
    sha256: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="Digest when it was stored, in hexadecimal; null if it is not known",
    )


class TrashItem(Model):
    """Files of one folder that were moved to a bin together."""

    id: ItemId
    bin: BinName
    reason: Reason
    detail: str = Field(default="", description="In words, as `replaced by a 1080p file`")
    moved_at: UtcDatetime
    video_id: VideoId | None = None
    folder: str = Field(description="Folder of the files, relative to the archive")
    files: list[TrashedFile]
    quality: str | None = Field(default=None, description="Quality of the media, as `720p`")
    missing: SideFiles = Field(default=[], description="Side files that were missing")
    size_bytes: int = Field(default=0, description="Size of all files")
    deleted_at: UtcDatetime | None = Field(
        default=None, description="When the item will be deleted; null for never"
    )


class TrashQuery(Model):
    """Selects a page of the items, newest first."""

    video_id: VideoId | None = Field(default=None, description="Only files of this video")
    limit: int = Field(default=50, ge=1, le=500)
    cursor: ItemId | None = Field(default=None, description="`next_cursor` of the page before")


class RestoreItem(Model):
    """Options for restoring an item."""

    replace: bool = Field(
        default=False,
        description="Move existing files at the original paths to the trash; otherwise they are a"
        " conflict",
    )


class Restored(Model):
    """The files that were restored to their original paths and registered."""

    item_id: str
    video_id: str
    files: list[str] = Field(description="Paths, relative to the archive")
    damaged: list[str] = Field(
        default=[], description="Those of them whose checksum differs from the original one"
    )
    replaced: list[str] = Field(default=[], description="Items that hold the files they replaced")


class EmptyTrash(Model):
    """Selects the items to delete permanently from the trash."""

    older_than_days: float = Field(
        default=0, ge=0, le=36_500, description="Delete only items that are older than this"
    )
    item_ids: list[ItemId] | None = Field(
        default=None, max_length=1000, description="Delete only these items; null for all"
    )


class Emptied(Model):
    """Totals of the permanently deleted items."""

    items: int = 0
    files: int = 0
    size_bytes: int = 0
