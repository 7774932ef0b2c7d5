"""What stands between the queue and the world: YouTube's patience, the disk, the evidence."""

from dataclasses import dataclass
from datetime import datetime

from ytarchive.jobs.availability import AvailabilityLedger
from ytarchive.jobs.disk_guard import DiskGuard
from ytarchive.jobs.governor import Governor


@dataclass(frozen=True)
class Guards:
    """Asked before a video starts, and told how it ended."""

    governor: Governor
    disk: DiskGuard
    ledger: AvailabilityLedger

    def waiting_until(self) -> datetime | None:
        """When the governor lets something start again, if it is that which holds."""
        return None if self.disk.waiting_for else self.governor.snapshot().next_probe_at

    def waiting_for(self) -> str | None:
        """Why nothing starts now, in words; None if something may."""
        return self.disk.waiting_for or self.governor.waiting_for()
