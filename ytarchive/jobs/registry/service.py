"""The registry of services and their health."""

import asyncio
from collections.abc import Awaitable, Callable

from loguru import logger

from ytarchive.common.database import Database, Row
from ytarchive.common.errors import Conflict, InvalidRequest, NotFound
from ytarchive.common.hosts import require_known_host
from ytarchive.common.models import Done, utc_now
from ytarchive.common.rows import all_readable, fields_of, row_of
from ytarchive.common.scheduler import Duty, DutyState
from ytarchive.jobs.registry.api import RegistryAPI
from ytarchive.jobs.registry.models import IN_PROCESS, RegisterService, ServiceRegistry

log = logger.bind(service="jobs")

_MOST = 100

HealthProbe = Callable[[ServiceRegistry], Awaitable[bool]]
"""Requests a service's health; False if it is unhealthy or does not answer."""


class Registry(RegistryAPI):
    """Keeps the services and polls their health.

    `database`: None for a command without a server, whose services end with its process.
    """

    def __init__(
        self, database: Database | None, probe: HealthProbe, known_hosts: frozenset[str]
    ) -> None:
        self._database = database
        self._probe = probe
        self._known_hosts = known_hosts
        self._services: dict[str, ServiceRegistry] = {}
        self._duties: dict[str, list[DutyState]] = {}

    async def load(self) -> None:
        """Load the services that registered with an earlier process and may still run."""
        rows = await self._database.fetch_all("list_services") if self._database else []
        for entry in all_readable(rows, _service, lambda row: f"service {row['service_name']}"):
            try:
                self._check_address(entry.url)
            except InvalidRequest:
                log.warning("service {} at {} is removed", entry.service_name, entry.url)
                await self._store("remove_service", entry)
            else:
                self._services[entry.service_name] = entry

    async def register_service(self, request: RegisterService) -> ServiceRegistry:
        self._check_address(request.url)
        if request.service_name not in self._services and len(self._services) >= _MOST:
            raise Conflict(f"{_MOST} services are registered: remove those that no longer run")
        fields = request.model_dump(exclude={"duties"})
        entry = ServiceRegistry(**fields, last_health_check=utc_now(), is_healthy=True)
        known = self._services.get(entry.service_name)
        entry = self._services[entry.service_name] = await self._check(entry)
        self._duties[entry.service_name] = request.duties
        if known is None or known.address != entry.address:
            log.info("service {} registered at {}", entry.service_name, entry.url)
        await self._store("upsert_service", entry)
        return entry

    async def remove_service(self, service_name: str) -> Done:
        entry = self._services.get(service_name)
        if entry is None:
            raise NotFound(f"no service {service_name} is registered")
        if entry.is_healthy:
            raise Conflict(f"service {service_name} still answers and would register again")
        del self._services[service_name]
        self._duties.pop(service_name, None)
        await self._store("remove_service", entry)
        log.info("service {} at {} removed", service_name, entry.url)
        return Done()

    async def list_services(self) -> list[ServiceRegistry]:
        return [self._services[name] for name in sorted(self._services)]

    def duties(self) -> list[DutyState]:
        """Return the duties that services reported when they registered."""
        return [duty for duties in self._duties.values() for duty in duties]

    def url(self, service_name: str) -> str | None:
        """Return the address of a service in another process; None if it is not registered."""
        entry = self._services.get(service_name)
        return None if entry is None or entry.url == IN_PROCESS else entry.address

    def duty(self, interval: float) -> Duty:
        """Return the duty of a server: request every service's health."""
        return Duty("health of services", self.poll, interval, after=interval)

    async def poll(self) -> None:
        """Request every service's health."""
        await asyncio.gather(*(self._poll(entry) for entry in list(self._services.values())))

    async def _poll(self, entry: ServiceRegistry) -> None:
        checked = await self._check(entry)
        if self._services.get(entry.service_name) is not entry:
            return  # it was registered again or removed meanwhile
        self._services[entry.service_name] = checked
        if checked.is_healthy != entry.is_healthy:
            state = "healthy again" if checked.is_healthy else "unhealthy"
            log.warning("service {} at {} is {}", entry.service_name, entry.url, state)
            await self._store("upsert_service", checked)

    async def _store(self, statement: str, entry: ServiceRegistry) -> None:
        if self._database is not None:
            await self._database.execute(statement, row_of(entry))

    def _check_address(self, url: str) -> None:
        if url != IN_PROCESS:
            require_known_host(url, self._known_hosts)

    async def _check(self, entry: ServiceRegistry) -> ServiceRegistry:
        healthy = await self._probe(entry)
        return entry.model_copy(update={"is_healthy": healthy, "last_health_check": utc_now()})


def _service(row: Row) -> ServiceRegistry:
    return ServiceRegistry(**fields_of(ServiceRegistry, row))
