"""Group commit: what is asked for while a thread is busy is done together in its next turn."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class Grouped(Generic[A, R]):
    """Blocking work that costs little more for many things than for one, in turns of a thread.

    `work` tells each thing's outcome: its result, or the exception to raise where it was asked for.
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
        if self._turns is None:
            self._turns = asyncio.create_task(self._take_turns())
        return await done

    async def finish(self) -> None:
        """Wait until nothing is left to do."""
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
        except Exception as error:  # whatever it is, nobody may wait for ever
            return [error] * len(things)


def outcome_of(work: Callable[[A], R], thing: A) -> R | Exception:
    """Return the result of `work` for one item of a group; a failure does not affect the others."""
    try:
        return work(thing)
    except Exception as error:  # it is raised again where it was asked for
        return error


def _settle(done: "asyncio.Future[Any]", outcome: Any) -> None:
    if done.cancelled():
        return
    if isinstance(outcome, StopIteration):  # which no future can hold
        done.set_exception(RuntimeError("what was asked for raised StopIteration"))
    elif isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
