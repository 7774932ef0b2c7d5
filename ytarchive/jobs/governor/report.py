"""The governor's state for people and programs."""

import math

from ytarchive.common.config import DownloadConfig
from ytarchive.common.errors import RequestsPaused
from ytarchive.jobs.governor.circuit import Circuit, CircuitState
from ytarchive.jobs.governor.models import GovernorState
from ytarchive.jobs.queue.waiting import Waiting

PAUSED = "paused"
"""The reason of a pause by a user."""
LISTING_SHRANK = "listing_shrank"
"""The reason of a pause because a list suddenly shrank."""
_UNKNOWN = 600
"""Seconds to wait if the end is not known."""


def state_of(state: CircuitState, settings: DownloadConfig, tokens: float) -> GovernorState:
    """Return the current state; `tokens`: videos that may start at once."""
    return GovernorState(
        egress=state.egress,
        state=state.circuit,
        reason=state.reason,
        message=state.message,
        opened_at=state.opened_at,
        next_probe_at=state.next_probe_at,
        paused_at=state.paused_at,
        pace=settings.pace,
        videos_per_hour=settings.videos_per_hour,
        ready_videos=max(int(tokens), 0),
    )


def refusal_of(waiting: Waiting | None, seconds: float) -> RequestsPaused:
    """Return the error for a request that cannot wait; `seconds`: when it may be sent again."""
    why = waiting.message if waiting else "other requests are running"
    later = max(round(seconds), 1) if math.isfinite(seconds) else _UNKNOWN
    return RequestsPaused(f"no request to YouTube now: {why}", retry_after=later)


def waiting_of(state: CircuitState) -> Waiting | None:
    """Return why no video starts now, except the pace; None if one may."""
    egress = state.egress
    if state.paused_at is not None:
        since = f"{state.paused_at:%Y-%m-%d %H:%M} UTC"
        message = f"paused by `ytarchive pause` since {since}; `ytarchive resume` ends the pause"
        return Waiting(PAUSED, message, egress=egress)
    if state.circuit is Circuit.OPEN and state.next_probe_at:
        until = f"next attempt at {state.next_probe_at:%Y-%m-%d %H:%M} UTC"
        return Waiting(state.reason or "", f"{state.message}; {until}", state.next_probe_at, egress)
    if state.circuit is Circuit.PROBING:
        return Waiting("probing", f"{state.message}; one video is the probe", egress=egress)
    return None
