"""The gate in another process: it requests permits from the governor in the Jobs process.

The queue's videos are admitted there already, so the governor admits their requests at once.
Without an answer no request is sent.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loguru import logger

from ytarchive.common.errors import RequestsPaused, ServiceUnavailable, YTArchiveError
from ytarchive.jobs.governor.api import PermitsAPI
from ytarchive.jobs.governor.models import GivenPermit, PermitOutcome, PermitRequest
from ytarchive.ytdlp import Gate

log = logger.bind(service="jobs")

_SECONDS_BETWEEN = (1, 2, 4, 8, 15)


class RemoteGate(Gate):
    """Admits requests by the Jobs service, and reports their outcomes to it."""

    def __init__(self, permits: PermitsAPI) -> None:
        self._permits = permits

    @asynccontextmanager
    async def passing(self, source: str, *, cost: float, patient: bool) -> AsyncIterator[None]:
        """Wait for a permit. Raises ServiceUnavailable when Jobs does not answer."""
        request = PermitRequest(source=source, cost=cost)
        permit = await (self._wait(request) if patient else self._ask(request))
        if permit.permit_id is None:
            yield
            return
        renewing = asyncio.create_task(self._renew(permit.permit_id, permit.lease))
        outcome = PermitOutcome(source=source)
        try:
            yield
            outcome = PermitOutcome(source=source, succeeded=True)
        except YTArchiveError as error:
            outcome = PermitOutcome(source=source, error=error.detail())
            raise
        finally:
            renewing.cancel()
            await self._end(permit.permit_id, outcome)

    async def _ask(self, request: PermitRequest) -> GivenPermit:
        try:
            return await self._permits.ask_permit(request)
        except RequestsPaused:
            raise
        except YTArchiveError as error:
            message = f"no request to YouTube without a permit of the Jobs service: {error.message}"
            raise ServiceUnavailable(message) from error

    async def _wait(self, request: PermitRequest) -> GivenPermit:
        """Retry until admitted, also before the reported time: a user may end the pause."""
        pauses = itertools.chain(_SECONDS_BETWEEN, itertools.repeat(_SECONDS_BETWEEN[-1]))
        logged = ""
        while True:
            try:
                return await self._ask(request)
            except (RequestsPaused, ServiceUnavailable) as error:
                if error.message != logged:
                    logged = error.message
                    log.warning("{} waits: {}", request.source, logged)
            await asyncio.sleep(next(pauses))

    async def _renew(self, permit_id: str, lease: float) -> None:
        """Renew the permit until cancelled. If it expires, its work continues."""
        while True:
            await asyncio.sleep(lease / 3)
            try:
                await self._permits.renew_permit(permit_id)
            except YTArchiveError as error:
                log.debug("a permit could not be renewed: {}", error.message)

    async def _end(self, permit_id: str, outcome: PermitOutcome) -> None:
        try:
            async with asyncio.timeout(5):
                await self._permits.end_permit(permit_id, outcome)
        except (YTArchiveError, TimeoutError) as error:
            log.warning(
                "the outcome of {} could not be reported to Jobs: {}", outcome.source, error
            )
