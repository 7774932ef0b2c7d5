"""The disk guard: nothing new starts while the archive's disk is nearly full."""

import asyncio

from loguru import logger

from ytarchive.common.errors import YTArchiveError
from ytarchive.storage import StorageAPI

log = logger.bind(service="jobs")

_INTERVAL = 15.0


class DiskGuard:
    """Holds the queue back below `storage.min_free`, and lets it go on by itself."""

    def __init__(self, storage: StorageAPI) -> None:
        self._storage = storage
        self.waiting_for: str | None = None
        """Why nothing starts now, in words; None if there is room."""

    async def admit(self) -> None:
        """Wait until there is room for another video."""
        while (shortage := await self._shortage()) is not None:
            if self.waiting_for is None:
                log.warning("the queue waits: {}", shortage)
            self.waiting_for = shortage
            await asyncio.sleep(_INTERVAL)
        if self.waiting_for is not None:
            log.info("there is room again: the queue goes on")
        self.waiting_for = None

    async def _shortage(self) -> str | None:
        """What is missing, in words. A Storage service that is away is not the guard's business."""
        try:
            stats = await self._storage.get_stats()
        except YTArchiveError:
            return None
        if not stats.is_low_on_space:
            return None
        free, least = stats.free_bytes // 2**20, stats.min_free_bytes // 2**20
        return (
            f"{stats.base_path} has {free} MiB free, less than storage.min_free ({least} MiB); "
            "free some space, and it goes on"
        )
