"""Puts prepared databases in the place of the present ones, all or none, whatever crashes.

    state/.prepare-<time>/   where they are made; a crash leaves a folder that nobody minds
    state/swap-<time>/       the same folder, renamed once all of it is on the disk: from here on
                             the new databases count, and whoever opens one finishes its move
    state/library.db.<time>.old   what was replaced, with its `-wal` if there was one

Only the owner of a database (see `lock.py`) may do this to it.
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
    """Return a new folder for databases that are to replace others of the same names."""
    for abandoned in state_path.glob(f"{_PREPARED}*"):
        shutil.rmtree(abandoned)
    folder = state_path / f"{_PREPARED}{utc_now():%Y%m%dT%H%M%S.%fZ}"
    folder.mkdir(parents=True)
    return folder


def commit(prepared: Path) -> list[Path]:
    """Make the prepared databases the ones that count; the files that were set aside."""
    for path in [*prepared.iterdir(), prepared]:
        sync(path)
    state_path = prepared.parent
    ready = prepared.rename(state_path / prepared.name.replace(_PREPARED, _READY))
    sync(state_path)
    names = [path.name for path in ready.iterdir()]
    return [aside for name in names for aside in finish(state_path / name)]


def finish(database: Path) -> list[Path]:
    """Finish what `commit` began for one database; the files that were set aside.

    Every step may be repeated. A write-ahead log goes first: without its database nobody would
    apply it to the new one.
    """
    aside = []
    for ready in sorted(database.parent.glob(f"{_READY}*")):
        incoming = ready / database.name
        if os.path.lexists(incoming):
            time = ready.name.removeprefix(_READY)
            aside += set_aside(database, time)
            incoming.rename(database)
            sync(database.parent)
        with suppress(OSError):  # others are still to be moved out of it
            ready.rmdir()
    return aside


def set_aside(database: Path, time: str) -> list[Path]:
    """Rename a database, its write-ahead log first, so that both can be opened together again."""
    index = database.with_name(f"{database.name}-shm")  # of the log; made anew when it is missing
    if index.is_symlink() or not index.is_dir():
        index.unlink(missing_ok=True)
    moved = []
    for suffix in ("-wal", "-shm", "-journal", ""):
        present = database.with_name(database.name + suffix)
        if os.path.lexists(present):
            moved.append(present.rename(database.with_name(f"{database.name}.{time}.old{suffix}")))
    return moved
