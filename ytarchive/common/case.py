"""Ids that differ only in case, on case-insensitive file systems.

On such file systems one video's folder would overwrite the folder of the other.
"""

import os
from pathlib import Path

from ytarchive.common.disk import os_errors
from ytarchive.common.errors import CaseConflict


def require_exact_name(path: Path) -> None:
    """Raise CaseConflict if the file or folder at `path` has a name that differs in case.

    Needs one disk access for a path that does not exist. Also raises LocalError.
    """
    with os_errors(path):
        if not _ignores_case(path):
            return
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in entries if entry.name.lower() == path.name.lower()]
    if names and path.name not in names:
        message = f"{path.parent} already has {names[0]}, and its file system takes {path.name}"
        raise CaseConflict(f"{message} for the same name", path=str(path))


def require_apart(folder: Path, name: str, others: list[str]) -> None:
    """Raise CaseConflict if `folder`, which exists, cannot store both `name` and `others`."""
    same = [each for each in others if each != name and each.lower() == name.lower()]
    if same and _ignores_case(folder):
        message = f"{folder} cannot store {name} next to {same[0]}"
        raise CaseConflict(f"{message}: its file system ignores case")


def _ignores_case(path: Path) -> bool:
    """Return whether the file at `path` is also found with its name in another case."""
    found = _lookup(path)
    return found is not None and found == _lookup(path.with_name(path.name.swapcase()))


def _lookup(path: Path) -> tuple[int, int] | None:
    """Return device and inode of the file or folder at a path; None if there is none."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino
