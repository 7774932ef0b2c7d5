"""Contract of the service registry."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.models import Done
from ytarchive.common.services import ServiceName
from ytarchive.jobs.registry.models import RegisteredName, RegisterService, ServiceRegistry


class RegistryAPI(Contract, Protocol):
    """Register services, and list them with their health."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("POST /registry/register", status=201)
    async def register_service(self, request: RegisterService) -> ServiceRegistry:
        """Register a service or replace its address, and poll its health from now on.

        Raises InvalidRequest for an address that is neither loopback nor in the settings, or
        Conflict if too many services are registered.
        """
        ...

    @endpoint("GET /registry/services")
    async def list_services(self) -> list[ServiceRegistry]:
        """Return every registered service and its health, by name."""
        ...

    @endpoint("DELETE /registry/services/{service_name}")
    async def remove_service(self, service_name: RegisteredName) -> Done:
        """Remove a service from the registry. Raises NotFound, or Conflict if it is healthy."""
        ...
