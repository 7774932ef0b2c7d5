"""The governor's permission for a request to YouTube."""

from dataclasses import dataclass

from ytarchive.jobs.governor.models import DIRECT


@dataclass(eq=False)
class Permit:
    """A permit, given by `Governor.admit` and ended by `Governor.leave`."""

    cost: float
    is_probe: bool = False
    covers: str | None = None
    """The queue's video of the permit: all requests about it are admitted."""
    egress: str = DIRECT
    """Name of the egress to use."""
    is_covered: bool = False
    """An empty permit: the queue has a permit for the same video, and reports the outcome."""
