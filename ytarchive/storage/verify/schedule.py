"""When a server verifies the archive by itself."""

from datetime import datetime, timedelta

from ytarchive.common.config import StorageConfig
from ytarchive.common.models import utc_now
from ytarchive.storage.verify.models import VerifyRequest, VerifyState
from ytarchive.storage.verify.passes import Pass, Passes, scope_of
from ytarchive.storage.verify.verification import Verifier

FIRST_LOOK = 300.0
"""Seconds; so that commands without a server, which soon end, never begin."""
LOOK_EVERY = 600.0
_SESSION_EVERY = timedelta(days=1)


def is_due(last: Pass | None, every: timedelta, now: datetime) -> bool:
    """Whether a session should begin: a new pass, or the next day of one that is not complete."""
    if last is None:
        return True
    if last.state is VerifyState.COMPLETE and last.completed_at is not None:
        return now - last.completed_at >= every
    return last.state is not VerifyState.RUNNING and now - last.updated_at >= _SESSION_EVERY


async def verify_if_due(verifier: Verifier, passes: Passes, config: StorageConfig) -> None:
    """Begin a session with one thread if one is due; nothing is repaired unasked."""
    if config.verify_every_days is None or verifier.is_running:
        return
    request = VerifyRequest(time_limit=config.verify_time_limit)
    last = await passes.last_pass(scope_of(request))
    if is_due(last, timedelta(days=config.verify_every_days), utc_now()):
        await verifier.start(request, threads=1)
