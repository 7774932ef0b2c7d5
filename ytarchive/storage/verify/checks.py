"""Checks stored files against the library: presence, size, SHA-256."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ytarchive.common.errors import LocalError
from ytarchive.common.file_names import file_name
from ytarchive.storage.store.known_files import is_known_foreign
from ytarchive.storage.store.media_store import FileKind, FileState, MediaStore
from ytarchive.storage.verify.models import FindingKind


@dataclass(frozen=True)
class RegisteredFile:
    """A file as registered; `path` is relative to the archive, as stored in databases."""

    video_id: str
    path: str
    role: str
    size_bytes: int
    sha256: bytes


@dataclass(frozen=True)
class FileProblem:
    """A problem of one file."""

    video_id: str
    path: str
    kind: FindingKind
    detail: str


@dataclass
class Checked:
    """The problems that a check found, and how much it read."""

    problems: list[FileProblem] = field(default_factory=list)
    files: int = 0
    """Files that exist: read if their size was right and the mode reads content."""
    bytes: int = 0
    """Bytes of content read."""


@dataclass(frozen=True)
class Checker:
    """Compares files with their registration in the library."""

    store: MediaStore
    reads_content: bool
    stop: threading.Event
    accepted: set[str] = field(default_factory=set)
    """Foreign files that are not reported."""

    async def check(self, registered: Sequence[RegisteredFile]) -> Checked:
        """Check the files of some videos, and find foreign files in their folders.

        Raises Cancelled if `stop` is set during the check.
        """
        checked = await self._check_all(registered)
        checked.problems += await self.foreign(registered)
        return checked

    async def check_files(self, registered: Sequence[RegisteredFile]) -> list[FileProblem]:
        """Return the problems of some files. Raises Cancelled if `stop` is set during the check."""
        return (await self._check_all(registered)).problems

    async def _check_all(self, registered: Sequence[RegisteredFile]) -> Checked:
        states = await self.store.stat((file.path for file in registered), stop=self.stop)
        if self.reads_content:
            same_size = [
                each.path for each in registered if states[each.path].size == each.size_bytes
            ]
            states |= await self.store.stat(same_size, hashed=True, stop=self.stop)
        checked = Checked()
        for file in registered:
            state = states[file.path]
            checked.files += state.size is not None
            checked.bytes += (state.size or 0) if state.sha256 is not None else 0
            wrong = _compared(state, file)
            if wrong is not None:
                checked.problems.append(FileProblem(file.video_id, file.path, *wrong))
        return checked

    async def foreign(self, registered: Sequence[RegisteredFile]) -> list[FileProblem]:
        """Return foreign files in the folders of some videos. `registered`: all of their files."""
        known = {file.path for file in registered}
        folders = {
            folder: file.video_id
            for file in registered
            if (folder := video_folder(file.path, file.video_id))
        }
        found: list[FileProblem] = []
        async for path in self.store.iterate(*folders, lenient=True):
            if path not in known:
                parents = map(str, PurePosixPath(path).parents)
                folder = next(parent for parent in parents if parent in folders)
                if self.reports(path, folder):
                    found.append(foreign(folders[folder], path))
        return found

    def reports(self, path: str, folder: str) -> bool:
        """Return whether a foreign file below `folder` is reported as a finding."""
        inside = file_name(path.removeprefix(f"{folder}/"))
        return path not in self.accepted and not is_known_foreign(inside)


def _compared(state: FileState, file: RegisteredFile) -> tuple[FindingKind, str] | None:
    if state.error is not None:
        return FindingKind.UNREADABLE, _reason(state.error)
    if state.kind is FileKind.MISSING:
        return FindingKind.MISSING, "there is no such file"
    if state.size is None:
        return FindingKind.DAMAGED, "it is no longer a regular file"
    if state.size != file.size_bytes:
        kind = FindingKind.TRUNCATED if state.size < file.size_bytes else FindingKind.DAMAGED
        return kind, f"{state.size} bytes instead of {file.size_bytes}"
    if state.sha256 not in {None, file.sha256.hex()}:
        return FindingKind.DAMAGED, "its content has changed: the SHA-256 is another one"
    return None


def _reason(error: LocalError) -> str:
    cause = error.__cause__
    return (cause.strerror if isinstance(cause, OSError) else None) or error.message


def foreign(video_id: str, path: str) -> FileProblem:
    """Return the problem of a file that was never stored."""
    return FileProblem(video_id, path, FindingKind.FOREIGN, "it was never stored")


def video_folder(path: str, video_id: str) -> str | None:
    """Return the folder of the file's video; None for a video registered in place."""
    for parent in PurePosixPath(path).parents:
        if parent.name == video_id:
            return parent.as_posix()
    return None
