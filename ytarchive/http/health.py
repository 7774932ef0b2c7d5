"""The health check of a server with several services."""

import asyncio
import time
from collections.abc import Mapping

from ytarchive.common.contract import ServiceContract, endpoint
from ytarchive.common.errors import NotFound, YTArchiveError
from ytarchive.common.models import HealthCheck, HealthQuery
from ytarchive.common.services import ServiceName

_TIMEOUT = 5.0
"""Seconds after which a service without an answer counts as unhealthy."""


class Health:
    """Returns the health of a server's only service, or of all its services together."""

    def __init__(self, services: Mapping[ServiceName, ServiceContract]) -> None:
        self._services = services
        self._started = time.monotonic()

    @endpoint("GET /health")
    async def check_health(self, request: HealthQuery) -> HealthCheck:
        """Return the health of the port's service, or of all services together.

        `checks` has an entry for each service and each of its dependencies. Raises NotFound for a
        service that this server does not run.
        """
        if request.service is not None:
            return await self._of(request.service)
        if len(self._services) == 1:
            return await self._of(next(iter(self._services)))
        parts = await asyncio.gather(*map(self._of, self._services))
        checks = {part.service: part.is_healthy for part in parts}
        for part in parts:
            checks |= {f"{part.service}.{name}": good for name, good in part.checks.items()}
        problems = {f"{p.service}.{name}": e for p in parts for name, e in p.problems.items()}
        healthy = all(part.is_healthy for part in parts)
        found = HealthCheck.of("ytarchive", checks, since=self._started, healthy=healthy)
        return found.model_copy(update={"problems": problems})

    async def _of(self, service: str) -> HealthCheck:
        found = next((name for name in self._services if name == service), None)
        if found is None:
            here = ", ".join(self._services)
            raise NotFound(f"this server runs no service of this name; it runs {here}")
        try:
            async with asyncio.timeout(_TIMEOUT):
                return await self._services[found].health()
        except (YTArchiveError, TimeoutError):
            return HealthCheck.of(found, {}, since=self._started, healthy=False)
