"""The envelope, and the base of every model."""

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ytarchive import __version__


class Model(BaseModel):
    """Base of all models.

    Frozen, because services in one process share objects; unknown fields are refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


def problem_text(problem: Mapping[str, Any]) -> str:
    """Return one of `ValidationError.errors()` as text, without the invalid value."""
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    return re.sub(r"^\w+ should ", "must ", problem["msg"])


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the year must be from 1 to 9999 in UTC") from None


UtcDatetime = Annotated[datetime, AfterValidator(_in_utc)]
"""A time in UTC, written as ISO 8601 with `Z`. A time without zone is read as UTC."""


def _encodable(text: Any) -> Any:
    if not isinstance(text, str) or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()


Text = Annotated[str, BeforeValidator(_encodable)]
"""Text from outside; lone surrogates, which JSON can contain and UTF-8 cannot, become `?`."""


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


T = TypeVar("T")
Q = TypeVar("Q", bound=Model)


class Page(Model, Generic[T]):
    """One page of a list, newest first unless the endpoint says otherwise."""

    items: list[T]
    next_cursor: str | None = Field(
        default=None, description="Pass it as `cursor` to get the next page; null on the last one."
    )
    skipped: list[str] = Field(
        default=[], description="Entries left out because their database rows cannot be read"
    )


class ErrorDetail(Model):
    """An error: a code for programs, a message for people."""

    code: str
    message: str
    details: dict[str, Any] | None = None


class ServiceResponse(Model):
    """The envelope of every answer."""

    success: bool
    data: Any | None = None
    error: ErrorDetail | None = None
    trace_id: str


class HealthCheck(Model):
    """The health of a service. `checks` has an entry for each dependency."""

    service: str
    status: str = Field(description='"healthy" or "unhealthy"')
    version: str
    uptime_seconds: int
    checks: dict[str, bool]
    problems: dict[str, str] = Field(
        default={}, description="Background work that fails at present, with its errors"
    )
    waiting_for: str | None = Field(
        default=None, description="Why Jobs starts no video at present; null for other services"
    )

    @classmethod
    def of(
        cls,
        service: str,
        checks: dict[str, bool],
        *,
        since: float,
        healthy: bool | None = None,
        problems: dict[str, str] | None = None,
        waiting_for: str | None = None,
    ) -> "HealthCheck":
        """Return the health of a service that started at `since` (monotonic clock).

        `healthy` defaults to all `checks`. `problems` of background work add the check
        `background`.
        """
        if problems is not None:
            checks = checks | {"background": not problems}
        is_healthy = all(checks.values()) if healthy is None else healthy
        return cls(
            service=service,
            status="healthy" if is_healthy else "unhealthy",
            version=__version__,
            uptime_seconds=int(time.monotonic() - since),
            checks=checks,
            problems=problems or {},
            waiting_for=waiting_for,
        )

    @property
    def is_healthy(self) -> bool:
        """Return whether the service can do its work."""
        return self.status == "healthy"


class HealthQuery(Model):
    """Selects one service of a server that runs several."""

    service: str | None = None


async def every_item(fetch: Callable[[Q], Awaitable[Page[T]]], query: Q) -> AsyncIterator[T]:
    """Iterate over the items of all pages of a list."""
    while True:
        page = await fetch(query)
        for item in page.items:
            yield item
        if page.next_cursor is None:
            return
        query = query.model_copy(update={"cursor": page.next_cursor})


class Done(Model):
    """The result of an operation without data."""

    done: bool = True


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Return a time as microseconds since 1970, as stored in databases."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """Return the time of a number made by `to_micros`."""
    return _EPOCH + timedelta(microseconds=value)
