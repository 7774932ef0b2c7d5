"""Why something waits, and a way to end the waits of all listings at once."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from ytarchive.common.models import utc_now


@dataclass(frozen=True)
class Waiting:
    """`reason` is for programs, `message` for people; `until` is None if it is not known.

    `egress`: the paused egress; None for other causes.
    """

    reason: str
    message: str
    until: datetime | None = None
    egress: str | None = None


class JobWaits:
    """The waiting listings of this process, by job. Waits of single videos are in the database."""

    def __init__(self) -> None:
        self._waits: dict[str, Waiting] = {}
        self._end = asyncio.Event()

    def of(self, job_id: str) -> Waiting | None:
        """Return why the listing of a job waits; None if it does not."""
        return self._waits.get(job_id)

    async def wait(self, job_id: str, waiting: Waiting) -> None:
        """Wait until the moment of `waiting`, or until `end_all`; show the reason until `clear`."""
        self._waits[job_id] = waiting
        if waiting.until is None:
            return
        try:
            async with asyncio.timeout((waiting.until - utc_now()).total_seconds()):
                await self._end.wait()
        except TimeoutError:
            return

    def clear(self, job_id: str) -> None:
        """Remove the reason of a job."""
        self._waits.pop(job_id, None)

    def end_all(self) -> None:
        """End every wait now, because its cause may have ended."""
        self._end.set()
        self._end = asyncio.Event()
