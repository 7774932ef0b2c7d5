"""Runs changes of stored videos: one at a time per video, each to its end."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")


class Changes:
    """The locks of the videos, and the running changes."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._running: set[asyncio.Task[Any]] = set()

    def lock(self, video_id: str) -> asyncio.Lock:
        """Return the lock that a call must hold to change a video."""
        return self._locks.setdefault(video_id, asyncio.Lock())

    async def run_to_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` even if its caller is cancelled, because its threads cannot be cancelled."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def finish(self) -> None:
        """Wait for the end of all running changes."""
        await asyncio.gather(*self._running, return_exceptions=True)
