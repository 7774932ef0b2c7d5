"""Creates and removes the files of views on disk. Everything here blocks.

A file of a view is deleted or replaced only if it is the recorded file, or has the identity or the
content of a stored file. All other files have another origin and are not changed.
"""

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ytarchive.common import filesystem
from ytarchive.common.disk import os_errors
from ytarchive.common.errors import NoLinkPossible
from ytarchive.common.file_names import stored_name
from ytarchive.common.paths import VIEW_MARKER
from ytarchive.storage.store import files
from ytarchive.storage.views import making
from ytarchive.storage.views.models import LinkMethod

_UNFINISHED = ".ytarchive-unfinished-"
_EXFAT_STEP, _FAT_STEP = 10_000_000, 2_000_000_000
"""Nanoseconds between the times that a file can have."""
_LARGEST_INTEGER = 2**63 - 1
"""Of SQLite. Network and union file systems have larger inode numbers."""
_NO_LINK = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS}
    | {errno.ENOTTY, errno.EMLINK, errno.EACCES}
)


class Facts(NamedTuple):
    """The identity of a file of a view when it was created."""

    inode: int
    size: int
    modified: int

    @classmethod
    def of(cls, found: os.stat_result) -> "Facts":
        """Return the identity of a file."""
        return cls(found.st_ino & _LARGEST_INTEGER, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True)
class Wanted:
    """A file that a view should have. `source`: the stored file; None for generated content."""

    path: str
    source: Path | None = None
    content: bytes = b""


@dataclass(frozen=True)
class Recorded:
    """A file that a view has created. `facts`: None if its creation may not have ended."""

    path: str
    source: Path | None
    digest: str
    facts: Facts | None


