"""One session of the adoption: lists the files of the folder, then adopts video by video.

At the end it marks the videos that only a download archive of yt-dlp names.
"""

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

from loguru import logger

from ytarchive.common.disk import os_errors
from ytarchive.common.errors import Cancelled, LocalError, StaleShare, StorageGone, StorageProblem
from ytarchive.common.presence import ArchiveWatch
from ytarchive.storage.adopt.deciding import Decisions
from ytarchive.storage.adopt.lists import ListImporter
from ytarchive.storage.adopt.models import Outcome
from ytarchive.storage.adopt.recognisers import FoundFile
from ytarchive.storage.adopt.records import AdoptionRecords, Settled
from ytarchive.storage.adopt.scanning import Scan
from ytarchive.storage.store.background import PassState

log = logger.bind(service="storage")

_FILES_AT_ONCE = 1000
_MOST_FAILURES = 5
"""Videos in a row that fail, after which the disk is assumed to be the cause."""


class AdoptionSession:
    """Works on the recorded adoption until its end. The disks are checked before each video."""

    def __init__(
        self,
        records: AdoptionRecords,
        decisions: Decisions,
        lists: ListImporter,
        watch: ArchiveWatch,
        root: Path,
        own: Path,
        *,
        is_listed: bool,
    ) -> None:
        """`root`: the folder. `own`: that of this archive, which is not examined.

        `is_listed`: whether an earlier session has listed the folder's files.
        """
        self._is_listed = is_listed
        self._records = records
        self._decisions = decisions
        self._lists = lists
        self._watch = watch
        self._root = root
        self._scan = Scan(root, own)
        self._identity = _identity(root)
        self._failures = 0

    def stop(self) -> None:
        """Make `run` end soon; the next session continues."""
        self._scan.is_stopped = True

    @property
    def is_stopped(self) -> bool:
        """Return whether `stop` was called."""
        return self._scan.is_stopped

    async def run(self) -> PassState:
        """Adopt the folder. Return the state afterwards. Raises a LocalError that stops it."""
        try:
            if not self._is_listed:
                await self._list()
            await self._adopt()
            if not self.is_stopped:
                await self._require_disks()
                await self._lists.mark_known()
        except Cancelled:
            return PassState.STOPPED
        return PassState.STOPPED if self.is_stopped else PassState.COMPLETE

    async def _list(self) -> None:
        await self._records.forget_files()
        files, count = self._scan.files(), 0
        while some := await asyncio.to_thread(self._take, files):
            count += len(some)
            await self._records.add_files(some, count)
        await self._require_disks()
        await self._records.set_listed(count)

    def _take(self, files: Iterator[FoundFile]) -> list[FoundFile]:
        with os_errors(self._root):
            return list(itertools.islice(files, _FILES_AT_ONCE))

    async def _adopt(self) -> None:
        cursor = ""
        while video_ids := await self._records.next_videos(cursor):
            waiting = iter(video_ids)
            while some := list(itertools.islice(waiting, self._decisions.at_once)):
                if self.is_stopped:
                    return
                await self._require_disks()
                ended = await asyncio.gather(*map(self._settle, some), return_exceptions=True)
                for error in filter(None, ended):
                    raise error
            cursor = video_ids[-1]

    async def _settle(self, video_id: str) -> None:
        settled = await self._decide(video_id)
        if any(outcome is Outcome.NOT_RECOGNISED for outcome, _ in settled.files.values()):
            await self._require_disks()  # a file of a missing disk cannot be read either
        await self._records.settle(settled)

    async def _decide(self, video_id: str) -> Settled:
        files = await self._records.files_of(video_id)
        try:
            settled = await self._decisions.decide(video_id, files)
        except Cancelled:
            raise
        except LocalError as error:
            await self._require_disks()
            is_of_disk = isinstance(error, StorageProblem) and not isinstance(error, StaleShare)
            self._failures += 1
            if is_of_disk or self._failures >= _MOST_FAILURES:
                raise
            log.warning("{}: not adopted: {}", video_id, error.message)
            settled = Settled(video_id)
            settled.add(files, Outcome.NOT_RECOGNISED, f"it cannot be adopted: {error.message}")
            return settled
        self._failures = 0
        return settled

    async def _require_disks(self) -> None:
        """Raise ArchiveMissing or StorageGone if the archive or the folder is gone."""
        await self._watch.require()
        if await asyncio.to_thread(_identity, self._root) != self._identity:
            raise StorageGone(f"the folder {self._root} is gone: is its disk mounted?")


def _identity(folder: Path) -> tuple[int, int] | None:
    """Return what distinguishes a folder from another one at its path; None if it is gone."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
