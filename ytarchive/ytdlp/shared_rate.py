"""Divides `download.total_rate_limit` among the active downloads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from ytarchive.common.download_config import DownloadConfig


class Limited(Protocol):
    """A worker whose transfers can be limited at any time."""

    async def limit_rate(self, rate: float) -> None:
        """Limit the transfers to `rate` bytes per second."""
        ...


class SharedRate:
    """Gives each active download an equal share, at most `download.rate_limit`."""

    def __init__(self, settings: DownloadConfig) -> None:
        self._total = settings.total_rate_limit
        self._most = settings.rate_limit
        self._active: list[Limited] = []

    @asynccontextmanager
    async def share(self, worker: Limited) -> AsyncIterator[None]:
        """Limit a worker within the block; the others get less before it begins."""
        self._active.insert(0, worker)
        try:
            await self._divide()
            yield
        finally:
            self._active.remove(worker)
            await self._divide()

    async def _divide(self) -> None:
        if self._total is None:
            return
        for worker in reversed(self._active):  # the newest worker is the last one
            share = self._total / max(len(self._active), 1)
            await worker.limit_rate(min(share, self._most or share))
