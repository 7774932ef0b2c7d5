"""Verifies the archive in the background: one pass at a time, over one or more sessions."""

import asyncio
import functools
import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from loguru import logger

from ytarchive.common.config import StorageConfig
from ytarchive.common.models import Page, utc_now
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.scheduler import Duty
from ytarchive.storage.bins.bins import Bins
from ytarchive.storage.library.repository import Library
from ytarchive.storage.store.background import BackgroundPass, PassState
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
        self._pass = BackgroundPass("verification", self.watch, layout.base, self._state)
        self.paused = self._pass.paused
        self.close = self._pass.close

    async def _state(self) -> PassState:
        return (await self.get_verification()).state

    async def start_verification(
        self, request: VerifyRequest, threads: int | None = None
    ) -> Verification:
        """Start or resume a pass. `threads`: the default is one per core."""
        async with self._pass.paused():
            progress = await self._begun(request)
            session = self._new_session(progress, request, threads or os.cpu_count() or 1)
            self._pass.start(session, functools.partial(self._ended, progress.scope))
        return await self.get_verification()

    async def _ended(self, scope: str, state: PassState, error: str | None) -> None:
        await self._passes.set_state(scope, state, error)
        await self._library.measure()

    @property
    def is_running(self) -> bool:
        """Return whether a session is running."""
        return self._pass.is_running

    @databases_only
    async def get_verification(self) -> Verification:
        return await self._passes.summary()

    @databases_only
    async def list_findings(self, request: FindingQuery) -> Page[Finding]:
        return await self._findings.page(request)

    @databases_only
    async def cancel_verification(self) -> Verification:
        await self._pass.cancel()
        return await self.get_verification()

    async def _begun(self, asked: VerifyRequest) -> Pass:
        """Return the pass to work on: a recently stopped pass of the same scope, or a new one."""
        request = await self._with_percentage(asked)
        last = await self._passes.last_pass(scope_of(request))
        if last is not None and request.resume and _can_resume(last, request):
            await self._passes.set_state(last.scope, PassState.RUNNING)
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


def _can_resume(last: Pass, request: VerifyRequest) -> bool:
    """Return whether a pass was recently stopped, not failed, and has the requested sample."""
    return (
        last.state is PassState.STOPPED
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
    if last.state is PassState.COMPLETE and last.completed_at is not None:
        return last.completed_at + every
    if last.was_interrupted or last.state is PassState.RUNNING:
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
