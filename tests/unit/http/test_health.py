"""One address reports the health of all services; each service's own port reports its health."""

from typing import ClassVar, Protocol

import aiohttp
import pytest

from tests.unit.http.serving import Notes, NotesAPI, serving
from ytarchive import __version__
from ytarchive.common.contract import ServiceContract, endpoint
from ytarchive.common.errors import DatabaseCorrupt
from ytarchive.common.models import Done, HealthCheck
from ytarchive.common.services import ServiceName


class PingAPI(ServiceContract, Protocol):
    """A second service."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("POST /ping")
    async def ping(self) -> Done:
        """Nothing."""
        ...


class Ping(PingAPI):
    """Healthy as long as its dependency is."""

    def __init__(self, *, good: bool | None = True) -> None:
        self.good = good

    async def ping(self) -> Done:
        """Nothing."""
        return Done()

    async def health(self) -> HealthCheck:
        """As the constructor's argument says; None fails."""
        if self.good is None:
            raise DatabaseCorrupt
        status = "healthy" if self.good else "unhealthy"
        checks = {"database": self.good, "disk": True}
        return HealthCheck(
            service="jobs", status=status, version="1", uptime_seconds=3, checks=checks
        )


async def _health(session: aiohttp.ClientSession, url: str) -> HealthCheck:
    async with session.get(url) as response:
        assert response.status == 200
        return HealthCheck.model_validate((await response.json())["data"])


@pytest.mark.parametrize(
    ("good", "status", "jobs_checks"),
    [
        (True, "healthy", {"jobs": True, "jobs.database": True, "jobs.disk": True}),
        (False, "unhealthy", {"jobs": False, "jobs.database": False, "jobs.disk": True}),
        (None, "unhealthy", {"jobs": False}),
    ],
)
async def test_several_services_answer_together(
    session: aiohttp.ClientSession, good: bool | None, status: str, jobs_checks: dict[str, bool]
) -> None:
    async with serving((NotesAPI, Notes()), (PingAPI, Ping(good=good))) as server:
        health = await _health(session, f"{server.url}/api/v1/health")
    assert (health.service, health.status, health.version) == ("ytarchive", status, __version__)
    assert health.checks == {"storage": True, "storage.memory": True, **jobs_checks}


async def test_one_service_can_be_selected(session: aiohttp.ClientSession) -> None:
    async with serving((NotesAPI, Notes()), (PingAPI, Ping())) as server:
        url = f"{server.url}/api/v1/health?service="
        assert (await _health(session, url + "jobs")).checks == {"database": True, "disk": True}
        assert (await _health(session, url + "storage")).service == "storage"
        async with session.get(url + "metadata") as response:
            error = (await response.json())["error"]
        assert error["code"] == "E013"
        assert "storage, jobs" in error["message"]


async def test_a_service_on_its_own_port_answers_for_itself(
    session: aiohttp.ClientSession,
) -> None:
    async with serving((PingAPI, Ping())) as server:
        assert (await _health(session, f"{server.url}/api/v1/health")).service == "jobs"
