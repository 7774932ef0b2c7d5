"""The composition root: settings in, a running archive out. Only it names concrete classes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import aiohttp

from ytarchive.common.config import Settings
from ytarchive.common.contract import Contract, ServiceContract
from ytarchive.common.errors import YTArchiveError
from ytarchive.common.hosts import same_address
from ytarchive.common.identity import ArchiveIdentity
from ytarchive.common.lock import StateLock
from ytarchive.common.paths import followed
from ytarchive.common.presence import Presence
from ytarchive.common.services import ServiceName
from ytarchive.discovery import PROBE_SECONDS, Archive, named_server, running_server, server_token
from ytarchive.download import DownloadAPI, DownloadListener
from ytarchive.download.service import DownloadService
from ytarchive.http import CONTRACTS, remote, says_healthy
from ytarchive.jobs import IN_PROCESS, JobsAPI, RegisterService, ServiceRegistry
from ytarchive.jobs.governor.remote_gate import RemoteGate
from ytarchive.jobs.neighbours import Neighbours
from ytarchive.jobs.service import JobsService
from ytarchive.logging import (
    Console,
    LoggingAPI,
    LogPipeline,
    RemoteTarget,
    configure_logging,
    register_secrets,
)
from ytarchive.logging.service import LoggingService
from ytarchive.metadata import MetadataAPI
from ytarchive.metadata.service import MetadataService
from ytarchive.storage import Access, StorageAPI, open_identity
from ytarchive.storage.service import StorageService
from ytarchive.ytdlp import YtDlp

ALL_SERVICES = tuple(ServiceName)
_FIRST_PORT = 8000

C = TypeVar("C", bound=Contract)
S = TypeVar("S", bound=ServiceContract)


class _Composition:
    """Opens services one after the other; the exit stack closes them in reverse."""

    def __init__(
        self, settings: Settings, session: aiohttp.ClientSession, presence: Presence | None = None
    ) -> None:
        self.settings = settings
        self.session = session
        self.presence = presence
        self.local: dict[ServiceName, ServiceContract] = {}

    def elsewhere(self, contract: type[C]) -> C:
        """A service that runs in another process."""
        service = contract.service
        return remote(
            contract, self.session, lambda: self._address(service), server_token(self.settings)
        )

    def archive(self) -> Archive:
        """Return the implementations of all contracts, here or in other processes."""
        found = {contract: self._implementation(contract) for contract in CONTRACTS}
        jobs = self.local.get(ServiceName.JOBS)
        if isinstance(jobs, JobsService):
            return Archive(found, work_on=jobs.work_on)
        return Archive(found)

    def _implementation(self, contract: type[Contract]) -> Contract:
        service = self.local.get(contract.service)
        if service is None:
            return self.elsewhere(contract)
        return service if contract in type(service).__mro__ else service.subjects()[contract]

    def _address(self, service: ServiceName) -> str:
        """Where a service is now: unless the settings say so, where it registered from."""
        jobs, settings = self.local.get(ServiceName.JOBS), self.settings
        may_move = not settings.services.url(service) and not server_token(settings)
        if may_move and isinstance(jobs, JobsService) and (url := jobs.registered_url(service)):
            return url
        return self._url(service)

    def _url(self, service: ServiceName) -> str:
        """Where the settings have it; when they do not say, entries go to the Jobs process."""
        if configured := self.settings.services.url(service):
            return configured
        if service is ServiceName.LOGGING:
            return self.settings.services.jobs or f"http://127.0.0.1:{_FIRST_PORT}"
        return f"http://127.0.0.1:{_FIRST_PORT + service.port_offset}"

    async def probe(self, entry: ServiceRegistry) -> bool:
        """Whether a registered service says that it is well; the token goes to our own alone."""
        name = ServiceName(entry.service_name) if _is_ours(entry) else None
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


def _presence(settings: Settings, identity: ArchiveIdentity | None) -> Presence | None:
    return Presence(followed(settings.storage.base_path), identity.id) if identity else None


def _is_ours(entry: ServiceRegistry) -> bool:
    return entry.service_name in set(ServiceName)


@asynccontextmanager
async def open_services(
    settings: Settings,
    services: Collection[ServiceName] = ALL_SERVICES,
    *,
    whole_queue: bool,
    console: Console,
    access: Access = Access.CREATE,
) -> AsyncIterator[tuple[Archive, StateLock]]:
    """The archive with `services` in this process and the others at their URLs.

    `whole_queue`: work on everything that is queued, not only on jobs given to `work_on`.
    `access`: CREATE makes an archive of a missing or empty folder; WRITE refuses one.
    Raises ArchiveMissing, WrongArchive, NotAnArchive, StateLocked, NotWritable, DatabaseCorrupt,
    InvalidConfiguration, …
    """
    register_secrets(settings)
    async with AsyncExitStack() as stack:
        configure_logging(settings.server.log_level, console=console)
        identity = await asyncio.to_thread(open_identity, settings.storage, access)
        lock = StateLock(settings.storage.state_path, services)
        stack.enter_context(lock)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        parts = _Composition(settings, session, _presence(settings, identity))
        opened = await _open_each(parts, services, stack, whole_queue=whole_queue)
        yield opened, lock


async def _open_each(
    parts: _Composition,
    services: Collection[ServiceName],
    stack: AsyncExitStack,
    *,
    whole_queue: bool,
) -> Archive:
    """Open what is local, callees before callers."""
    settings, local = parts.settings, parts.local

    async def enter(service: ServiceName, contract: type[S], opening: Callable[[], Any]) -> S:
        if service not in services:
            return parts.elsewhere(contract)
        opened: S = await stack.enter_async_context(opening())
        local[service] = opened
        return opened

    logging = await enter(ServiceName.LOGGING, LoggingAPI, lambda: _logging(parts))
    if ServiceName.LOGGING not in services:
        capacity, level = settings.logging.queue_entries, settings.server.log_level
        await stack.enter_async_context(LogPipeline(RemoteTarget(logging), capacity, level))
    storage = await enter(ServiceName.STORAGE, StorageAPI, lambda: _storage(parts))
    yt_dlp = await stack.enter_async_context(YtDlp(settings, parts.presence))
    metadata = await enter(
        ServiceName.METADATA, MetadataAPI, lambda: MetadataService.open(settings, yt_dlp)
    )
    download = await enter(
        ServiceName.DOWNLOAD,
        DownloadAPI,
        lambda: _download(parts, yt_dlp, whole_queue, services),
    )
    neighbours = Neighbours(metadata, download, storage)
    jobs = await enter(
        ServiceName.JOBS,
        JobsAPI,
        lambda: JobsService.open(
            settings, settings.storage.state_path, neighbours, parts.probe, whole_queue=whole_queue
        ),
    )
    _call_back(jobs if isinstance(jobs, JobsService) else None, download, yt_dlp, parts)
    return parts.archive()


def _call_back(
    jobs: JobsService | None, download: DownloadAPI, yt_dlp: YtDlp, parts: _Composition
) -> None:
    """Name to callees who decides about them (the governor) and who hears of them."""
    yt_dlp.gate = jobs.gate if jobs else RemoteGate(parts.elsewhere(JobsAPI))
    if isinstance(download, DownloadService):
        download.report_to(jobs or parts.elsewhere(DownloadListener))


def _logging(parts: _Composition) -> AbstractAsyncContextManager[LoggingService]:
    return LoggingService.open(parts.settings, parts.presence)


@asynccontextmanager
async def _storage(parts: _Composition) -> AsyncIterator[StorageService]:
    storage = await StorageService.open(parts.settings.storage, parts.presence)
    try:
        yield storage
    finally:
        await storage.close()


@asynccontextmanager
async def _download(
    parts: _Composition, yt_dlp: YtDlp, take_up: bool, services: Collection[ServiceName]
) -> AsyncIterator[DownloadService]:
    settings = parts.settings
    download = DownloadService(settings, yt_dlp, parts.presence)
    if take_up:
        await download.take_up()
    try:
        yield download
    finally:
        # Beside Jobs, transfers have had their grace by now: Jobs is closed first.
        await download.close(0 if ServiceName.JOBS in services else settings.jobs.shutdown_grace)


@asynccontextmanager
async def open_archive(
    settings: Settings, server: str | None, access: Access = Access.WRITE
) -> AsyncIterator[Archive]:
    """The archive as a command uses it: a running server's, or one inside this process.

    `server`: its URL, which must answer. Without one, a server at the configured address or the one
    that owns this archive is used if there is one. Raises ServiceUnavailable, TokenRequired, or
    what `open_services` raises.
    """
    async with aiohttp.ClientSession() as session:
        if server is not None:
            yield await named_server(server, session, settings)
            return
        found = await running_server(settings, session)
        if found is not None:
            yield found
            return
    opening = open_services(settings, whole_queue=False, console=Console.WARNINGS, access=access)
    async with opening as (archive, _):
        await _register_in_process(archive)
        yield archive


async def _register_in_process(archive: Archive) -> None:
    for service in ALL_SERVICES:
        await archive.jobs.register_service(
            RegisterService(service_name=service, url=IN_PROCESS, port=0)
        )
