"""The files of stored videos, and of videos that are being stored."""

from dataclasses import dataclass, field

from ytarchive.common.archived_files import Role
from ytarchive.common.media_requests import request_hint
from ytarchive.common.profile import ArchiveProfile
from ytarchive.storage.bins.models import TrashItem
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.manifest import Facts


@dataclass(frozen=True)
class FileSet:
    """A video's files, all in one folder; the first with the role `media` is the video itself."""

    video_id: str
    folder: str
    """Its key."""
    files: list[StoredFile]
    facts: Facts
    adds: int | None = None
    """The number of files, the first ones, that are added next to media that is already stored;
    None for files that include the media."""

    @property
    def media(self) -> StoredFile:
        """Return the video itself."""
        return next(file for file in self.files if file.role is Role.MEDIA)


@dataclass(frozen=True)
class Move:
    """A prepared move of a video from staging to `files.folder`."""

    staged: str
    """The key of the folder that has the files: in staging, or in a bin."""
    files: FileSet
    displaced: list[TrashItem] = field(default_factory=list)
    """Files to move from the folder to the trash or the quarantine."""


@dataclass(frozen=True)
class Registered:
    """A stored video."""

    media: str
    """Its key."""
    is_complete: bool
    is_damaged: bool = False
    """Whether the last verification found its media damaged."""
    quality: str | None = None
    profile: ArchiveProfile | None = None
    """What was requested; None if unknown."""

    def hint_for(self, wanted: ArchiveProfile) -> str:
        """Return how to fetch what a profile requests of the media; empty if nothing differs."""
        return request_hint(wanted, self.profile, self.quality, self.media)


@dataclass(frozen=True)
class NotToFetch:
    """Videos that lists do not fetch, because of their marks."""

    removed: set[str]
    known_elsewhere: dict[str, str]
    """With the place outside the archive."""
