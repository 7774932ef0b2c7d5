"""The services in jobs.db."""

from ytarchive.common.database import Database
from ytarchive.common.models import from_micros, to_micros
from ytarchive.jobs.registry.models import ServiceRegistry


class RegistryRepository:
    """The known services."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, service: ServiceRegistry) -> None:
        """Add a service or replace what was known of it."""
        row = service.model_dump()
        row["last_health_check"] = to_micros(service.last_health_check)
        await self._database.execute("upsert_service", row)

    async def remove(self, service_name: str) -> None:
        """Forget a service."""
        await self._database.execute("remove_service", {"service_name": service_name})

    async def services(self) -> list[ServiceRegistry]:
        """Every known service, by name."""
        return [
            ServiceRegistry(
                **(dict(row) | {"last_health_check": from_micros(row["last_health_check"])})
            )
            for row in await self._database.fetch_all("list_services")
        ]
