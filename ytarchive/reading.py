"""The archive for read-only commands: no lock, recovery, background work or change."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import aiohttp

from ytarchive.common.config import Settings
from ytarchive.common.lock import is_locked, lock_file
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
from ytarchive.discovery import Archive
from ytarchive.download.service import DownloadService
from ytarchive.jobs.guards.clients import ServiceClients
from ytarchive.jobs.reading import ReadOnlyJobs
from ytarchive.logging import register_secrets
from ytarchive.logging.service import LoggingService
from ytarchive.maintenance import MaintenanceAPI
from ytarchive.maintenance.service import MaintenanceService
from ytarchive.metadata.reading import ReadOnlyMetadata
from ytarchive.notifications import NotificationsAPI
from ytarchive.notifications.service import NotificationsService
from ytarchive.refreshing import RefreshingAPI
from ytarchive.refreshing.service import RefreshingService
from ytarchive.retention import RetentionAPI
from ytarchive.retention.service import RetentionService
from ytarchive.storage import Access, lost_library, lost_queue, open_identity
from ytarchive.storage.reading import ReadOnlyStorage
from ytarchive.subscriptions import SubscriptionsAPI
from ytarchive.subscriptions.service import SubscriptionsService
from ytarchive.ytdlp import YtDlp


@asynccontextmanager
async def open_for_reading(settings: Settings) -> AsyncIterator[Archive]:
    """Yield the archive in its current state, whether or not a process owns it.

    Raises ArchiveMissing, WrongArchive or NotAnArchive.
    """
    register_secrets(settings)
    identity = await asyncio.to_thread(open_identity, settings.storage, Access.READ)
    presence = presence_of(settings, identity)
    await warn_of_loss(settings, lost_queue, lost_library)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        session = await enter(aiohttp.ClientSession())
        parts = Composition(settings, session, presence)
        yt_dlp = await enter(YtDlp(settings, presence))
        download = DownloadService(settings, yt_dlp, presence)
        stack.push_async_callback(download.close)
        logging = await enter(LoggingService.reading(settings))
        storage = await enter(ReadOnlyStorage.reading(settings.storage, presence))
        storage.channels.look_up = parts.look_up_channel
        storage.feeds.settings = feed_settings(settings)
        parts.above[MaintenanceAPI] = MaintenanceService(settings, storage.rebuild, parts.of)
        metadata = await enter(ReadOnlyMetadata.reading(settings, yt_dlp))
        clients = ServiceClients(metadata, download, storage, storage.plans, storage.verifier)
        jobs = await enter(ReadOnlyJobs.reading(settings, clients, parts.probe))
        parts.above[NotificationsAPI] = await enter(
            NotificationsService.reading(
                settings.notifications, settings.storage.state_path, session
            )
        )
        opened = (jobs, metadata, download, storage, logging)
        parts.local.update({ServiceName(each.service): each for each in opened})
        following = SubscriptionsService.reading(settings, following_clients(parts))
        parts.above[SubscriptionsAPI] = await enter(following)
        reading = RetentionService.reading(settings, retention_clients(parts))
        parts.above[RetentionAPI] = await enter(reading)
        parts.above[RefreshingAPI] = RefreshingService(settings, refreshing_clients(parts, jobs))
        lock = lock_file(settings.storage.state_path, ServiceName.JOBS)
        archive = replace(parts.archive(), has_owner=lambda: is_locked(lock))
        await register_in_process(archive)
        yield archive
