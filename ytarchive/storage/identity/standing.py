"""Which archive a folder holds, by its identity file, the library and the user's record.

| identity file | recorded id | folder | result |
|---|---|---|---|
| there | none or the same | any | opened |
| there | another one | any | WrongArchive |
| missing | any | any | ArchiveMissing |
| missing | none | a registered file, or a stored video | opened, and gets its identity |
| missing | none | none of the registered files | ArchiveMissing |
| missing | none | missing or empty | created by commands that may create, else NotAnArchive |
| missing | none | other content | NotAnArchive |

The recorded ids are those of the library and of `archives.json` for this path.
"""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ytarchive.common.config import StorageConfig
from ytarchive.common.disk import os_errors
from ytarchive.common.errors import (
    ArchiveMissing,
    InvalidConfiguration,
    NotAnArchive,
    WrongArchive,
)
from ytarchive.common.identity import IDENTITY_FILE, ArchiveIdentity, read_identity, unreachable
from ytarchive.common.known_archives import KnownArchive, KnownArchives
from ytarchive.storage.identity.state import RecordedState
from ytarchive.storage.library.discovery import documents
from ytarchive.storage.store.layout import CHECKSUMS, Layout

_OF_THE_SYSTEM = frozenset(
    {"lost+found", ".DS_Store", ".Spotlight-V100", ".fseventsd", ".Trashes", "@eaDir", "Thumbs.db"}
    | {"System Volume Information", "$RECYCLE.BIN", "desktop.ini", ".directory"}
)
"""What an empty disk has; a folder with nothing else is empty."""


class Access(StrEnum):
    """What a process does with an archive."""

    READ = "read"
    """Nothing is written: no lock, no recovery, no identity."""
    WRITE = "write"
    CREATE = "create"
    """As WRITE; a missing or empty folder becomes an archive."""


@dataclass(frozen=True)
class Standing:
    """Everything that is known of a folder that is to be used as an archive."""

    layout: Layout
    named: Path
    """The folder as the settings name it; differs from `layout.base` if a part is a link."""
    identity: ArchiveIdentity | None
    records: list[KnownArchive]
    state: RecordedState
    damage: NotAnArchive | None = None
    """Why the identity file cannot be used; the identity is None then."""

    @property
    def base(self) -> Path:
        """The archive's folder."""
        return self.layout.base

    @property
    def paths(self) -> list[Path]:
        """The names under which the folder is recorded."""
        return list(dict.fromkeys([self.base, self.named]))

    def needs_identity(self) -> bool:
        """Return whether this is an archive of the first stage that is to get its identity.

        Raises ArchiveMissing, WrongArchive or NotAnArchive if it is not the archive that is meant.
        """
        if self.identity is not None:
            self._require_same(self.identity)
            return False
        self._require_unknown()
        if self.state.is_used and not self.state.is_found_in(self.base):
            raise ArchiveMissing(self._lost(), path=str(self.base))
        return self.state.is_used or has_stored_video(self.layout)

    def require_empty(self) -> None:
        """Raise NotAnArchive unless the folder is missing or empty."""
        if not is_empty(self.base):
            message = f"{self.base} is not empty, and is not an archive of ytarchive"
            raise NotAnArchive(message, path=str(self.base))

    def require_no_queue(self) -> None:
        """Raise ArchiveMissing if the folder is empty, and the state elsewhere is not."""
        if self.state.has_queue and is_empty(self.base):
            message = f"{self.layout.state} has the queue of an archive, and {self.base} is empty"
            raise ArchiveMissing(message, path=str(self.base))

    def _require_same(self, identity: ArchiveIdentity) -> None:
        for record in self.records:
            if record.id != identity.id:
                message = f"{record.path} holds the archive {identity.id}, not {record.id}"
                raise WrongArchive(f"{message}, which was opened there before", path=str(self.base))
        if self.state.archive_id not in {None, identity.id}:
            message = f"{self.base} holds the archive {identity.id}, and the state in"
            message = f"{message} {self.layout.state} belongs to {self.state.archive_id}"
            raise WrongArchive(message, path=str(self.base))

    def _require_unknown(self) -> None:
        if self.records:
            known = self.records[0]
            message = f"{known.path} does not exist"
            if self.base.is_dir():
                empty = is_empty(self.base)
                message = f"{known.path} {'is empty' if empty else f'has no {IDENTITY_FILE}'}"
            since = f"the archive {known.id} was there on {known.recorded_at[:10]}"
            raise ArchiveMissing(f"{message}; {since}", path=str(self.base))
        if self.state.archive_id is not None:
            message = f"{self.base} has no {IDENTITY_FILE}, and the state in {self.layout.state}"
            message = f"{message} belongs to the archive {self.state.archive_id}"
            raise ArchiveMissing(message, path=str(self.base))

    def _lost(self) -> str:
        """Return that a library of the first stage has lost its files."""
        library = f"{self.layout.database} has {self.state.videos} videos"
        return f"{library}, and none of their files is in {self.base}"


def examine(config: StorageConfig, known: KnownArchives) -> Standing:
    """Look at a folder without changing anything.

    Raises InvalidConfiguration for a file in its place, or ArchiveMissing for a folder that cannot
    be read.
    """
    layout = Layout.of(config)
    named = Path(os.path.abspath(config.base_path))  # noqa: PTH100  # `absolute` keeps `..`
    try:
        if layout.base.exists() and not layout.base.is_dir():
            raise InvalidConfiguration(f"storage.base_path: {layout.base} is not a folder")
    except OSError as error:
        raise unreachable(layout.base, error) from None
    identity, damage = _identity(layout.base)
    records = known.recorded(dict.fromkeys([layout.base, named]))
    return Standing(layout, named, identity, records, RecordedState(layout), damage)


def _identity(base: Path) -> tuple[ArchiveIdentity | None, NotAnArchive | None]:
    try:
        return read_identity(base), None
    except NotAnArchive as error:
        return None, error


def is_empty(folder: Path) -> bool:
    """Return whether a folder is missing, or has nothing but what an empty disk has."""
    with os_errors(folder):
        if not folder.is_dir():
            return True
        names = {path.name for path in folder.iterdir()}
    return not any(_is_content(name) for name in names)


def _is_content(name: str) -> bool:
    if name.startswith((IDENTITY_FILE, ".Trash-", "._")):  # ours: a creation that was cut short
        return False
    return name not in _OF_THE_SYSTEM


def has_stored_video(layout: Layout) -> bool:
    """Return whether the folder has a stored video or metadata that no library knows."""
    with os_errors(layout.base):
        folders = layout.videos.iterdir() if layout.videos.is_dir() else iter(())
        if any((path / CHECKSUMS).is_file() for path in folders):
            return True
        return any(True for folder in layout.described for _ in documents(folder))
