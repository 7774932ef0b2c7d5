"""The results of checks."""

from enum import StrEnum
from typing import Self

from ytarchive.common.errors import YTArchiveError
from ytarchive.common.models import Model


class Verdict(StrEnum):
    """The outcome of a check."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(Model):
    """A requirement of archiving, its state, and the remedy."""

    name: str
    verdict: Verdict
    message: str
    remedy: str | None = None

    @classmethod
    def ok(cls, name: str, message: str) -> Self:
        """Return a passed check."""
        return cls(name=name, verdict=Verdict.OK, message=message)

    @classmethod
    def warn(cls, name: str, message: str, remedy: str) -> Self:
        """Return a check whose requirement should be met."""
        return cls(name=name, verdict=Verdict.WARN, message=message, remedy=remedy)

    @classmethod
    def fail(cls, name: str, message: str, remedy: str) -> Self:
        """Return a failed check."""
        return cls(name=name, verdict=Verdict.FAIL, message=message, remedy=remedy)


class Diagnosis(Model):
    """All checks; `ok` means that none failed."""

    ok: bool
    checks: list[Check]

    @classmethod
    def of(cls, checks: list[Check]) -> Self:
        """Return the checks with their conclusion."""
        return cls(ok=all(each.verdict is not Verdict.FAIL for each in checks), checks=checks)


def failed(name: str, error: YTArchiveError, verdict: Verdict, remedy: str | None = None) -> Check:
    """Return the failed check of an error. `remedy`: the default is that of the error."""
    return Check(name=name, verdict=verdict, message=error.message, remedy=remedy or error.remedy)
