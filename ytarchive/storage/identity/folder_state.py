"""Determines which archive a folder holds: by identity file, library and the user's record.

| identity file | recorded id | folder | result |
|---|---|---|---|
| present | none or the same | any | opened |
| present | another one | any | WrongArchive |
| missing | any | any | ArchiveMissing |
| missing | none | a registered file, or a stored video | opened, and given an identity |
| missing | none | none of the registered files | ArchiveMissing |
| missing | none | missing or empty | created by commands that may create, else NotAnArchive |
| missing | none | other content | NotAnArchive |

The recorded ids are those in the library and, for this path, in `archives.json`.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ytarchive.common import errors
from ytarchive.common.config import StorageConfig
from ytarchive.common.disk import os_errors
from ytarchive.common.identity import IDENTITY_FILE, ArchiveIdentity, read_identity, unreachable
from ytarchive.common.known_archives import KnownArchive, KnownArchives
from ytarchive.storage.identity.state import RecordedState
from ytarchive.storage.library.discovery import has_documents
from ytarchive.storage.store.layout import CHECKSUMS, Layout

_OF_THE_SYSTEM = frozenset(
    {"lost+found", ".DS_Store", ".Spotlight-V100", ".fseventsd", ".Trashes", "@eaDir", "Thumbs.db"}
    | {"System Volume Information", "$RECYCLE.BIN", "desktop.ini", ".directory"}
)
"""Files of an empty disk; a folder with no other files counts as empty."""


class Access(StrEnum):
    """How a process uses an archive."""

    READ = "read"
    """Nothing is written: no lock, no recovery, no identity."""
    WRITE = "write"
    CREATE = "create"
    """Like WRITE; in addition, a missing or empty folder becomes an archive."""


@dataclass(frozen=True)
class FolderState:
    """All that is known about a folder that is to be used as an archive."""

    layout: Layout
    named: Path
    """The folder as configured; differs from `layout.base` if part of the path is a link."""
    identity: ArchiveIdentity | None
    records: list[KnownArchive]
    recorded: RecordedState
    damage: errors.NotAnArchive | None = None
    """Why the identity file cannot be used; the identity is None then."""

    @property
    def base(self) -> Path:
        """Return the archive's folder."""
        return self.layout.base

    @property
    def paths(self) -> list[Path]:
        """Return the paths under which the folder is recorded."""
        return list(dict.fromkeys([self.base, self.named]))

    def needs_identity(self) -> bool:
        """Return whether this is an archive of an early version that has no identity yet.

        Raises ArchiveMissing, WrongArchive or NotAnArchive if it is not the expected archive.
        """
        if self.identity is not None:
            self._require_same(self.identity)
            return False
        self._require_unknown()
        if self.recorded.is_used and not self.recorded.is_found_in(self.base):
            raise errors.ArchiveMissing(self._lost(), path=str(self.base))
        return self.recorded.is_used or has_stored_video(self.layout)

    def require_empty(self) -> None:
        """Raise NotAnArchive unless the folder is missing or empty."""
        if not is_empty(self.base):
            message = f"{self.base} is not empty, and is not an archive of ytarchive"
            raise errors.NotAnArchive(message, path=str(self.base))

    def require_no_queue(self) -> None:
        """Raise ArchiveMissing if the folder is empty but the state folder has a queue."""
        if self.recorded.has_queue and is_empty(self.base):
            message = f"{self.layout.state} has the queue of an archive, and {self.base} is empty"
            raise errors.ArchiveMissing(message, path=str(self.base))

    def _require_same(self, identity: ArchiveIdentity) -> None:
        for record in self.records:
            if record.id != identity.id:
                message = f"{record.path} holds the archive {identity.id}, not {record.id}"
                raise errors.WrongArchive(
                    f"{message}, which was opened there before", path=str(self.base)
                )
        if self.recorded.archive_id not in {None, identity.id}:
            message = f"{self.base} holds the archive {identity.id}, and the state in"
            message = f"{message} {self.layout.state} belongs to {self.recorded.archive_id}"
            raise errors.WrongArchive(message, path=str(self.base))

    def _require_unknown(self) -> None:
        if self.records:
            known = self.records[0]
            message = f"{known.path} does not exist"
            if self.base.is_dir():
                empty = is_empty(self.base)
                message = f"{known.path} {'is empty' if empty else f'has no {IDENTITY_FILE}'}"
            message = f"{message}; the archive {known.id} was there on {known.recorded_at[:10]}"
            raise errors.ArchiveMissing(message + self._found_here(), path=str(self.base))
        if self.recorded.archive_id is not None:
            message = f"{self.base} has no {IDENTITY_FILE}, and the state in {self.layout.state}"
            message = f"{message} belongs to the archive {self.recorded.archive_id}"
            raise errors.ArchiveMissing(message + self._found_here(), path=str(self.base))

    def _found_here(self) -> str:
        """Return what to do if the folder has the archive's files, and lacks only the identity."""
        is_here = self.recorded.is_found_in(self.base)
        return (
            f". Its files are here: `ytarchive init` writes {IDENTITY_FILE} again"
            if is_here
            else ""
        )

    def _lost(self) -> str:
        """Return the message for a library without identity whose files are missing."""
        library = f"{self.layout.database} has {self.recorded.videos} videos"
        return f"{library}, and none of their files is in {self.base}"


