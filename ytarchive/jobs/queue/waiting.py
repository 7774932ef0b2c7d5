"""Why something has to wait."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Waiting:
    """`reason` is for programs, `message` for people; `until` is None if nobody can tell."""

    reason: str
    message: str
    until: datetime | None = None
