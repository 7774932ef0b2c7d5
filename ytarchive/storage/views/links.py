"""Creates and removes the files of views on disk. Everything here blocks.

A file of a view is deleted or replaced only if it is the recorded file, or has the identity or the
content of a stored file. All other files have another origin and are not changed.
"""

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import accumulate
from pathlib import Path

from ytarchive.common import filesystem
from ytarchive.common.disk import os_errors
from ytarchive.common.errors import NoLinkPossible
from ytarchive.common.file_names import file_name
from ytarchive.common.paths import VIEW_MARKER
from ytarchive.storage.store import files
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.views import making
from ytarchive.storage.views.entries import joined
from ytarchive.storage.views.models import LinkMethod
from ytarchive.storage.views.records import Facts, Record

_UNFINISHED = ".ytarchive-unfinished-"
_EXFAT_STEP, _FAT_STEP = 10_000_000, 2_000_000_000
"""Nanoseconds between the times that a file can have."""
_NO_LINK = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS}
    | {errno.ENOTTY, errno.EMLINK, errno.EACCES}
)


class ViewFolder:
    """The folder of a view."""

    def __init__(self, root: Path, base: Path, store: MediaStore, *, allow_copy: bool) -> None:
        self.root = root
        self._base = base
        self._store = store
        self.found = {""}
        """Folders that this object has created or found, relative to the view."""
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

    def put(
        self, record: Record, content: bytes, earlier: Record | None
    ) -> tuple[Facts | None, bool]:
        """Create a file, or replace the one of an earlier record; return its identity, and if new.

        `content`: of a file without a source. The identity is None if a file of other origin is in
        its place. Raises FileGone if the stored file is missing.
        """
        path = self.path(record.path)
        with os_errors(path):
            if not self.contains(record.folder):
                return None, False
            found = None if earlier is None else filesystem.status(path, follow=False)
            if found is None and self._is_created(record, content, path):
                return Facts.of(path.lstat()), True
            found = found or filesystem.status(path, follow=False)
            if found is not None and self._is_wanted(record, content, path, found):
                self._recognise(record, path, found)
                return Facts.of(found), False
            if found is None or earlier is None or not self.is_own(earlier, found):
                return None, False
            self._create(record, content, path, replace=True)
            return Facts.of(path.lstat()), True

    def remove(self, record: Record) -> bool:
        """Delete a recorded file; return False if it has changed."""
        path = self.path(record.path)
        with os_errors(path):
            if not self.contains(record.folder):
                return False
            found = filesystem.status(path, follow=False)
            if found is not None:
                if not self.is_own(record, found):
                    return False
                path.unlink()
        return True

    def absent(self, folders: Iterable[str]) -> list[str]:
        """Return the folders, and parents of them, that do not exist."""
        unknown = lineage(folders) - self.found
        return [each for each in unknown if self._status(each) is None]

    def remove_empty(self, folders: Iterable[str]) -> list[str]:
        """Remove folders as far as they are empty; return those that do not exist then."""
        removed = []
        for each in sorted(folders, key=len, reverse=True):
            with suppress(OSError):
                self.path(each).rmdir()
            if self._status(each) is None:
                removed.append(each)
                self.found.discard(each)
        return removed

    def remove_unfinished(self, records: Iterable[Record]) -> None:
        """Delete what interrupted synchronisations left."""
        for each in records:
            with os_errors(path := self.path(each.path)):
                path.unlink(missing_ok=True)

    def contains(self, folder: str) -> bool:
        """Return whether a folder is in the view, or can be created there.

        It cannot if a file, or a link, is in its place or in that of one of its parents: what a
        link leads to does not belong to the view.
        """
        if folder in self.found:
            return True
        if not self.contains(folder.rpartition("/")[0]):
            return False
        found = self._status(folder)
        if found is not None and stat.S_ISDIR(found.st_mode):
            self.found.add(folder)
        return found is None or stat.S_ISDIR(found.st_mode)

    def clear(self) -> None:
        """Delete the marker."""
        with os_errors(self.root):
            (self.root / VIEW_MARKER).unlink(missing_ok=True)

    def is_own(self, record: Record, found: os.stat_result) -> bool:
        """Return whether the file at a recorded path was created by the view.

        A hard link through which its content was edited is one: the content has another name.
        """
        now = Facts.of(found)
        is_edited_link = stat.S_ISREG(found.st_mode) and found.st_nlink > 1
        if record.facts == now or (
            is_edited_link and record.facts is not None and record.facts.inode == now.inode
        ):
            return True
        path = self.path(record.path)
        source = self._source(record)
        if source is not None:
            return self._shows(source, path, found)
        return stat.S_ISREG(found.st_mode) and (
            hashlib.sha256(path.read_bytes()).hexdigest() == record.digest
        )

    def path(self, inner: str) -> Path:
        """Return the absolute path of a recorded path."""
        return self.root / file_name(inner)

    def _status(self, folder: str) -> os.stat_result | None:
        return filesystem.status(self.path(folder), follow=False)

    def _source(self, record: Record) -> Path | None:
        """Return the path of the stored file."""
        return self._store.local_path(record.source) if record.source else None

    def _recognise(self, record: Record, path: Path, found: os.stat_result) -> None:
        """Determine the method from a link that exists, if the view does not know it yet."""
        source = None if self.method else self._source(record)
        if source is None:
            return
        if stat.S_ISLNK(found.st_mode):
            method = LinkMethod.SYMLINK
        elif os.path.samestat(found, source.stat()):
            method = LinkMethod.HARDLINK
        else:
            is_shared = making.can_reflink(source, _draft_of(path))
            method = LinkMethod.REFLINK if is_shared else LinkMethod.COPY
        self.method = method if method in self._methods else None

    def _is_wanted(self, record: Record, content: bytes, path: Path, found: os.stat_result) -> bool:
        source = self._source(record)
        if source is not None:
            return self._shows(source, path, found)
        is_same_size = stat.S_ISREG(found.st_mode) and found.st_size == len(content)
        return is_same_size and path.read_bytes() == content

    def _shows(self, source: Path, path: Path, found: os.stat_result) -> bool:
        """Return whether a file is a link to a stored file, or an unchanged copy of it."""
        if stat.S_ISLNK(found.st_mode):
            return path.readlink() == self._target(source, path)
        stored = filesystem.status(source)
        if stored is None or not stat.S_ISREG(found.st_mode):
            return False
        is_copy = found.st_size == stored.st_size and _is_same_time(found, stored)
        return os.path.samestat(found, stored) or is_copy

    def _is_created(self, record: Record, content: bytes, path: Path) -> bool:
        """Create a file with its folder; return False if another file is in the place of either."""
        try:
            if record.folder not in self.found:
                path.parent.mkdir(parents=True, exist_ok=True)
                self.found |= lineage([record.folder])
            self._create(record, content, path, replace=False)
        except (FileExistsError, NotADirectoryError):
            return False
        return True

    def _create(self, record: Record, content: bytes, path: Path, *, replace: bool) -> None:
        source = self._source(record)
        if source is None:
            self._finish(path, lambda draft: making.write(draft, content), replace=replace)
            return
        _require_regular(source)
        for method in [self.method] if self.method else self._methods:
            try:
                self._link(method, source, path, replace=replace)
            except FileExistsError:
                raise
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
            else:
                self.method = method
                return
        raise NoLinkPossible(f"{path.parent} cannot have links to {source}")

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


def lineage(folders: Iterable[str]) -> set[str]:
    """Return folders of a view with all their parents."""
    return {part for each in folders for part in accumulate(each.split("/"), joined)}


def is_unfinished(name: str) -> bool:
    """Return whether a file is what an interrupted synchronisation left."""
    return name.startswith(_UNFINISHED)


def _draft_of(path: Path) -> Path:
    return path.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")


def _require_regular(source: Path) -> None:
    """Raise an OSError for a FIFO, which blocks when it is opened, and links out of the archive."""
    if not stat.S_ISREG(source.lstat().st_mode):
        raise FileNotFoundError(errno.ENOENT, "it is no regular file", str(source))


def _is_same_time(copy: os.stat_result, stored: os.stat_result) -> bool:
    """Return whether a copy has the time of its original, which FAT and exFAT round."""
    difference = abs(copy.st_mtime_ns - stored.st_mtime_ns)
    is_rounded = copy.st_mtime_ns % _EXFAT_STEP == 0
    return difference == 0 or (is_rounded and difference <= _FAT_STEP)
