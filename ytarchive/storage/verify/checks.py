"""Checks stored files against the library: presence, size, SHA-256.

Everything here blocks; callers run it in threads. Other threads can run during hashing.
"""

import hashlib
import stat
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ytarchive.common.errors import Cancelled
from ytarchive.common.file_names import file_name
from ytarchive.common.regular import open_regular
from ytarchive.storage.library.discovery import listed
from ytarchive.storage.store.known_files import is_known_foreign
from ytarchive.storage.verify.models import FindingKind

_CHUNK = 2**20


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

    base: Path
    reads_content: bool
    stop: threading.Event
    accepted: frozenset[str] = frozenset()
    """Foreign files that are not reported."""

    def check(self, registered: Sequence[RegisteredFile]) -> Checked:
        """Check the files of some videos, and find foreign files in their folders.

        Raises Cancelled if `stop` is set during the check.
        """
        checked = self._check_all(registered)
        checked.problems += self.foreign(registered)
        return checked

    def check_files(self, registered: Iterable[RegisteredFile]) -> list[FileProblem]:
        """Return the problems of some files. Raises Cancelled if `stop` is set during the check."""
        return self._check_all(registered).problems

    def _check_all(self, registered: Iterable[RegisteredFile]) -> Checked:
        checked = Checked()
        for file in registered:
            problem = self._check_file(file, checked)
            if problem is not None:
                checked.problems.append(problem)
        return checked

    def foreign(self, registered: Sequence[RegisteredFile]) -> list[FileProblem]:
        """Return foreign files in the folders of some videos. `registered`: all of their files."""
        known = {file.path for file in registered}
        folders = dict.fromkeys(
            (folder, file.video_id)
            for file in registered
            if (folder := video_folder(file.path, file.video_id))
        )
        return [
            foreign(video_id, path)
            for folder, video_id in folders
            for path in listed(self.base, folder)
            if path not in known and self.reports(path, folder)
        ]

    def reports(self, path: str, folder: str) -> bool:
        """Return whether a foreign file below `folder` is reported as a finding."""
        inside = file_name(path.removeprefix(f"{folder}/"))
        return path not in self.accepted and not is_known_foreign(inside)

    def _check_file(self, file: RegisteredFile, checked: Checked) -> FileProblem | None:
        try:
            wrong = self._compare(self.base / file_name(file.path), file, checked)
        except (FileNotFoundError, NotADirectoryError):
            wrong = (FindingKind.MISSING, "there is no such file")
        except OSError as error:
            wrong = (FindingKind.UNREADABLE, error.strerror or str(error))
        return FileProblem(file.video_id, file.path, *wrong) if wrong else None

    def _compare(
        self, path: Path, file: RegisteredFile, checked: Checked
    ) -> tuple[FindingKind, str] | None:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return FindingKind.DAMAGED, "it is no longer a regular file"
        same_size = status.st_size == file.size_bytes
        digest = self._digest(path, checked) if self.reads_content and same_size else None
        checked.files += 1
        if status.st_size != file.size_bytes:
            shorter = status.st_size < file.size_bytes
            kind = FindingKind.TRUNCATED if shorter else FindingKind.DAMAGED
            return kind, f"{status.st_size} bytes instead of {file.size_bytes}"
        if digest is not None and digest != file.sha256:
            return FindingKind.DAMAGED, "its content has changed: the SHA-256 is another one"
        return None

    def _digest(self, path: Path, checked: Checked) -> bytes:
        digest, buffer = hashlib.sha256(), bytearray(_CHUNK)
        view = memoryview(buffer)
        with open_regular(path) as file:
            while count := file.readinto(buffer):
                digest.update(view[:count])
                checked.bytes += count
                if self.stop.is_set():
                    raise Cancelled("the verification was stopped")
        return digest.digest()


def foreign(video_id: str, path: str) -> FileProblem:
    """Return the problem of a file that was never stored."""
    return FileProblem(video_id, path, FindingKind.FOREIGN, "it was never stored")


def video_folder(path: str, video_id: str) -> str | None:
    """Return the folder of the file's video; None for a video registered in place."""
    for parent in PurePosixPath(path).parents:
        if parent.name == video_id:
            return parent.as_posix()
    return None
