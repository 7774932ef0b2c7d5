"""Verifies the archive in the background: one pass at a time, over one or more sessions."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from loguru import logger

from ytarchive.common.config import StorageConfig
from ytarchive.common.disk import translated
from ytarchive.common.errors import ArchiveMissing, Conflict, YTArchiveError
from ytarchive.common.models import Page, utc_now
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.scheduler import Duty
from ytarchive.storage.bins.bins import Bins
from ytarchive.storage.library.repository import Library
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.watching import WatchedOperations, databases_only
from ytarchive.storage.verify.api import VerificationAPI
from ytarchive.storage.verify.finding_handler import FindingHandler
from ytarchive.storage.verify.findings import Findings
from ytarchive.storage.verify.models import (
    Finding,
    FindingQuery,
    Verification,
    VerifyRequest,
    VerifyState,
)
from ytarchive.storage.verify.passes import Pass, VerificationPasses, scope_of
from ytarchive.storage.verify.session import VerificationSession

log = logger.bind(service="storage")

_OLDEST_RESUMED = timedelta(days=30)
"""An older pass is not resumed, because its results are outdated."""


class Verifier(WatchedOperations, VerificationAPI):
    """Starts, monitors and stops the verification."""

    def __init__(
        self,
        passes: VerificationPasses,
        findings: Findings,
        library: Library,
        layout: Layout,
        lock: Callable[[str], asyncio.Lock],
        bins: Bins,
        forget_if_removed: Callable[[str], Awaitable[bool]],
    ) -> None:
        super().__init__(findings.watch)
        self._passes = passes
        self._findings = findings
        self._library = library
        self._layout = layout
        self._lock = lock
        self._bins = bins
        self._forget_if_removed = forget_if_removed
        self._starting = asyncio.Lock()
        self._session: VerificationSession | None = None
        self._task: asyncio.Task[None] | None = None

    async def start_verification(
        self, request: VerifyRequest, threads: int | None = None
    ) -> Verification:
        """Start or resume a pass. `threads`: the default is one per core."""
        async with self._starting:
            await self._require_none()
            progress = await self._begun(request)
            self._session = self._new_session(progress, request, threads or os.cpu_count() or 1)
            self._task = asyncio.create_task(self._run(self._session, progress.scope))
        return await self.get_verification()

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Start no verification during the block. Raises Conflict if one is running."""
        async with self._starting:
            await self._require_none()
            yield

    async def _require_none(self) -> None:
        ended = (await self.get_verification()).state is not VerifyState.RUNNING
        if self._task is not None and ended:
            await asyncio.wait([self._task])  # its state is recorded; the task is about to end
        if self.is_running:
            raise Conflict("a verification is running; cancel it, or wait for its end")

    @property
    def is_running(self) -> bool:
        """Return whether a session is running."""
        return self._task is not None and not self._task.done()

    @databases_only
    async def get_verification(self) -> Verification:
        return await self._passes.summary()

    @databases_only
    async def list_findings(self, request: FindingQuery) -> Page[Finding]:
        return await self._findings.page(request)

    @databases_only
    async def cancel_verification(self) -> Verification:
        if not self.is_running:
            raise Conflict("no verification is running")
        await self.close()
        return await self.get_verification()

    async def close(self) -> None:
        """Stop the session, if there is one, and wait for its end."""
        if self._session is not None and self._task is not None:
            self._session.stop()
            await asyncio.wait([self._task])

    async def _begun(self, asked: VerifyRequest) -> Pass:
        """Return the pass to work on: a recently stopped pass of the same scope, or a new one."""
        request = await self._with_percentage(asked)
        last = await self._passes.last_pass(scope_of(request))
        if last is not None and request.resume and _can_resume(last, request):
            await self._passes.set_state(last.scope, VerifyState.RUNNING)
            log.info("verification resumes after {} videos", last.videos_checked)
            return last
        log.info("verification begins: {}", scope_of(request))
        return await self._passes.begin(request)

    async def _with_percentage(self, request: VerifyRequest) -> VerifyRequest:
        """Return the request with its number of videos converted to a percentage."""
        if request.sample_videos is None:
            return request
        total = max(await self._passes.count_videos(), 1)
        share = min(100 * request.sample_videos / total, 100.0)
        return request.model_copy(update={"sample_percent": share})

    def _new_session(
        self, progress: Pass, request: VerifyRequest, threads: int
    ) -> VerificationSession:
        shared = (self._findings, self._library, self._lock, self._bins)
        handler = FindingHandler(*shared, self._forget_if_removed, request)
        return VerificationSession(
            self._passes, self._findings, self._layout, handler, progress, request, threads
        )

    async def _run(self, session: VerificationSession, scope: str) -> None:
        state, error = VerifyState.FAILED, None
        try:
            async with self.watch.checked():
                state = await session.run()
        except ArchiveMissing as missing:
            state, error = VerifyState.STOPPED, f"{missing.message}. {missing.remedy}"
            log.error("verification interrupted: {}", missing.message)
        except YTArchiveError as failure:
            error = failure.message
            log.error("verification failed: {}", error)
        except OSError as failure:
            error = translated(failure, self._layout.base).message
            log.error("verification failed: {}", error)
        except Exception as failure:
            error = f"an internal error of ytarchive: {failure}"
            log.exception("verification failed")
        finally:
            await self._passes.set_state(scope, state, error)
            await self._library.measure()
        log.info("verification {}", state)


def _can_resume(last: Pass, request: VerifyRequest) -> bool:
    """Return whether a pass was recently stopped, not failed, and has the requested sample."""
    return (
        last.state is VerifyState.STOPPED
        and last.sample_percent == request.sample_percent
        and utc_now() - last.updated_at < _OLDEST_RESUMED
    )


def due_at(last: Pass | None, every: timedelta, now: datetime) -> datetime | None:
    """Return when a session is due: for a new pass, or a day after that of an incomplete one.

    A pass that was interrupted by a missing archive is due at once. So is one that is still marked
    as running although nothing runs: its state could not be recorded in the missing archive.
    """
    if last is None:
        return now
    if last.state is VerifyState.COMPLETE and last.completed_at is not None:
        return last.completed_at + every
    if last.was_interrupted or last.state is VerifyState.RUNNING:
        return last.updated_at
    return last.updated_at + timedelta(days=1)


class VerificationSchedule:
    """Starts sessions with one thread; files are repaired only on request."""

    def __init__(
        self,
        verifier: Verifier,
        passes: VerificationPasses,
        watch: ArchiveWatch,
        config: StorageConfig,
    ) -> None:
        self._verifier = verifier
        self._passes = passes
        self._watch = watch
        self._every_days = config.verify_every_days
        self._request = VerifyRequest(time_limit=config.verify_time_limit)

    @property
    def duty(self) -> Duty:
        """Return the duty; its due time is derived from the row of the last pass."""
        return Duty("verification", self.begin, 600.0, 300.0, due=self.due)

    async def due(self) -> datetime | None:
        """Return when the next session is due.

        None if never, while one is running, or while the archive is missing.
        """
        if self._every_days is None or self._verifier.is_running:
            return None
        if not await self._watch.is_there():
            return None
        last = await self._passes.last_pass(scope_of(self._request))
        return due_at(last, timedelta(days=self._every_days), utc_now())

    async def begin(self) -> None:
        """Start a session."""
        await self._verifier.start_verification(self._request, threads=1)