def examine(config: StorageConfig, known: KnownArchives) -> FolderState:
    """Examine a folder without changing it.

    Raises InvalidConfiguration if the path of the archive or its state leads to a file, or
    ArchiveMissing if the folder cannot be read.
    """
    layout = Layout.of(config)
    named = Path(os.path.abspath(config.base_path))  # noqa: PTH100  # `absolute` keeps `..`
    try:
        _require_folder("base_path", layout.base)
    except OSError as error:
        raise unreachable(layout.base, error) from None
    with suppress(OSError):  # opening the databases reports it
        _require_folder("state_dir", layout.state)
    identity, damage = _identity(layout.base)
    records = known.recorded(dict.fromkeys([layout.base, named]))
    return FolderState(layout, named, identity, records, RecordedState(layout), damage)


def _require_folder(setting: str, path: Path) -> None:
    found = next(each for each in (path, *path.parents) if each.exists())
    if not found.is_dir():
        raise errors.InvalidConfiguration(f"storage.{setting}: {found} is not a folder")


def _identity(base: Path) -> tuple[ArchiveIdentity | None, errors.NotAnArchive | None]:
    try:
        return read_identity(base), None
    except errors.NotAnArchive as error:
        return None, error


def is_empty(folder: Path) -> bool:
    """Return whether a folder is missing, or has only files of an empty disk."""
    with os_errors(folder):
        if not folder.is_dir():
            return True
        names = {path.name for path in folder.iterdir()}
    return not any(_is_content(name) for name in names)


def _is_content(name: str) -> bool:
    if name.startswith((IDENTITY_FILE, ".Trash-", "._")):  # left by an interrupted creation
        return False
    return name not in _OF_THE_SYSTEM


def lost_library(config: StorageConfig) -> str | None:
    """Return what a reading command cannot know without `library.db`; None if it is there. Blocks.

    The database may be on a disk of its own, which is not mounted.
    """
    layout = Layout.of(config)
    with os_errors(layout.database):
        is_there = layout.database.exists() and layout.database.stat().st_size > 0
        if is_there or not has_stored_video(layout):
            return None
    unknown = f"{layout.database} is missing or empty: this command knows none of the stored videos"
    return f"{unknown}. Mount the disk of `storage.state_dir`, or run `ytarchive rebuild`"


def has_stored_video(layout: Layout) -> bool:
    """Return whether the folder has a stored video or metadata, without using the library."""
    with os_errors(layout.base):
        folders = layout.videos.iterdir() if layout.videos.is_dir() else iter(())
        if any((path / CHECKSUMS).is_file() for path in folders):
            return True
        return has_documents(layout)
