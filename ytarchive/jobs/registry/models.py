"""Models of the registry of services."""

from typing import Annotated

from pydantic import AfterValidator, Field

from ytarchive.common.hosts import with_port
from ytarchive.common.models import Model, UtcDatetime
from ytarchive.common.scheduler import DutyState

RegisteredName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]

IN_PROCESS = "in-process"
"""The address of a service inside a command that runs without a server."""


def _with_possible_port(url: str) -> str:
    with_port(url, 0)  # raises ValueError for a port beyond 65535
    return url


class RegisterService(Model):
    """The registration of a service."""

    service_name: RegisteredName
    url: Annotated[str, AfterValidator(_with_possible_port)] = Field(
        pattern=r"^(https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?|in-process)$",
        max_length=256,
        description='The URL: loopback, or a host in the settings; "in-process" in a command '
        "without a server",
    )
    port: int = Field(ge=0, le=65535)
    health_endpoint: str = Field(default="/api/v1/health", pattern=r"^/\S*$", max_length=256)
    duties: list[DutyState] = Field(
        default=[], max_length=100, description="Its periodic duties, for `GET /schedule`"
    )


class ServiceRegistry(Model):
    """A registered service and its last known health."""

    service_name: str
    url: str
    port: int
    health_endpoint: str
    last_health_check: UtcDatetime
    is_healthy: bool

    @property
    def address(self) -> str:
        """`url`, with `port` if it contains none."""
        return with_port(self.url, self.port)
