"""The identity of an archive: a small file in its folder with the archive's id.

The folder of an unmounted disk is empty or missing. Without the identity it would be used as a new
archive, and everything would be downloaded again onto another disk.
"""

import errno
import os
import secrets
import stat
from pathlib import Path
from uuid import uuid4

from pydantic import Field, ValidationError

from ytarchive.common.disk import sync, write_new
from ytarchive.common.errors import ArchiveMissing, NotAnArchive
from ytarchive.common.models import Model, UtcDatetime, utc_now

IDENTITY_FILE = ".ytarchive-id"
"""File name in the archive's folder."""

_FORMAT = 1
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})


class ArchiveIdentity(Model):
    """The identity of the archive in a folder."""

    id: str = Field(min_length=1, max_length=64, pattern=r"^[\w-]+$")
    created_at: UtcDatetime
    version: int = Field(_FORMAT, description="Version of the file format")


def new_identity() -> ArchiveIdentity:
    """Return a new, unique identity."""
    return ArchiveIdentity(id=uuid4().hex, created_at=utc_now(), version=_FORMAT)


def read_identity(base: Path) -> ArchiveIdentity | None:
    """Return the identity of the archive in `base`, or None if the folder has none.

    Raises NotAnArchive if the file is damaged, and ArchiveMissing if the folder cannot be read.
    """
    path = base / IDENTITY_FILE
    try:
        content = _content(path)
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise unreachable(base, error) from None
    if not content:  # the process that created it was killed
        return None
    try:
        return ArchiveIdentity.model_validate_json(content)
    except ValidationError:
        message = f"{path} is damaged, so the archive in {base} cannot be recognized"
        remedy = "Restore the file from a copy, or run `ytarchive init` to write it again"
        raise NotAnArchive(f"{message}. {remedy}", path=str(base)) from None


def create_identity(base: Path, identity: ArchiveIdentity) -> ArchiveIdentity:
    """Write the identity file of a folder and return the identity; an existing file is kept.

    Two concurrent processes get the same identity. Raises OSError.
    """
    draft = _draft(base, identity)
    path = base / IDENTITY_FILE
    try:
        if path.exists() and not path.stat().st_size:
            draft.replace(path)
        else:
            _link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync(base)
    return read_identity(base) or identity


def replace_identity(base: Path, identity: ArchiveIdentity) -> None:
    """Write or replace the identity file. Raises OSError."""
    _draft(base, identity).replace(base / IDENTITY_FILE)
    sync(base)


def unreachable(base: Path, error: OSError) -> ArchiveMissing:
    """Return the error for an unreadable folder, with the system's reason."""
    cause = error.strerror or str(error)
    return ArchiveMissing(f"the archive's folder {base} cannot be read: {cause}", path=str(base))


def _content(path: Path) -> bytes:
    """Return the beginning of a regular file; links are not followed."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return b"not a file"
        return os.read(handle, 4096)
    finally:
        os.close(handle)


def _draft(base: Path, identity: ArchiveIdentity) -> Path:
    draft = base / f"{IDENTITY_FILE}.{secrets.token_hex(8)}"
    write_new(draft, [identity.model_dump_json(indent=2).encode() + b"\n"])
    return draft


def _link(draft: Path, path: Path) -> None:
    """Rename the draft unless the name exists; some file systems have no hard links."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    except OSError:
        if not path.exists():
            draft.replace(path)
