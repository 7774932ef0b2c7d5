"""When a server verifies the archive by itself."""

import asyncio
from datetime import datetime, timedelta

from loguru import logger

from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import YTArchiveError
from ytarchive.common.models import utc_now
from ytarchive.storage.verify.models import VerifyRequest, VerifyState
from ytarchive.storage.verify.passes import Pass, Passes, scope_of
from ytarchive.storage.verify.verification import Verifier

log = logger.bind(service="storage")

_FIRST_LOOK = 300.0
"""Seconds; so that commands without a server, which soon end, never begin."""
_LOOK_EVERY = 600.0
_SESSION_EVERY = timedelta(days=1)


def is_due(last: Pass | None, every: timedelta, now: datetime) -> bool:
    """Whether a session should begin: a new pass, or the next day of one that is not complete."""
    if last is None:
        return True
    if last.state is VerifyState.COMPLETE and last.completed_at is not None:
        return now - last.completed_at >= every
    return last.state is not VerifyState.RUNNING and now - last.updated_at >= _SESSION_EVERY


async def verify_regularly(verifier: Verifier, passes: Passes, config: StorageConfig) -> None:
    """Verify whenever it is due, for ever, with one thread; nothing is repaired unasked."""
    if config.verify_every_days is None:
        return
    request = VerifyRequest(time_limit=config.verify_time_limit)
    every = timedelta(days=config.verify_every_days)
    await asyncio.sleep(_FIRST_LOOK)
    while True:
        try:
            last = await passes.last_pass(scope_of(request))
            if not verifier.is_running and is_due(last, every, utc_now()):
                await verifier.start(request, threads=1)
        except YTArchiveError as error:
            log.error("the regular verification could not begin: {}", error.message)
        await asyncio.sleep(_LOOK_EVERY)
