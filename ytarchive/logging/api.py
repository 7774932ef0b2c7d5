"""Contract and models of the Logging service."""

from enum import StrEnum
from typing import Any, ClassVar, Protocol

from pydantic import Field

from ytarchive.common.contract import ServiceContract, endpoint
from ytarchive.common.models import Model, Page, UtcDatetime, utc_now
from ytarchive.common.services import ServiceName


class LogLevel(StrEnum):
    """Severity, ascending."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class LogEntry(Model):
    """A log entry."""

    timestamp: UtcDatetime = Field(default_factory=utc_now)
    service: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    level: LogLevel = LogLevel.INFO
    message: str = Field(max_length=65_536)
    context: dict[str, Any] = Field(default_factory=dict)
    trace_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.:-]{1,128}$")


class LogBatch(Model):
    """Many entries at once."""

    entries: list[LogEntry] = Field(max_length=10_000)


class Received(Model):
    """The number of accepted entries."""

    accepted: int


class LogQuery(Model):
    """Filters, all of which must hold."""

    service: str | None = None
    level: LogLevel | None = Field(default=None, description="This level and those above it")
    trace_id: str | None = None
    text: str | None = Field(
        default=None, max_length=1000, description="Part of the message, ignoring case"
    )
    since: UtcDatetime | None = None
    until: UtcDatetime | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before")
    follow: bool = Field(
        default=False,
        description="In order of arrival: entries from now on or, with a cursor, since then. "
        "`next_cursor` is always set",
    )


class Metric(Model):
    """One measured value."""

    name: str
    value: float
    tags: dict[str, str] = Field(default_factory=dict)
    timestamp: UtcDatetime


class LoggingAPI(ServiceContract, Protocol):
    """Store and search log entries of the services."""

    service: ClassVar[ServiceName] = ServiceName.LOGGING

    @endpoint("POST /logs", status=201)
    async def submit_log(self, request: LogEntry) -> Received:
        """Accept one entry."""
        ...

    @endpoint("POST /logs/batch", status=201)
    async def submit_logs(self, request: LogBatch) -> Received:
        """Accept up to 10,000 entries."""
        ...

    @endpoint("GET /logs")
    async def query_logs(self, request: LogQuery) -> Page[LogEntry]:
        """Return matching entries, newest first; with `follow` new entries since the cursor."""
        ...

    @endpoint("GET /logs/services/{service}")
    async def service_logs(self, service: str, request: LogQuery) -> Page[LogEntry]:
        """Return matching entries of a service, newest first. Raises NotFound if it has none."""
        ...

    @endpoint("GET /metrics")
    async def get_metrics(self) -> list[Metric]:
        """Return the current value of every metric. `/metrics` uses Prometheus' format."""
        ...
