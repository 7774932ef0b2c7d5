"""Group commit: items that arrive while the thread is busy are processed together afterwards."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class Grouped(Generic[A, R]):
    """Runs blocking work in a thread for groups of items, which costs little more than one item.

    `work` returns for each item its result, or the exception to raise in its caller.
    """

    def __init__(
        self,
        work: Callable[[Sequence[A]], Sequence[R | Exception]],
        *,
        most: int,
        executor: Executor | None = None,
    ) -> None:
        self._work = work
        self._most = most
        self._executor = executor
        self._waiting: list[tuple[A, asyncio.Future[R]]] = []
        self._turns: asyncio.Task[None] | None = None

    async def run(self, thing: A) -> R:
        """Return the result for one item when its whole group is processed."""
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((thing, done))
        if self._turns is None or self._turns.done():  # cancelled, as when a loop ends
            self._turns = asyncio.create_task(self._take_turns())
        return await done

    async def finish(self) -> None:
        """Wait until all items are processed."""
        if self._turns is not None:
            await self._turns

    async def _take_turns(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            outcomes = await self._outcomes([thing for thing, _ in group])
            for (_, done), outcome in zip(group, outcomes, strict=True):
                _settle(done, outcome)
        self._turns = None

    async def _outcomes(self, things: list[A]) -> Sequence[R | Exception]:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._executor, self._work, things)
        except Exception as error:  # any error must reach the waiting callers
            return [error] * len(things)


def outcome_of(work: Callable[[A], R], thing: A) -> R | Exception:
    """Return the result of `work` for one item of a group; a failure does not affect the others."""
    try:
        return work(thing)
    except Exception as error:  # the caller raises it
        return error


def _settle(done: "asyncio.Future[Any]", outcome: Any) -> None:
    if done.cancelled():
        return
    if isinstance(outcome, StopIteration):  # a future cannot hold StopIteration
        done.set_exception(RuntimeError("the work raised StopIteration"))
    elif isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
