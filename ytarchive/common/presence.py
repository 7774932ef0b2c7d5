"""Refuses work on files while the archive is missing from its folder.

The folder of an unmounted disk looks like an archive without files.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ytarchive.common.errors import ArchiveMissing, NotAnArchive
from ytarchive.common.grouping import Grouped, outcome_of
from ytarchive.common.identity import IDENTITY_FILE, read_identity


class Presence:
    """Checks that a folder still contains the archive that was opened there."""

    def __init__(self, base: Path, archive_id: str) -> None:
        self.base = base
        self.archive_id = archive_id
        self._checks = Grouped[None, None](self._check_once, most=10_000)

    def require(self) -> None:
        """Raise ArchiveMissing, with the reason, if the archive is missing. Reads one file."""
        try:
            found = read_identity(self.base)
        except NotAnArchive as error:
            raise ArchiveMissing(error.message, path=str(self.base)) from None
        if found is None:
            gone = f"the archive's folder {self.base} is missing: it has no {IDENTITY_FILE}"
            raise ArchiveMissing(gone, path=str(self.base))
        if found.id != self.archive_id:
            message = f"the folder {self.base} now contains another archive ({found.id})"
            raise ArchiveMissing(f"{message} than {self.archive_id}", path=str(self.base))

    def is_there(self) -> bool:
        """Return whether `require` finds the archive."""
        try:
            self.require()
        except ArchiveMissing:
            return False
        return True

    async def check(self) -> None:
        """Do as `require`, in a thread. Calls share the next check that has not begun."""
        await self._checks.run(None)

    def _check_once(self, callers: Sequence[None]) -> list[Exception | None]:
        return [outcome_of(lambda _: self.require(), None)] * len(callers)


class ArchiveWatch:
    """Checks the presence before and after operations. Without `presence` nothing is checked."""

    def __init__(self, presence: Presence | None) -> None:
        self._presence = presence

    @property
    def archive_id(self) -> str | None:
        """Return the identity of the archive that must be present, if it has one."""
        return self._presence.archive_id if self._presence else None

    async def require(self) -> None:
        """Raise ArchiveMissing if the folder does not contain the archive."""
        if self._presence is not None:
            await self._presence.check()

    async def is_there(self) -> bool:
        """Return whether the folder contains the archive."""
        return self._presence is None or await asyncio.to_thread(self._presence.is_there)

    @asynccontextmanager
    async def checked(self, *, writes: bool = True) -> AsyncIterator[None]:
        """Check before and after the block: a file that is missing may be on the missing disk.

        An error of the block is replaced by ArchiveMissing if that is its cause. A block that
        writes nothing needs no check before it, because the check after it decides.
        """
        if writes:
            await self.require()
        try:
            yield
        except Exception:
            await self.require()
            raise
        await self.require()
