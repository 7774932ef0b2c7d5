"""Shares one call between several callers."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Generic, TypeVar

from loguru import logger

from ytarchive.common.errors import InternalError, YTArchiveError, error_from

log = logger.bind(service="metadata")

T = TypeVar("T")


class _Call(Generic[T]):
    def __init__(self, task: asyncio.Task[T]) -> None:
        self.task = task
        self.waiting = 0


class SharedCalls(Generic[T]):
    """Runs one call for each key for all callers; it is cancelled when no caller waits."""

    def __init__(self) -> None:
        self._running: dict[object, _Call[T]] = {}

    async def run(self, key: object, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of the running call for `key`, or of a new one."""
        call = self._running.get(key)
        if call is None:
            call = self._running[key] = _Call(asyncio.create_task(start()))
        call.waiting += 1
        try:
            return await asyncio.shield(call.task)
        except YTArchiveError as error:
            raise error_from(error.detail()) from error  # each caller gets its own error object
        finally:
            call.waiting -= 1
            if call.waiting == 0:
                call.task.cancel()
            if (call.waiting == 0 or call.task.done()) and self._running.get(key) is call:
                del self._running[key]

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = [call.task for call in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Collector(Generic[T]):
    """Collects keys requested at about the same time, and fetches them in one call."""

    def __init__(
        self,
        fetch: Callable[[list[str]], Awaitable[Mapping[str, T | YTArchiveError]]],
        *,
        most: int,
        delay: float = 0.01,
    ) -> None:
        self._fetch = fetch
        self._most = most
        self._delay = delay
        self._asked: dict[str, asyncio.Future[T | YTArchiveError]] = {}
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._calls: set[asyncio.Task[None]] = set()

    async def get(self, key: str) -> T:
        """Return the value of `key`. Cancelling a caller does not affect the others."""
        future = self._asked.get(key) or self._add(key)
        outcome = await asyncio.shield(future)
        if isinstance(outcome, YTArchiveError):
            raise error_from(outcome.detail())
        return outcome

    async def close(self) -> None:
        """Give up what is under way."""
        if self._timer is not None:
            self._timer.cancel()
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        for future in self._asked.values():
            future.cancel()

    def _add(self, key: str) -> asyncio.Future[T | YTArchiveError]:
        loop = asyncio.get_running_loop()
        self._asked[key] = loop.create_future()
        self._waiting.append(key)
        if len(self._waiting) >= self._most:
            self._send()
        elif self._timer is None:
            self._timer = loop.call_later(self._delay, self._send)
        return self._asked[key]

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        keys, self._waiting = self._waiting, []
        call = asyncio.create_task(self._answer(keys))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _answer(self, keys: list[str]) -> None:
        outcomes: Mapping[str, T | YTArchiveError]
        try:
            outcomes = await self._fetch(keys)
        except YTArchiveError as error:
            outcomes = dict.fromkeys(keys, error)
        except Exception as error:  # any error must reach the waiting callers
            log.opt(exception=error).error("metadata could not be fetched")
            outcomes = dict.fromkeys(keys, InternalError())
        for key in keys:
            self._asked.pop(key).set_result(outcomes[key])
