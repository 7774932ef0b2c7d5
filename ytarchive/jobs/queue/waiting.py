"""The reason of a wait."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Waiting:
    """`reason` is for programs, `message` for people; `until` is None if it is not known.

    `egress`: the paused egress; None for other causes.
    """

    reason: str
    message: str
    until: datetime | None = None
    egress: str | None = None
