"""Whether stored files are what they were: presence, size, SHA-256.

Everything here blocks; callers run it in threads. Hashing lets other threads run meanwhile.
"""

import hashlib
import os
import stat
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ytarchive.common.errors import Cancelled
from ytarchive.storage.verify.models import FindingKind

_CHUNK = 2**20


@dataclass(frozen=True)
class RegisteredFile:
    """A file as the library knows it; `path` is relative to the archive."""

    video_id: str
    path: str
    role: str
    size_bytes: int
    sha256: bytes


@dataclass(frozen=True)
class Trouble:
    """What is wrong with one file."""

    video_id: str
    path: str
    kind: FindingKind
    detail: str


@dataclass(frozen=True)
class Checker:
    """Compares files with what the library knows of them."""

    base: Path
    reads_content: bool
    stop: threading.Event

    def check(self, registered: Sequence[RegisteredFile]) -> list[Trouble]:
        """What is wrong with some videos' files, and what lies among them that is not theirs.

        Raises Cancelled when `stop` is set meanwhile.
        """
        return [*self.check_files(registered), *self.foreign(registered)]

    def check_files(self, registered: Iterable[RegisteredFile]) -> list[Trouble]:
        """What is wrong with some files. Raises Cancelled when `stop` is set meanwhile."""
        return [trouble for file in registered if (trouble := self._check_file(file))]

    def foreign(self, registered: Sequence[RegisteredFile]) -> list[Trouble]:
        """What lies in the folders of some videos, and is none of their files (given are all)."""
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
            if path not in known
        ]

    def _check_file(self, file: RegisteredFile) -> Trouble | None:
        try:
            wrong = self._compare(self.base / file.path, file)
        except (FileNotFoundError, NotADirectoryError):
            wrong = (FindingKind.MISSING, "there is no such file")
        except OSError as error:
            wrong = (FindingKind.UNREADABLE, error.strerror or str(error))
        return Trouble(file.video_id, file.path, *wrong) if wrong else None

    def _compare(self, path: Path, file: RegisteredFile) -> tuple[FindingKind, str] | None:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return FindingKind.DAMAGED, "it is no longer a regular file"
        if status.st_size != file.size_bytes:
            shorter = status.st_size < file.size_bytes
            kind = FindingKind.TRUNCATED if shorter else FindingKind.DAMAGED
            return kind, f"{status.st_size} bytes instead of {file.size_bytes}"
        if self.reads_content and self._digest(path) != file.sha256:
            return FindingKind.DAMAGED, "its content has changed: the SHA-256 is another one"
        return None

    def _digest(self, path: Path) -> bytes:
        digest, buffer = hashlib.sha256(), bytearray(_CHUNK)
        view = memoryview(buffer)
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                digest.update(view[:count])
                if self.stop.is_set():
                    raise Cancelled("the verification was stopped")
        return digest.digest()


def foreign(video_id: str, path: str) -> Trouble:
    """A file that was never stored; its name may be anything, so it is made fit to be told."""
    shown = os.fsencode(path).decode("utf-8", "replace")
    return Trouble(video_id, shown, FindingKind.FOREIGN, "it was never stored")


def video_folder(path: str, video_id: str) -> str | None:
    """The folder that belongs to the file's video alone; None for one registered in place."""
    for parent in PurePosixPath(path).parents:
        if parent.name == video_id:
            return parent.as_posix()
    return None


def listed(base: Path, folder: str) -> list[str]:
    """Everything below a folder of the archive that is not a folder, relative to the archive."""
    found: list[str] = []
    pending = [folder]
    while pending:
        inner = pending.pop()
        try:
            with os.scandir(base / inner) as entries:
                for entry in entries:
                    below = pending if entry.is_dir(follow_symlinks=False) else found
                    below.append(f"{inner}/{entry.name}")
        except OSError:
            continue  # it has gone: its files are reported as missing
    return sorted(found)
