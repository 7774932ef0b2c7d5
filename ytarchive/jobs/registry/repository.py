"""The registered services in jobs.db."""

from ytarchive.common.database import Database, Row
from ytarchive.common.rows import all_readable, fields_of, row_of
from ytarchive.jobs.registry.models import ServiceRegistry


class RegistryRepository:
    """Stores the registered services."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, service: ServiceRegistry) -> None:
        """Add a service or replace its row."""
        await self._database.execute("upsert_service", row_of(service))

    async def remove(self, service_name: str) -> None:
        """Remove a service."""
        await self._database.execute("remove_service", {"service_name": service_name})

    async def services(self) -> list[ServiceRegistry]:
        """Return every registered service, by name."""
        rows = await self._database.fetch_all("list_services")
        return all_readable(rows, _service, lambda row: f"service {row['service_name']}")


def _service(row: Row) -> ServiceRegistry:
    return ServiceRegistry(**fields_of(ServiceRegistry, row))
