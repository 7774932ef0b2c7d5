"""The results of checks."""

from enum import StrEnum

from pydantic import BaseModel

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


class Diagnosis(BaseModel):
    """All checks; `ok` means that none failed."""

    ok: bool
    checks: list[Check]


def failed(name: str, error: YTArchiveError, verdict: Verdict, remedy: str | None = None) -> Check:
    """Return the failed check of an error. `remedy`: the default is that of the error."""
    return Check(name=name, verdict=verdict, message=error.message, remedy=remedy or error.remedy)
