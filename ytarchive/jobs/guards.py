"""What stands between the queue and the world: YouTube's patience, the disk, the evidence."""

from dataclasses import dataclass

from ytarchive.common.errors import NetworkFailure, YTArchiveError
from ytarchive.jobs.availability import AvailabilityLedger
from ytarchive.jobs.disk_guard import DiskGuard
from ytarchive.jobs.governor.circuit import Circuit
from ytarchive.jobs.governor.governor import Governor
from ytarchive.jobs.waiting import Waiting

_ORDINARY = ("pace", "probing")


@dataclass(frozen=True)
class Guards:
    """Asked before a video starts, and told how it ended."""

    governor: Governor
    disk: DiskGuard
    ledger: AvailabilityLedger

    def waiting(self) -> Waiting | None:
        """Why nothing starts now; None if something may."""
        return self.disk.waiting or self.governor.waiting()

    @property
    def hold_everything(self) -> bool:
        """Whether no video can start for a while; that of the pace is an ordinary pause."""
        waiting = self.waiting()
        return waiting is not None and waiting.reason not in _ORDINARY

    def explain(self, error: YTArchiveError) -> bool:
        """Whether a failure is no wonder while nothing can be had of YouTube anyway."""
        is_closed = self.governor.snapshot().state == Circuit.CLOSED
        return isinstance(error, NetworkFailure) and not is_closed
