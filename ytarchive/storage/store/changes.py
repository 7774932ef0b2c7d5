"""Runs changes of stored videos: one at a time per video, each to its end."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from ytarchive.common.errors import Conflict

T = TypeVar("T")
Work = asyncio.Task[Any]


class Changes:
    """The locks of the videos, and the running changes."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._running: set[Work] = set()
        self._alone: Work | None = None

    def lock(self, video_id: str) -> asyncio.Lock:
        """Return the lock that a call must hold to change a video."""
        return self._locks.setdefault(video_id, asyncio.Lock())

    async def run_to_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` even if its caller is cancelled, because its threads cannot be cancelled."""
        earlier = [self._alone] if self._alone and not self._alone.done() else []
        return await self._kept(_after(earlier, work))

    async def alone(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `work` in the same way after the running changes, and later changes after it.

        `close` cancels it. Raises Conflict while other work runs alone.
        """
        if self._alone is not None and not self._alone.done():
            raise Conflict("the library is being rebuilt")
        self._alone = asyncio.create_task(_after(list(self._running), work()))
        return await self._kept(self._alone)

    async def close(self) -> None:
        """Cancel work that runs alone, and wait for the end of all running changes."""
        if self._alone is not None:
            self._alone.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _kept(self, work: Coroutine[Any, Any, T] | asyncio.Task[T]) -> T:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)


async def _after(earlier: Sequence[Work], work: Coroutine[Any, Any, T]) -> T:
    try:
        if earlier:
            await asyncio.wait(earlier)
        return await work
    finally:
        work.close()  # it is not awaited if the waiting is cancelled
