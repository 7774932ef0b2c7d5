"""Leave to ask YouTube for something, as the governor gives it."""

from dataclasses import dataclass

from ytarchive.jobs.governor.models import DIRECT


@dataclass(eq=False)
class Permit:
    """What `Governor.admit` gives, and `Governor.leave` takes back."""

    cost: float
    is_probe: bool = False
    covers: str | None = None
    """The video of the queue for which it was given: everything asked about it just passes."""
    egress: str = DIRECT
    """The address to ask from, by its name."""
    is_covered: bool = False
    """It holds nothing: the queue has a permit for the same video, and tells how it went."""
