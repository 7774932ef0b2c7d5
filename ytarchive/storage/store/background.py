"""Runs a verification or an adoption in the background: one session at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from loguru import logger

from ytarchive.common.disk import translated
from ytarchive.common.errors import ArchiveMissing, Conflict, StorageProblem, YTArchiveError
from ytarchive.common.presence import ArchiveWatch

log = logger.bind(service="storage")


class PassState(StrEnum):
    """The state of a verification or an adoption."""

    NEVER = "never"
    RUNNING = "running"
    STOPPED = "stopped"
    """It was cancelled, its time limit was reached, the disk was full or missing, or the process
    ended; the next run resumes it."""
    COMPLETE = "complete"
    FAILED = "failed"


class Session(Protocol):
    """Works on a pass until its end, or until it is stopped."""

    def stop(self) -> None:
        """Stop soon, after the work on which nothing can resume."""

    async def run(self) -> PassState:
        """Return STOPPED or COMPLETE."""


class BackgroundPass:
    """Runs one session at a time, and records how it ended.

    `name` is a noun without an article, for messages; `recorded` returns the recorded state.
    """

    def __init__(
        self, name: str, watch: ArchiveWatch, base: Path, recorded: Callable[[], Awaitable[str]]
    ) -> None:
        self._name = name
        self._watch = watch
        self._base = base
        self._recorded = recorded
        self._turn = asyncio.Lock()
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Return whether a session is running."""
        return self._task is not None and not self._task.done()

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Let nobody else start a session during the block. Raises Conflict if one is running."""
        async with self._turn:
            if self._task is not None and await self._recorded() != PassState.RUNNING:
                await asyncio.wait([self._task])  # its state is recorded; the task is about to end
            if self.is_running:
                raise Conflict(f"the {self._name} is running; cancel it, or wait for its end")
            yield

    def start(
        self, session: Session, ended: Callable[[PassState, str | None], Awaitable[None]]
    ) -> None:
        """Run a session, within `paused`. `ended` records its state and its error, if any."""
        self._session = session
        self._task = asyncio.create_task(self._run(session, ended))

    async def cancel(self) -> None:
        """Stop the session, and wait for its end. Raises Conflict if none is running."""
        if not self.is_running:
            raise Conflict(f"the {self._name} is not running")
        await self.close()

    async def close(self) -> None:
        """Stop the session, if there is one, and wait for its end."""
        if self._session is not None and self._task is not None:
            self._session.stop()
            await asyncio.wait([self._task])

    async def _run(
        self, session: Session, ended: Callable[[PassState, str | None], Awaitable[None]]
    ) -> None:
        state, error = PassState.FAILED, None
        try:
            async with self._watch.checked():
                state = await session.run()
        except (ArchiveMissing, StorageProblem) as problem:
            state, error = PassState.STOPPED, f"{problem.message}. {problem.remedy}"
            log.error("{} interrupted: {}", self._name, problem.message)
        except YTArchiveError as failure:
            error = failure.message
            log.error("{} failed: {}", self._name, error)
        except OSError as failure:
            error = translated(failure, self._base).message
            log.error("{} failed: {}", self._name, error)
        except Exception as failure:
            error = f"an internal error of ytarchive: {failure}"
            log.exception("{} failed", self._name)
        finally:
            await ended(state, error)
        log.info("{} {}", self._name, state)
