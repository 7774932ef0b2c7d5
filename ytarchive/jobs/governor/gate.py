"""Brings what does not come from the queue before the governor as well.

Somebody asks the API for a video's formats, or starts a download by hand: to YouTube that is the
same address. The queue's own work has been admitted before and just passes. In a process apart
from the governor's, `remote_gate.py` does the same.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ytarchive.common.errors import YTArchiveError
from ytarchive.jobs.governor.governor import Governor
from ytarchive.jobs.governor.permit import Permit
from ytarchive.jobs.queue.policy import is_an_answer
from ytarchive.ytdlp import Gate

_PATIENCE = 60.0
"""Seconds for which somebody waits who asked for one thing."""


class GovernedGate(Gate):
    """Lets pass whom the governor admits, and tells it what came of it."""

    def __init__(self, governor: Governor) -> None:
        self._governor = governor

    @asynccontextmanager
    async def passing(self, source: str, *, is_video: bool, patient: bool) -> AsyncIterator[None]:
        """Wait for the governor, for as long as it takes or as somebody may wait for an answer."""
        permit = await self.admit(source, is_video=is_video, patient=patient)
        try:
            yield
        except YTArchiveError as error:
            await self.tell(permit, source, error)
            raise
        else:
            await self.tell(permit, source)
        finally:
            self.leave(permit)

    async def admit(self, source: str, *, is_video: bool, patient: bool) -> Permit:
        """Leave to ask about a video, or for a page of a list. Raises RequestsPaused."""
        cost = 1.0 if is_video else 0.0
        return await self._governor.admit(cost, source, patience=None if patient else _PATIENCE)

    async def tell(self, permit: Permit, source: str, error: YTArchiveError | None = None) -> None:
        """How it went. The queue tells that of its videos itself."""
        if permit.is_covered:
            return
        if error is None or is_an_answer(error):
            await self._governor.succeeded(permit)
        else:
            await self._governor.failed(error, source, permit)

    def leave(self, permit: Permit) -> None:
        """It is over, however it went."""
        self._governor.leave(permit)
