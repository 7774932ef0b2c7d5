"""Why something has to wait."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Waiting:
    """`reason` is for programs, `message` for people; `until` is None if nobody can tell.

    `egress`: the address that is held back, by its name; None if the cause is another.
    """

    reason: str
    message: str
    until: datetime | None = None
    egress: str | None = None