class ViewFolder:
    """The folder of a view."""

    def __init__(self, root: Path, base: Path, *, allow_copy: bool) -> None:
        self.root = root
        self._base = base
        self._folders: set[Path] = set()
        """Folders that were created, or found, by this object."""
        self._methods = [each for each in LinkMethod if each is not LinkMethod.COPY or allow_copy]
        self.method: LinkMethod | None = None
        """The first method that succeeded; known after the first link."""

    def prepare(self, marker: bytes) -> None:
        """Create the folder with its marker. Raises NotWritable, DiskFull or FileFailure."""
        files.make_folders(self.root)
        with os_errors(self.root):
            path = self.root / VIEW_MARKER
            found = filesystem.status(path, follow=False)
            if found is None or not stat.S_ISREG(found.st_mode) or path.read_bytes() != marker:
                self._finish(path, lambda draft: making.write(draft, marker), replace=True)

    def put(self, wanted: Wanted, recorded: Recorded | None) -> tuple[Facts | None, bool]:
        """Create a file, or replace the recorded one; return its identity, and if it is new.

        The identity is None if a file of other origin is in its place.
        """
        path = self.root / wanted.path
        with os_errors(path):
            if not self.contains(path.parent):
                return None, False
            found = filesystem.status(path, follow=False)
            if found is not None and self._is_wanted(wanted, path, found):
                self._recognise(wanted, path, found)
                return Facts.of(found), False
            if found is not None and (recorded is None or not self.is_own(recorded, found)):
                return None, False
            try:
                if path.parent not in self._folders:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    self._folders.add(path.parent)
                self._create(wanted, path, replace=found is not None)
            except (FileExistsError, NotADirectoryError):
                return None, False
            return Facts.of(path.lstat()), True

    def remove(self, recorded: Recorded) -> bool:
        """Delete a recorded file and folders that become empty; return False if it has changed."""
        path = self.root / recorded.path
        with os_errors(path):
            if not self.contains(path.parent):
                return False
            found = filesystem.status(path, follow=False)
            if found is not None:
                if not self.is_own(recorded, found):
                    return False
                path.unlink()
        self.remove_empty(path.parent)
        return True

    def remove_empty(self, folder: Path) -> None:
        """Remove a folder that had files of the view, and its parents, as far as they are empty."""
        inner = folder.relative_to(self.root).parts
        with suppress(OSError):
            for each in (folder, *folder.parents)[: len(inner)]:
                each.rmdir()
                self._folders.discard(each)

    def contains(self, folder: Path) -> bool:
        """Return whether a folder is in the view, or can be created there.

        It cannot if a file, or a link, is in its place or in that of one of its parents: what a
        link leads to does not belong to the view.
        """
        if folder == self.root or folder in self._folders:
            return True
        if not self.contains(folder.parent):
            return False
        found = filesystem.status(folder, follow=False)
        if found is not None and stat.S_ISDIR(found.st_mode):
            self._folders.add(folder)
        return found is None or stat.S_ISDIR(found.st_mode)

    def clear(self) -> None:
        """Delete the marker, and the folder if it is empty."""
        with os_errors(self.root):
            (self.root / VIEW_MARKER).unlink(missing_ok=True)
        with suppress(OSError):
            self.root.rmdir()

    def is_own(self, recorded: Recorded, found: os.stat_result) -> bool:
        """Return whether the file at a recorded path was created by the view.

        A hard link through which its content was edited is one: the content has another name.
        """
        now = Facts.of(found)
        is_edited_link = stat.S_ISREG(found.st_mode) and found.st_nlink > 1
        if recorded.facts == now or (
            is_edited_link and recorded.facts is not None and recorded.facts.inode == now.inode
        ):
            return True
        path = self.root / recorded.path
        if recorded.source is not None:
            return self._shows(recorded.source, path, found)
        return stat.S_ISREG(found.st_mode) and (
            hashlib.sha256(path.read_bytes()).hexdigest() == recorded.digest
        )

    def _recognise(self, wanted: Wanted, path: Path, found: os.stat_result) -> None:
        """Determine the method from a link that exists, if the view does not know it yet."""
        if self.method is not None or wanted.source is None:
            return
        if stat.S_ISLNK(found.st_mode):
            method = LinkMethod.SYMLINK
        elif os.path.samestat(found, wanted.source.stat()):
            method = LinkMethod.HARDLINK
        else:
            is_shared = making.can_reflink(wanted.source, _draft_of(path))
            method = LinkMethod.REFLINK if is_shared else LinkMethod.COPY
        self.method = method if method in self._methods else None

    def _is_wanted(self, wanted: Wanted, path: Path, found: os.stat_result) -> bool:
        if wanted.source is not None:
            return self._shows(wanted.source, path, found)
        is_same_size = stat.S_ISREG(found.st_mode) and found.st_size == len(wanted.content)
        return is_same_size and path.read_bytes() == wanted.content

    def _shows(self, source: Path, path: Path, found: os.stat_result) -> bool:
        """Return whether a file is a link to a stored file, or an unchanged copy of it."""
        if stat.S_ISLNK(found.st_mode):
            return path.readlink() == self._target(source, path)
        stored = filesystem.status(source)
        if stored is None or not stat.S_ISREG(found.st_mode):
            return False
        is_copy = found.st_size == stored.st_size and _is_same_time(found, stored)
        return os.path.samestat(found, stored) or is_copy

    def _create(self, wanted: Wanted, path: Path, *, replace: bool) -> None:
        if wanted.source is None:
            self._finish(path, lambda draft: making.write(draft, wanted.content), replace=replace)
            return
        if not stat.S_ISREG(wanted.source.lstat().st_mode):
            # To open a FIFO blocks, and a link can lead out of the archive.
            raise FileNotFoundError(errno.ENOENT, "it is no regular file", str(wanted.source))
        for method in [self.method] if self.method else self._methods:
            try:
                self._link(method, wanted.source, path, replace=replace)
            except FileExistsError:
                raise
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
            else:
                self.method = method
                return
        raise NoLinkPossible(f"{path.parent} cannot have links to {wanted.source}")

    def _link(self, method: LinkMethod, source: Path, path: Path, *, replace: bool) -> None:
        if method is LinkMethod.HARDLINK and not replace:
            making.link_hard(source, path)
        elif method is LinkMethod.SYMLINK and not replace:
            making.link_symbolic(self._target(source, path), path)
        else:
            create = {
                LinkMethod.REFLINK: lambda draft: making.reflink(source, draft),
                LinkMethod.HARDLINK: lambda draft: making.link_hard(source, draft),
                LinkMethod.SYMLINK: lambda draft: making.link_symbolic(
                    self._target(source, path), draft
                ),
                LinkMethod.COPY: lambda draft: making.copy(source, draft),
            }
            self._finish(path, create[method], replace=replace)

    def _target(self, source: Path, path: Path) -> Path:
        """Return the target of a symbolic link: relative in the archive, so that it can move."""
        if path.is_relative_to(self._base):
            return Path(os.path.relpath(source, path.parent))
        return source

    @staticmethod
    def _finish(path: Path, create: Callable[[Path], object], *, replace: bool) -> None:
        """Create a file under another name first, so that the path never has a part of it."""
        draft = _draft_of(path)
        try:
            create(draft)
            if replace:
                draft.replace(path)
            else:
                making.rename_new(draft, path)
        finally:
            draft.unlink(missing_ok=True)


def _draft_of(path: Path) -> Path:
    return path.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")


def is_unfinished(name: str) -> bool:
    """Return whether a file is what an interrupted synchronisation left."""
    return name.startswith(_UNFINISHED)


def listed(folder: Path) -> dict[str, os.stat_result]:
    """Return the entries of a folder by their names as stored; none if it does not exist."""
    with os_errors(folder):
        try:
            with os.scandir(folder) as entries:
                return {
                    stored_name(entry.name): entry.stat(follow_symlinks=False) for entry in entries
                }
        except (FileNotFoundError, NotADirectoryError):
            return {}


def inner_folders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder; none if it does not exist."""
    with os_errors(folder):
        try:
            with os.scandir(folder) as entries:
                folders = (each.name for each in entries if each.is_dir(follow_symlinks=False))
                return list(map(stored_name, folders))
        except (FileNotFoundError, NotADirectoryError):
            return []


def _is_same_time(copy: os.stat_result, stored: os.stat_result) -> bool:
    """Return whether a copy has the time of its original, which FAT and exFAT round."""
    difference = abs(copy.st_mtime_ns - stored.st_mtime_ns)
    is_rounded = copy.st_mtime_ns % _EXFAT_STEP == 0
    return difference == 0 or (is_rounded and difference <= _FAT_STEP)
