"""Lists the folders of other programs: names, sizes, and the ids in their files. Blocks."""

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from ytarchive.common.errors import Cancelled
from ytarchive.common.file_names import file_name, stored_name
from ytarchive.common.identity import IDENTITY_FILE
from ytarchive.common.paths import VIEW_MARKER
from ytarchive.storage.adopt.naming import NFO, info_names, is_media, stems_of
from ytarchive.storage.adopt.nfo import read_nfo
from ytarchive.storage.adopt.recognisers import (
    LAST,
    UNSURE,
    FoundFile,
    Listing,
    files_in,
    recognised,
)
from ytarchive.storage.adopt.recorded_ids import (
    A_LIST,
    DOWNLOAD_ARCHIVE,
    explained,
    id_in_info,
    id_in_tags,
    recorded_in,
)

_UNREADABLE = frozenset({errno.EACCES, errno.EPERM, errno.ENAMETOOLONG})


@dataclass(frozen=True)
class _Folder:
    """A folder to list."""

    path: Path
    name: str
    """Relative to the adopted folder; empty for that folder itself."""
    recorded: Mapping[str, str] = field(default_factory=dict)
    """Video ids that programs recorded in the folders above, by path without suffix."""
    problem: str | None = None
    """Why nothing in it is adopted."""


class Scan:
    """The files below a folder, folder by folder. Links are not followed."""

    def __init__(self, root: Path, own: Path) -> None:
        """`own`: the folder of the archive that adopts."""
        self._root = root
        self._own = own
        self.is_stopped = False

    def files(self) -> Iterator[FoundFile]:
        """Iterate over all files, in the order of their folders.

        Raises OSError if the folder itself cannot be read, and Cancelled after `is_stopped` is set.
        """
        waiting = [_Folder(self._root, "")]
        while waiting:
            if self.is_stopped:
                raise Cancelled("the adoption was stopped")
            inner: list[_Folder] = []
            yield from self._folder(waiting.pop(), inner)
            waiting += reversed(inner)

    def _folder(self, folder: _Folder, inner: list[_Folder]) -> Iterator[FoundFile]:
        """Return the files of a folder, and add its folders to `inner`."""
        if folder.path == self._own:
            yield FoundFile(f"{folder.name}/", 0, "this archive itself, which is not examined")
            return
        entries = self._entries(folder)
        if entries is None:
            yield FoundFile(f"{folder.name}/", 0, "the folder cannot be read")
            return
        names = {entry.name for entry in entries}
        problem = folder.problem or _problem_of(names)
        recorded = dict(folder.recorded) | recorded_in(folder.path, folder.name, names)
        sizes = dict[str, int]()
        for entry in entries:
            path = _joined(folder.name, stored_name(entry.name))
            status = _status(entry)
            if status is None:
                yield FoundFile(path, 0, "it cannot be read")
            elif stat.S_ISDIR(status.st_mode):
                inner.append(_Folder(folder.path / entry.name, path, recorded, problem))
            elif not stat.S_ISREG(status.st_mode) or problem is not None:
                yield FoundFile(path, status.st_size, problem or _odd(status))
            else:
                sizes[stored_name(entry.name)] = status.st_size
        yield from self._recognised(folder.path, Listing(folder.name, sizes, recorded=recorded))

    def _entries(self, folder: _Folder) -> list["os.DirEntry[str]"] | None:
        """Return the entries of a folder in the order of their names; None if it is unreadable."""
        try:
            with os.scandir(folder.path) as found:
                return sorted(found, key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            if not folder.name or error.errno not in _UNREADABLE:
                raise
            return None

    def _recognised(self, folder: Path, listing: Listing) -> Iterator[FoundFile]:
        for file in files_in(_with_ids(folder, listing)):
            if file.video_id is None:
                path = folder / file_name(PurePosixPath(file.path).name)
                known = explained(path)
                layout = DOWNLOAD_ARCHIVE if known and known.startswith(A_LIST) else file.layout
                yield replace(file, problem=known or file.problem, layout=layout)
            else:
                yield file


def _with_ids(folder: Path, listing: Listing) -> Listing:
    """Return a listing with the ids in the files of media whose names have no id."""
    described, in_nfo, in_tags = dict[str, str](), dict[str, str](), dict[str, str]()
    for name in filter(is_media, listing.sizes):
        stem = stems_of(name)[0]
        known = recognised(stem, listing)
        if in_tags.get(stem) or (known is not None and known[0] not in UNSURE):
            continue
        infos = [each for each in info_names(name) if each in listing.sizes]
        if infos:
            described[stem] = id_in_info(folder / file_name(infos[0]))
        if described.get(stem) or (known is not None and known[0] not in LAST):
            continue
        in_nfo[stem] = read_nfo(folder / file_name(f"{stem}{NFO}")).video_id
        if not in_nfo[stem]:
            in_tags[stem] = id_in_tags(folder / file_name(name))
    return replace(listing, described=described, in_nfo=in_nfo, in_tags=in_tags)


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _status(entry: "os.DirEntry[str]") -> os.stat_result | None:
    """Return the status of an entry; None if its folder does not permit it."""
    try:
        return entry.stat(follow_symlinks=False)
    except OSError as error:
        if error.errno not in _UNREADABLE:
            raise
        return None


def _problem_of(names: set[str]) -> str | None:
    if IDENTITY_FILE in names:
        return "in a folder that is an archive of ytarchive"
    if VIEW_MARKER in names:
        return "in a folder that is a view of an archive"
    return None


def _odd(status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return "a symbolic link, which is not followed"
    return "not a regular file"
