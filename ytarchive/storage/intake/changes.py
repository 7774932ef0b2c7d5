"""The files of a video before and after a download is stored."""

from dataclasses import dataclass

from ytarchive.storage.bins.models import TrashedFile, TrashItem
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.store_folder import StoreFolder


@dataclass(frozen=True)
class PresentFile:
    """A file that is in the folder now."""

    name: str
    size_bytes: int
    sha256: str | None
    """None if it cannot be read; empty if it is not a regular file."""
    expected: str | None
    """The registered digest, if known."""

    @property
    def is_damaged(self) -> bool:
        """Return whether the content differs from the registered digest or cannot be read."""
        return not self.sha256 or self.expected not in {None, self.sha256}

    @property
    def is_lost(self) -> bool:
        """Return whether the content was read and differs from the registered digest."""
        return self.is_damaged and self.sha256 is not None

    def trashed(self, folder: str) -> TrashedFile:
        """Return the file as a bin records it. `folder`: the prefix of its folder."""
        digest = self.expected or self.sha256
        return TrashedFile(path=f"{folder}/{self.name}", size_bytes=self.size_bytes, sha256=digest)


@dataclass(frozen=True)
class StoredCopy:
    """A stored video, as the library knows it, in the target folder of a download."""

    video_id: str
    folder: StoreFolder
    known: list[StoredFile]
    quality: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """The future files of the folder, new ones first, and the files that are moved out of it."""

    files: list[StoredFile]
    displaced: list[TrashItem]
    new: int
    """The number of new files."""
