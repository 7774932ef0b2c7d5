"""The parts of a running archive, in this process and in others."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar, cast

import aiohttp
from aiohttp import hdrs
from loguru import logger
from pydantic_core import from_json

from ytarchive.common.config import Settings, StorageConfig
from ytarchive.common.contract import Contract, ServiceContract
from ytarchive.common.errors import YTArchiveError
from ytarchive.common.hosts import same_address
from ytarchive.common.identity import ArchiveIdentity
from ytarchive.common.paths import followed
from ytarchive.common.presence import Presence
from ytarchive.common.scheduler import Scheduler
from ytarchive.common.services import ServiceName
from ytarchive.discovery import PROBE_SECONDS, Archive, server_token
from ytarchive.download import DownloadAPI
from ytarchive.http import CONTRACTS, remote, server_url
from ytarchive.jobs import (
    IN_PROCESS,
    GovernorAPI,
    JobsAPI,
    KnownListsAPI,
    OriginsAPI,
    RegisterService,
    RegistryAPI,
    ServiceRegistry,
)
from ytarchive.jobs.service import JobsService
from ytarchive.metadata import MetadataAPI, MetadataQuery
from ytarchive.refreshing.service import RefreshingClients
from ytarchive.retention.gathering import RetentionClients
from ytarchive.storage import FeedSettings, MarksAPI, RefreshesAPI, StorageAPI, TrashAPI
from ytarchive.subscriptions import SubscriptionsAPI
from ytarchive.subscriptions.service import FollowingClients

log = logger.bind(service="jobs")

_FIRST_PORT = 8000
_LARGEST_HEALTH_ANSWER = 2**16

C = TypeVar("C", bound=Contract)


class Composition:
    """Opens services one after the other; the exit stack closes them in reverse."""

    def __init__(
        self,
        settings: Settings,
        session: aiohttp.ClientSession,
        presence: Presence | None = None,
        *,
        in_server: bool = False,
    ) -> None:
        self.settings = settings
        self.session = session
        self.presence = presence
        self.in_server = in_server
        self.scheduler = Scheduler(in_server=in_server)
        self.local: dict[ServiceName, ServiceContract] = {}
        self.above: dict[type[Contract], Contract] = {}
        """Implementations, in this process, of the contracts of packages above the services."""

    def remote_client(self, contract: type[C]) -> C:
        """Return the client of a service in another process."""
        service = contract.service
        return remote(
            contract, self.session, lambda: self._address(service), server_token(self.settings)
        )

    def archive(self) -> Archive:
        """Return the implementations of all contracts, here or in other processes."""
        found = {contract: self.of(contract) for contract in CONTRACTS}
        jobs = self.local.get(ServiceName.JOBS)
        if isinstance(jobs, JobsService):
            return Archive(found, work_on=jobs.work_on, scheduler=self.scheduler)
        return Archive(found, scheduler=self.scheduler)

    def of(self, contract: type[C]) -> C:
        """Return the implementation of a contract of a service, local or remote."""
        service = self.local.get(contract.service)
        if service is None:
            return self.remote_client(contract)
        found: Contract = service
        if contract in self.above:
            found = self.above[contract]
        elif contract not in type(service).__mro__:
            found = service.subjects()[contract]
        return cast("C", found)

    def _address(self, service: ServiceName) -> str:
        """Return the URL of a service: from the settings, otherwise from its registration."""
        jobs, settings = self.local.get(ServiceName.JOBS), self.settings
        may_move = not settings.services.url(service) and not server_token(settings)
        if may_move and isinstance(jobs, JobsService) and (url := jobs.registry.url(service)):
            return url
        return self._url(service)

    def _url(self, service: ServiceName) -> str:
        """Return the URL in the settings; log entries are sent to the Jobs process by default."""
        if configured := self.settings.services.url(service):
            return configured
        if service is ServiceName.LOGGING:
            return self.settings.services.jobs or f"http://127.0.0.1:{_FIRST_PORT}"
        return f"http://127.0.0.1:{_FIRST_PORT + service.port_offset}"

    async def look_up_channel(self, name: str) -> str:
        """Return the id of the channel with an @handle or older name, as Metadata knows it."""
        return (await self.of(MetadataAPI).get_channel(name, MetadataQuery())).channel_id

    async def probe(self, entry: ServiceRegistry) -> bool:
        """Return whether a registered service is healthy; only own services get the token."""
        name = ServiceName(entry.service_name) if entry.service_name in set(ServiceName) else None
        own = self.local.get(name) if name else None
        expected = name and same_address(entry.address, self._url(name))
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                if own is not None:
                    return (await own.health()).is_healthy
                token = server_token(self.settings) if expected else None
                return await says_healthy(self.session, entry, token)
        except (YTArchiveError, TimeoutError, aiohttp.ClientError, ValueError):
            return False


def feed_settings(settings: Settings) -> FeedSettings:
    """Return the settings of podcast feeds."""
    server = settings.server
    base_url = server.public_url or server_url(server.host, server.port)
    return FeedSettings(base_url=base_url, profiles=settings.profiles)


def refreshing_clients(parts: Composition, jobs: JobsService) -> RefreshingClients:
    """Return the services that refreshing calls."""
    return RefreshingClients(
        parts.of(JobsAPI),
        parts.of(GovernorAPI),
        parts.of(MetadataAPI),
        parts.of(StorageAPI),
        parts.of(RefreshesAPI),
        jobs.ledger,
        parts.of(DownloadAPI),
    )


def following_clients(parts: Composition) -> FollowingClients:
    """Return the services that subscriptions call."""
    return FollowingClients(
        parts.of(JobsAPI), parts.of(KnownListsAPI), parts.of(GovernorAPI), parts.of(MetadataAPI)
    )


def retention_clients(parts: Composition) -> RetentionClients:
    """Return the services that retention calls."""
    of = parts.of
    return RetentionClients(
        of(SubscriptionsAPI),
        of(KnownListsAPI),
        of(OriginsAPI),
        of(StorageAPI),
        of(TrashAPI),
        of(MarksAPI),
    )


async def says_healthy(
    session: aiohttp.ClientSession, entry: ServiceRegistry, token: str | None
) -> bool:
    """Return whether a service reports healthy.

    Raises aiohttp's errors, ValueError or TimeoutError.

    Redirects are not followed, and at most 64 KiB are read.
    """
    headers = {hdrs.AUTHORIZATION: f"Bearer {token}"} if token else {}
    url = entry.address + entry.health_endpoint
    async with session.get(url, headers=headers, allow_redirects=False) as response:
        raw = b""
        async for chunk in response.content.iter_chunked(_LARGEST_HEALTH_ANSWER):
            raw += chunk
            if len(raw) > _LARGEST_HEALTH_ANSWER:
                raise ValueError("an answer too long for a health check")
    answer: Any = from_json(raw)
    data = answer.get("data") if isinstance(answer, dict) else None
    return isinstance(data, dict) and data.get("status") == "healthy"


def presence_of(settings: Settings, identity: ArchiveIdentity | None) -> Presence | None:
    """Return what checks that the archive is there; None for an archive without identity."""
    return Presence(followed(settings.storage.base_path), identity.id) if identity else None


async def register_in_process(archive: Archive) -> None:
    """Register all services as parts of this process."""
    for service in ServiceName:
        await archive.of(RegistryAPI).register_service(
            RegisterService(service_name=service, url=IN_PROCESS, port=0)
        )


async def warn_of_loss(settings: Settings, *checks: Callable[[StorageConfig], str | None]) -> None:
    """Log which databases an archive that stored videos has lost: `lost_queue`, `lost_library`."""
    for check in checks:
        lost = await asyncio.to_thread(check, settings.storage)
        if lost is not None:
            log.warning("{}", lost)
