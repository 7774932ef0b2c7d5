"""What a view has created: its files, with the identity that they had then."""

import os
from typing import NamedTuple, Self

from ytarchive.common.database import Row
from ytarchive.storage.views.entries import joined

LARGEST_INTEGER = 2**63 - 1
"""Of SQLite. Network and union file systems have larger inode numbers."""


class Facts(NamedTuple):
    """The identity of a file of a view when it was created."""

    inode: int
    size: int
    modified: int

    @classmethod
    def of(cls, found: os.stat_result) -> Self:
        """Return the identity of a file."""
        return cls(found.st_ino & LARGEST_INTEGER, found.st_size, found.st_mtime_ns)


class Record(NamedTuple):
    """A file that a view has created, or was about to create.

    `source`: the key of the stored file; None for generated content. `facts`: None if its creation
    may not have ended.
    """

    folder: str
    name: str
    owner: str
    source: str | None
    digest: str
    facts: Facts | None = None

    @classmethod
    def of(cls, row: Row) -> Self:
        """Return a record from its row."""
        facts = Facts(row["inode"], row["size"], row["modified"]) if row["inode"] else None
        return cls(row["folder"], row["name"], row["owner"], row["source"], row["digest"], facts)

    @property
    def place(self) -> tuple[str, str]:
        """Return the folder and the name, which identify the record in its view."""
        return self.folder, self.name

    @property
    def path(self) -> str:
        """Return the path relative to the view."""
        return joined(self.folder, self.name)
