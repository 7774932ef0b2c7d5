"""Ids that differ only in case, on file systems that do not tell upper from lower case.

There, the folder of one video would be found under the other's id, and be overwritten.
"""

import os
from pathlib import Path

from ytarchive.common.disk import os_errors
from ytarchive.common.errors import CaseConflict


def require_exact_name(path: Path) -> None:
    """Raise CaseConflict if the file or folder at `path` has a name that differs in case.

    Costs one look at the disk for a path where nothing is. Raises LocalError as well.
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
    """Raise CaseConflict if `folder` cannot hold `name` beside any of `others`. `folder` exists."""
    same = [each for each in others if each != name and each.lower() == name.lower()]
    if same and _ignores_case(folder):
        message = f"{folder} cannot hold {name} beside {same[0]}"
        raise CaseConflict(f"{message}: its file system does not tell upper from lower case")


def _ignores_case(path: Path) -> bool:
    """Return whether what is at `path` is found in another case, too."""
    found = _lookup(path)
    return found is not None and found == _lookup(path.with_name(path.name.swapcase()))


def _lookup(path: Path) -> tuple[int, int] | None:
    """Return what identifies the file or folder at a path; None if there is none."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino
