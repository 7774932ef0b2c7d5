"""How a check of `ytarchive doctor` ended."""

from enum import StrEnum

from pydantic import BaseModel

from ytarchive.cli.session import remedy_for
from ytarchive.common.errors import YTArchiveError


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(BaseModel):
    """One thing that archiving needs, how it is, and what would help."""

    name: str
    verdict: Verdict
    message: str
    remedy: str | None = None


def failed(name: str, error: YTArchiveError, verdict: Verdict) -> Check:
    """Return the check that an error stands for."""
    return Check(name=name, verdict=verdict, message=error.message, remedy=remedy_for(error))
