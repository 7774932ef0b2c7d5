"""An event loop whose clock jumps to the next timer when nothing else is to be done.

A month passes in seconds, and all timers run in order. Work in threads (SQLite) is waited for in
real time, so that the clock never jumps over it.
"""

import asyncio
import functools
import selectors
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from loguru import logger

from ytarchive.common.database import Database
from ytarchive.jobs.availability.service import AvailabilityLedger
from ytarchive.jobs.governor.governor import Governor
from ytarchive.jobs.guards import guards
from ytarchive.jobs.queue import queue

T = TypeVar("T")

START = datetime(2026, 3, 1, tzinfo=UTC)
_LONGEST_QUERY = 10.0


class _Selector(selectors.DefaultSelector):
    """Waits for threads only; other waiting is a jump of the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.busy = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        if self.busy or timeout is None:
            return super().select(_LONGEST_QUERY if timeout != 0 else 0)
        found = super().select(0)
        if not found:
            self.now += max(timeout, 0.001)  # less would be lost in rounding
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """`now()` is the simulated moment in UTC."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Seconds since the start of the simulation."""
        return self._virtual.now

    def now(self) -> datetime:
        """The simulated moment."""
        return START + timedelta(seconds=self._virtual.now)

    def run_in_executor(self, *arguments: Any) -> Any:  # type: ignore[override]  # passed on as is
        """Run the work; the clock is stopped until its end."""
        self._virtual.busy += 1
        future = super().run_in_executor(*arguments)
        future.add_done_callback(self._done)
        return future

    def counted(self, method: Callable[..., Coroutine[Any, Any, T]]) -> Any:
        """`method`, with the clock stopped during its calls."""

        @functools.wraps(method)
        async def wrapped(*arguments: Any, **more: Any) -> T:
            self._virtual.busy += 1
            try:
                return await method(*arguments, **more)
            finally:
                self._done()

        return wrapped

    def _done(self, *_: object) -> None:
        self._virtual.busy -= 1


def run(patch: pytest.MonkeyPatch, main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Run `main` with the Jobs service in simulated time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        for name, module in list(sys.modules.items()):
            is_simulated = name.startswith(("ytarchive.jobs", "ytarchive.subscriptions"))
            if is_simulated and hasattr(module, "utc_now"):
                patch.setattr(module, "utc_now", loop.now)
        patch.setattr(queue, "stopwatch", loop.time)
        patch.setattr(
            Governor, "open", functools.partial(Governor.open, now=loop.now, passed=loop.time)
        )
        patch.setattr(
            guards, "AvailabilityLedger", functools.partial(AvailabilityLedger, now=loop.now)
        )
        for name in ("select", "write", "open"):
            patch.setattr(Database, name, loop.counted(getattr(Database, name)))
        logger.disable("ytarchive")  # a month produces many entries
        try:
            return runner.run(main(loop))
        finally:
            logger.enable("ytarchive")
