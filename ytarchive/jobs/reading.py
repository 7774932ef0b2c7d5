"""The queue for read-only commands: nothing is processed or written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from ytarchive.common.config import Settings
from ytarchive.common.events import current_bus
from ytarchive.common.hosts import known_hosts
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.common.scheduler import Scheduler
from ytarchive.jobs.events.service import PolledEvents
from ytarchive.jobs.guards.clients import ServiceClients
from ytarchive.jobs.guards.guards import guards_of
from ytarchive.jobs.queue.repository import SCHEMA
from ytarchive.jobs.registry.service import HealthProbe, Registry
from ytarchive.jobs.service import JobsService


class ReadOnlyJobs(JobsService):
    """Answers from `jobs.db`; operations that change it raise NotWritable."""

    @classmethod
    @asynccontextmanager
    async def reading(
        cls, settings: Settings, clients: ServiceClients, probe: HealthProbe
    ) -> AsyncIterator[Self]:
        """Yield the service; a missing `jobs.db` is treated as an empty queue."""
        path = settings.storage.state_path / "jobs.db"
        async with await ReadOnlyDatabase.open(path, SCHEMA) as database:
            guards = await guards_of(database, settings, clients)
            scheduler = Scheduler(in_server=False)
            service = cls(database, clients, settings, guards, probe, scheduler)
            service.registry = Registry(None, probe, known_hosts(settings))
            service.events = PolledEvents(current_bus())
            yield service
