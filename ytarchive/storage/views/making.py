"""Creates one file of a view: by each link method, or with its content."""

import fcntl
import os
import shutil
from pathlib import Path

from ytarchive.common import filesystem
from ytarchive.common.regular import open_regular

_FICLONE = 0x40049409


def rename_new(draft: Path, path: Path) -> None:
    """Give a file its name if no other file has it. Raises FileExistsError."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # FAT has no hard links
        if filesystem.exists(path):
            raise FileExistsError(path) from None
        draft.rename(path)


def write(draft: Path, content: bytes) -> None:
    """Create a file with its content."""
    draft.write_bytes(content)
    draft.chmod(0o644)


def reflink(source: Path, draft: Path) -> None:
    """Create a file that shares the blocks of a stored file until one of them is changed."""
    with open_regular(source) as original, draft.open("xb") as copy:
        fcntl.ioctl(copy.fileno(), _FICLONE, original.fileno())
    shutil.copystat(source, draft)


def can_reflink(source: Path, draft: Path) -> bool:
    """Return whether a file can share the blocks of a stored file, by creating one."""
    try:
        reflink(source, draft)
    except OSError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def link_hard(source: Path, path: Path) -> None:
    """Create a further name of a stored file."""
    os.link(source, path)


def link_symbolic(target: Path, path: Path) -> None:
    """Create a symbolic link."""
    path.symlink_to(target)


def copy(source: Path, draft: Path) -> None:
    """Copy a stored file and its times."""
    shutil.copyfile(source, draft)
    shutil.copystat(source, draft)
