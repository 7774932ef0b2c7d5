"""The composition root: creates a running archive from settings. Only it names concrete classes."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeVar

import aiohttp

from ytarchive.common.config import Settings
from ytarchive.common.contract import Contract, ServiceContract
from ytarchive.common.events import open_bus
from ytarchive.common.file_lock import held_folder
from ytarchive.common.lock import StateLock
from ytarchive.common.services import ServiceName
from ytarchive.composition import (
    Composition,
    feed_settings,
    following_clients,
    presence_of,
    refreshing_clients,
    register_in_process,
    retention_clients,
    warn_of_loss,
)
from ytarchive.discovery import Archive, find_server
from ytarchive.download import DownloadAPI, DownloadListener, StagingAPI
from ytarchive.download.service import DownloadService
from ytarchive.download.staging.area import StagingArea
from ytarchive.jobs import EventsAPI, JobsAPI, PermitsAPI
from ytarchive.jobs.events.service import forward_events
from ytarchive.jobs.guards.clients import ServiceClients
from ytarchive.jobs.processing.direct import DirectRetries
from ytarchive.jobs.remote_gate import RemoteGate
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
from ytarchive.maintenance import MaintenanceAPI
from ytarchive.maintenance.service import MaintenanceService
from ytarchive.metadata import MetadataAPI
from ytarchive.metadata.pictures import YouTubePictures
from ytarchive.metadata.service import MetadataService
from ytarchive.notifications import NotificationsAPI
from ytarchive.notifications.service import NotificationsService
from ytarchive.reading import open_for_reading
from ytarchive.refreshing import RefreshingAPI
from ytarchive.refreshing.service import RefreshingService
from ytarchive.retention import RetentionAPI
from ytarchive.retention.service import RetentionService
from ytarchive.storage import (
    Access,
    AdoptionAPI,
    ChannelsAPI,
    HistoryAPI,
    MarksAPI,
    StorageAPI,
    VerificationAPI,
    WorkPlansAPI,
    lost_queue,
    open_identity,
)
from ytarchive.storage.service import StorageService
from ytarchive.subscriptions import SubscriptionsAPI
from ytarchive.subscriptions.service import SubscriptionsService
from ytarchive.ytdlp import YtDlp

ALL_SERVICES = tuple(ServiceName)

C = TypeVar("C", bound=Contract)
S = TypeVar("S", bound=ServiceContract)


@asynccontextmanager
async def open_services(
    settings: Settings,
    services: Collection[ServiceName] = ALL_SERVICES,
    *,
    whole_queue: bool,
    console: Console,
    access: Access = Access.CREATE,
) -> AsyncIterator[tuple[Archive, StateLock]]:
    """Open the archive with `services` in this process and the others at their URLs.

    `whole_queue`: work on all queued jobs, not only on jobs passed to `work_on`.
    `access`: CREATE creates an archive in a missing or empty folder; WRITE refuses such a folder.
    Raises ArchiveMissing, WrongArchive, NotAnArchive, StateLocked, NotWritable, DatabaseCorrupt,
    InvalidConfiguration, …
    """
    register_secrets(settings)
    async with AsyncExitStack() as stack:
        configure_logging(settings.server.log_level, console=console)
        identity = await asyncio.to_thread(open_identity, settings.storage, access)
        lock = StateLock(settings.storage.state_path, services)
        stack.enter_context(lock)
        if ServiceName.DOWNLOAD in services:
            await asyncio.to_thread(StagingArea(settings.storage).release_space)
        if ServiceName.JOBS in services:
            await warn_of_loss(settings, lost_queue)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        bus = open_bus()
        presence = presence_of(settings, identity)
        parts = Composition(settings, session, presence, in_server=whole_queue)
        opened = await _open_each(parts, services, stack, whole_queue=whole_queue)
        if ServiceName.JOBS not in services:
            sending = forward_events(bus, parts.remote_client(EventsAPI).send_events)
            stack.callback(asyncio.create_task(sending).cancel)
        yield opened, lock


async def _open_each(
    parts: Composition,
    services: Collection[ServiceName],
    stack: AsyncExitStack,
    *,
    whole_queue: bool,
) -> Archive:
    """Open the local services, callees before callers."""
    settings, local = parts.settings, parts.local

    async def enter(contract: type[S], opening: AbstractAsyncContextManager[S]) -> S:
        if contract.service not in services:
            return parts.remote_client(contract)
        opened = await stack.enter_async_context(opening)
        local[contract.service] = opened
        return opened

    presence, scheduler = parts.presence, parts.scheduler
    logging = await enter(LoggingAPI, LoggingService.open(settings, presence, scheduler))
    if ServiceName.LOGGING not in services:
        level = settings.server.log_level
        await stack.enter_async_context(LogPipeline(RemoteTarget(logging), level=level))
    await enter(StorageAPI, _storage(parts))
    yt_dlp = await stack.enter_async_context(YtDlp(settings, presence))
    await enter(MetadataAPI, MetadataService.open(settings, yt_dlp, scheduler=scheduler))
    download = await enter(DownloadAPI, _download(parts, yt_dlp, whole_queue, services))
    jobs = await enter(JobsAPI, _jobs(parts, whole_queue=whole_queue))
    if isinstance(jobs, JobsService):
        following = SubscriptionsService.open(settings, following_clients(parts), parts.scheduler)
        subscriptions = await stack.enter_async_context(following)
        parts.above[SubscriptionsAPI] = subscriptions
        jobs.watch(subscriptions.supervisor)
        await stack.enter_async_context(_retention(parts, jobs))
        refreshing = RefreshingService(settings, refreshing_clients(parts, jobs))
        parts.above[RefreshingAPI] = refreshing
        jobs.add_duties(refreshing.duties())
        await stack.enter_async_context(_notifications(parts, jobs))
    _connect_listeners(jobs if isinstance(jobs, JobsService) else None, download, yt_dlp, parts)
    return parts.archive()


def _connect_listeners(
    jobs: JobsService | None, download: DownloadAPI, yt_dlp: YtDlp, parts: Composition
) -> None:
    """Connect services to the governor and to their listeners."""
    yt_dlp.gate = jobs.gate if jobs else RemoteGate(parts.remote_client(PermitsAPI))
    if isinstance(download, DownloadService):
        download.retry_by(jobs.direct_retries if jobs else DirectRetries(parts.settings.jobs))
        download.report_to(jobs or parts.remote_client(DownloadListener))


def _jobs(parts: Composition, *, whole_queue: bool) -> AbstractAsyncContextManager[JobsService]:
    clients = ServiceClients(
        parts.of(MetadataAPI),
        parts.of(DownloadAPI),
        parts.of(StorageAPI),
        parts.of(WorkPlansAPI),
        parts.of(VerificationAPI),
        parts.of(HistoryAPI),
        parts.of(StagingAPI),
        parts.of(ChannelsAPI),
        parts.of(AdoptionAPI),
        parts.of(MarksAPI),
    )
    settings, scheduler = parts.settings, parts.scheduler
    state = settings.storage.state_path
    return JobsService.open(
        settings, state, clients, parts.probe, scheduler, whole_queue=whole_queue
    )


@asynccontextmanager
async def _retention(parts: Composition, jobs: JobsService) -> AsyncIterator[None]:
    async with RetentionService.open(parts.settings, retention_clients(parts)) as retention:
        parts.above[RetentionAPI] = retention
        jobs.add_duties(retention.duties)
        yield


@asynccontextmanager
async def _notifications(parts: Composition, jobs: JobsService) -> AsyncIterator[None]:
    settings = parts.settings
    opening = NotificationsService.open(
        settings.notifications, settings.storage.state_path, parts.session, parts.of
    )
    async with opening as notifications:
        parts.above[NotificationsAPI] = notifications
        jobs.add_duties(notifications.duties)
        yield


@asynccontextmanager
async def _storage(parts: Composition) -> AsyncIterator[StorageService]:
    storage = await StorageService.open(parts.settings.storage, parts.presence, parts.scheduler)
    storage.channels.look_up = parts.look_up_channel
    storage.known_channels.pictures = YouTubePictures(parts.settings.network)
    storage.adopter.trusts_callers = not parts.in_server
    storage.feeds.settings = feed_settings(parts.settings)
    maintenance = MaintenanceService(parts.settings, storage.rebuild, parts.of)
    parts.above[MaintenanceAPI] = maintenance
    try:
        yield storage
    finally:
        await storage.close()


@asynccontextmanager
async def _download(
    parts: Composition, yt_dlp: YtDlp, restore_pending: bool, services: Collection[ServiceName]
) -> AsyncIterator[DownloadService]:
    settings = parts.settings
    with held_folder(settings.storage.staging_path):
        download = DownloadService(settings, yt_dlp, parts.presence, parts.scheduler)
        if restore_pending:
            await download.restore_pending()
        try:
            yield download
        finally:
            # With Jobs in this process, transfers had their grace when Jobs was closed.
            with_jobs = ServiceName.JOBS in services
            await download.close(0 if with_jobs else settings.jobs.shutdown_grace)


@asynccontextmanager
async def open_archive(
    settings: Settings, server: str | None, access: Access = Access.WRITE
) -> AsyncIterator[Archive]:
    """Open the archive for a command: of a running server, or in this process.

    `server`: its URL, which must answer. Without one, a server at the configured address or the one
    that owns this archive is used if there is one. Raises ServiceUnavailable, TokenRequired, or
    what `open_services` raises.
    """
    async with aiohttp.ClientSession() as session:
        found = await find_server(settings, server, session)
        if found is not None:
            yield found
            return
    if access is Access.READ:
        async with open_for_reading(settings) as archive:
            yield archive
        return
    opening = open_services(settings, whole_queue=False, console=Console.WARNINGS, access=access)
    async with opening as (archive, _):
        await register_in_process(archive)
        yield archive
