"""Replaces databases by prepared ones, all or none, even after a crash.

    state/.prepare-<time>/   new databases are created here; after a crash the folder is ignored
    state/swap-<time>/       the same folder, renamed when all of it is on the disk: from here on
                             the new databases are valid; a process that opens one moves it
    state/library.db.<time>.old   the replaced database, with its `-wal` if there was one

Only the owner of a database (see `lock.py`) may replace it.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from ytarchive.common.disk import sync
from ytarchive.common.models import utc_now

_PREPARED = ".prepare-"
_READY = "swap-"


def prepare(state_path: Path) -> Path:
    """Create and return a folder for databases that will replace others of the same names."""
    for abandoned in state_path.glob(f"{_PREPARED}*"):
        shutil.rmtree(abandoned)
    folder = state_path / f"{_PREPARED}{utc_now():%Y%m%dT%H%M%S.%fZ}"
    folder.mkdir(parents=True)
    return folder


def commit(prepared: Path) -> list[Path]:
    """Replace the databases by the prepared ones; return the files that were set aside."""
    for path in [*prepared.iterdir(), prepared]:
        sync(path)
    state_path = prepared.parent
    ready = prepared.rename(state_path / prepared.name.replace(_PREPARED, _READY))
    sync(state_path)
    names = [path.name for path in ready.iterdir()]
    return [aside for name in names for aside in finish(state_path / name)]


def aside_path(database: Path, prepared: Path) -> Path:
    """Return the path of a database that is kept when a prepared one replaces it."""
    return database.with_name(f"{database.name}.{prepared.name.removeprefix(_PREPARED)}.old")


def finish(database: Path) -> list[Path]:
    """Finish an interrupted `commit` for one database; return the files that were set aside.

    Every step may be repeated. The write-ahead log is moved first, so that it is never applied to
    the new database.
    """
    aside = []
    for ready in sorted(database.parent.glob(f"{_READY}*")):
        incoming = ready / database.name
        if os.path.lexists(incoming):
            time = ready.name.removeprefix(_READY)
            aside += set_aside(database, time)
            incoming.rename(database)
            sync(database.parent)
        with suppress(OSError):  # it still contains other databases
            ready.rmdir()
    return aside


def set_aside(database: Path, time: str) -> list[Path]:
    """Rename a database and, before it, its write-ahead log, so that both can be opened again."""
    index = database.with_name(
        f"{database.name}-shm"
    )  # the index of the log, which SQLite creates again
    if index.is_symlink() or not index.is_dir():
        index.unlink(missing_ok=True)
    moved = []
    for suffix in ("-wal", "-shm", "-journal", ""):
        present = database.with_name(database.name + suffix)
        if os.path.lexists(present):
            moved.append(present.rename(database.with_name(f"{database.name}.{time}.old{suffix}")))
    return moved
