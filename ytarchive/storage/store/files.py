"""File operations: durable writes, digests, crash-safe moves.

Everything here blocks; callers run it in a thread. Functions raise a LocalError for an OSError.
"""

import errno
import hashlib
import secrets
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from ytarchive.common import filesystem
from ytarchive.common.disk import os_errors, sync, translated, write_new
from ytarchive.common.errors import FileFailure, LocalError, NotFound
from ytarchive.common.regular import open_regular, read_regular

_SYNCED_TOGETHER = 16

DRAFT = ".draft"
"""Suffix of a complete file that is not yet renamed to its final path."""


@contextmanager
def failures(path: Path) -> Iterator[None]:
    """Translate errors of the operating system; a missing file raises NotFound."""
    try:
        yield
    except FileNotFoundError:
        raise NotFound(f"{path} does not exist") from None
    except OSError as error:
        raise translated(error, path) from error


def read(path: Path, limit: int | None = None) -> bytes:
    """Return at most `limit` bytes of a regular file. Raises NotFound or another LocalError."""
    with failures(path):
        return read_regular(path, limit=limit)


def write_atomically(path: Path, content: bytes | Iterable[bytes], scratch: Path) -> None:
    """Write a file so that the path always has the complete old or the complete new file.

    The unfinished file is in `scratch`, on the same file system, which is emptied at start.
    """
    temporary = scratch / f"{path.name[:80]}.{secrets.token_hex(8)}"
    write_durably(temporary, [content] if isinstance(content, bytes) else content)
    try:
        with os_errors(path):
            if filesystem.is_folder(path) and not filesystem.is_link(path):
                raise FileFailure(f"{path} is a folder and not a file: move it away")
            temporary.replace(path)
            sync(path.parent)
    except LocalError:
        temporary.unlink(missing_ok=True)
        raise


def write_together(contents: Mapping[Path, bytes], scratch: Path) -> None:
    """Write files of one folder as `write_atomically` does, in a twentieth of the time.

    File systems commit files that are synced at the same time together.
    """
    drafts = {path: scratch / f"{path.name[:80]}.{secrets.token_hex(8)}" for path in contents}
    with ThreadPoolExecutor(_SYNCED_TOGETHER) as threads:
        list(threads.map(lambda path: write_durably(drafts[path], [contents[path]]), contents))
    for path, draft in drafts.items():
        with os_errors(path):
            draft.replace(path)
    for folder in {path.parent for path in contents}:
        with os_errors(folder):
            sync(folder)


def write_durably(path: Path, parts: Iterable[bytes]) -> None:
    """Write a new file and sync it to disk; remove it if that fails."""
    with os_errors(path):
        write_new(path, parts)


def make_folders(folder: Path) -> None:
    """Create a folder and its missing parents, durably."""
    missing = [path for path in (folder, *folder.parents) if not filesystem.is_folder(path)]
    with os_errors(folder):
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            sync(path.parent)


def sync_all(folder: Path, names: Collection[str]) -> None:
    """Sync the named files of a folder, and the folders that contain them."""
    paths = [folder / name for name in names]
    with os_errors(folder):
        for path in [*paths, *{path.parent for path in paths}]:
            sync(path)


def protect(paths: Iterable[Path]) -> None:
    """Make new files read-only.

    Views contain second names of them, and an edit there would change the only copy. A file that
    has another name already was adopted, and keeps its mode.
    """
    for path in paths:
        with os_errors(path):
            if path.stat(follow_symlinks=False).st_nlink == 1:
                path.chmod(0o444)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with os_errors(path), open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def size(path: Path) -> int | None:
    """Return the size of a file in bytes; None unless the path is a regular file."""
    found = filesystem.status(path, follow=False)
    return found.st_size if found is not None and stat.S_ISREG(found.st_mode) else None


def move_set(source: Path, target: Path, names: Collection[str]) -> None:
    """Move a folder of finished files to `target`, or finish an interrupted move.

    If `target` exists, each file atomically replaces the file of the same name, and other files
    stay. Then the files are moved in the order of their names in `names`.
    """
    if filesystem.is_folder(source):
        make_folders(target.parent)
        with os_errors(target):
            _rename_or_merge(source, target, names)
    if filesystem.is_folder(target):
        with os_errors(target):
            for folder in [target, *_inner_folders(target), target.parent]:
                sync(folder)


def _inner_folders(folder: Path) -> Iterator[Path]:
    return filter(filesystem.is_folder, filesystem.entries(folder))


def _rename_or_merge(source: Path, target: Path, names: Collection[str]) -> None:
    if not filesystem.exists(target):
        try:
            source.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            target.mkdir()  # overlayfs and mergerfs sometimes cannot rename folders
        else:
            return
    try:
        _move_each(source, target, names)
    except OSError:
        with suppress(OSError):  # an empty folder would look like a video
            target.rmdir()
        raise


def _move_each(source: Path, target: Path, names: Collection[str]) -> None:
    for name in names:
        if filesystem.exists(source / name):
            make_folders((target / name).parent)
            (source / name).replace(target / name)
    with suppress(OSError, LocalError):  # files that were added meanwhile stay in staging
        for folder in [*_inner_folders(source), source]:
            folder.rmdir()


def empty_folder(folder: Path) -> None:
    """Remove the files directly in a folder, except drafts; subfolders stay."""
    with os_errors(folder):
        for path in filesystem.entries(folder):
            is_folder = filesystem.is_folder(path) and not filesystem.is_link(path)
            if path.suffix != DRAFT and not is_folder:
                path.unlink()


def probe(scratch: Path, folder: Path) -> None:
    """Check that files can be written and moved to `folder` by renaming.

    Raises CrossDevice, NotWritable, DiskFull or another LocalError.
    """
    target = folder / ".ytarchive-probe"
    write_atomically(target, b"\n", scratch)
    with os_errors(target):
        target.unlink()
