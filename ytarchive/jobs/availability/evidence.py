"""Evidence of availability in the history of videos, so that it survives the loss of `jobs.db`."""

import asyncio

from loguru import logger
from pydantic import ValidationError

from ytarchive.common.config import Settings, StorageConfig
from ytarchive.common.database import Database
from ytarchive.common.errors import YTArchiveError
from ytarchive.common.lock import StateLock
from ytarchive.common.rows import row_of
from ytarchive.common.services import ServiceName
from ytarchive.jobs.availability.records import AvailabilityRecord
from ytarchive.jobs.queue.repository import SCHEMA
from ytarchive.storage import HistoryAPI, HistoryEntry, HistoryKind, availability_history

log = logger.bind(service="jobs")


class EvidenceHistory:
    """Copies evidence from `jobs.db` to the history of videos, and back."""

    def __init__(
        self, storage: StorageConfig, database: Database, history: HistoryAPI | None = None
    ) -> None:
        self._storage = storage
        self._database = database
        self._history = history

    async def record(self, found: AvailabilityRecord) -> None:
        """Append a record of the ledger. A failure is logged: the ledger has the record."""
        if self._history is None:
            return
        entry = HistoryEntry(
            kind=HistoryKind.AVAILABILITY,
            time=found.last_seen,
            source=found.source,
            data=found.model_dump(mode="json", exclude={"stored", "summary"}),
        )
        try:
            await self._history.add_history(found.video_id, entry)
        except YTArchiveError as error:
            log.warning("{}: its history is not written: {}", found.video_id, error.message)

    async def restore(self) -> int:
        """Add unknown evidence of the history to `jobs.db`; return the number of videos."""
        restored = 0
        entries = await asyncio.to_thread(lambda: list(availability_history(self._storage)))
        for video_id, entry in entries:
            try:
                found = AvailabilityRecord.model_validate(entry.data)
            except ValidationError:
                log.warning("{}: the evidence in its history cannot be read", video_id)
                continue
            if found.video_id == video_id:
                restored += await self._database.execute("restore_availability", row_of(found))
        return restored


async def restore_evidence(settings: Settings) -> int:
    """Copy evidence from the history into `jobs.db`; return the number of videos.

    Raises StateLocked while a process owns the queue, or a database error.
    """
    state = settings.storage.state_path
    with StateLock(state, [ServiceName.JOBS]):
        async with await Database.open(state / "jobs.db", SCHEMA) as database:
            return await EvidenceHistory(settings.storage, database).restore()
