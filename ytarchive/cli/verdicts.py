"""The result of a check of `ytarchive doctor`."""

from enum import StrEnum

from pydantic import BaseModel

from ytarchive.cli.session import remedy_for
from ytarchive.common.errors import YTArchiveError


class Verdict(StrEnum):
    """The outcome of a check."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(BaseModel):
    """A requirement of archiving, its state, and the remedy."""

    name: str
    verdict: Verdict
    message: str
    remedy: str | None = None


def failed(name: str, error: YTArchiveError, verdict: Verdict) -> Check:
    """Return the failed check of an error."""
    return Check(name=name, verdict=verdict, message=error.message, remedy=remedy_for(error))
