"""Follows passes of Storage over its files to their end."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from ytarchive.cli.changes import following
from ytarchive.cli.output import Output
from ytarchive.common.errors import Conflict
from ytarchive.discovery import Archive
from ytarchive.jobs import EventKind
from ytarchive.storage import Adoption, PassState, Verification

_INTERVAL, _LONGEST_INTERVAL = 0.05, 0.5
"""Seconds between two readings of the progress, which counts all files; at first and later."""
_SHOWN_EVERY = 5.0
"""Seconds between two messages about the progress."""

P = TypeVar("P", Verification, Adoption)


async def follow_pass(
    archive: Archive,
    out: Output,
    begun: P,
    get: Callable[[], Awaitable[P]],
    cancel: Callable[[], Awaitable[object]],
    *,
    kinds: Sequence[EventKind],
    progress: Callable[[P], str],
) -> P:
    """Wait for the end of a pass; an interrupt stops it, and the next run continues it."""
    current = begun
    began = shown = time.monotonic()
    try:
        async with following(archive, *kinds) as changes:
            while current.state is PassState.RUNNING:
                await changes.next()
                current = await get()
                if time.monotonic() - shown > _SHOWN_EVERY and not out.as_json:
                    shown = time.monotonic()
                    out.remark(progress(current))
                elapsed = time.monotonic() - began
                await asyncio.sleep(min(max(_INTERVAL, elapsed / 10), _LONGEST_INTERVAL))
    except asyncio.CancelledError:
        with suppress(Conflict):
            await cancel()
        out.remark("Stopped; the next run continues.")
        raise
    return current
