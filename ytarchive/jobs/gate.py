"""Brings what does not come from the queue before the governor as well.

Somebody asks the API for a video's formats, or starts a download by hand: to YouTube that is the
same address. The queue's own work has been admitted before and just passes.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ytarchive.common.errors import YTArchiveError
from ytarchive.jobs.governor import Governor, admitted
from ytarchive.jobs.policy import is_an_answer
from ytarchive.ytdlp import Gate


class GovernedGate(Gate):
    """Lets pass whom the governor admits, and tells it what came of it."""

    def __init__(self, governor: Governor) -> None:
        self._governor = governor

    @asynccontextmanager
    async def passing(self, source: str, *, is_video: bool, patient: bool) -> AsyncIterator[None]:
        """Wait for the governor, for as long as it takes or as somebody may wait for an answer."""
        if admitted.get() is not None:
            yield
            return
        cost = 1.0 if is_video else 0.0
        governor = self._governor
        permit = await (governor.admit(cost) if patient else governor.admit_soon(cost))
        try:
            yield
            await governor.succeeded(permit)
        except YTArchiveError as error:
            if is_an_answer(error):
                await governor.succeeded(permit)
            else:
                await governor.failed(error, source, permit)
            raise
        finally:
            governor.leave(permit)
