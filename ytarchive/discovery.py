"""Finds the services of an archive: the contracts for callers, and running servers."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

import aiohttp

from ytarchive.common import errors
from ytarchive.common.config import Settings
from ytarchive.common.contract import Contract
from ytarchive.common.hosts import known_hosts, seen_from
from ytarchive.common.lock import lock_file, lock_owner
from ytarchive.common.scheduler import Scheduler
from ytarchive.common.services import ServiceName
from ytarchive.download import DownloadAPI
from ytarchive.http import CONTRACTS, remote
from ytarchive.jobs import IN_PROCESS, JobsAPI, RegistryAPI
from ytarchive.logging import LoggingAPI
from ytarchive.metadata import MetadataAPI
from ytarchive.storage import StorageAPI

PROBE_SECONDS = 3.0
"""Time limit of a server's first answer."""

C = TypeVar("C", bound=Contract)


@dataclass(frozen=True)
class Archive:
    """Every contract of the five services, implemented in this process or by a server."""

    contracts: Mapping[type[Contract], Contract]
    url: str | None = None
    """The server's URL; None when the services run inside this process."""
    work_on: Callable[[str], None] = lambda _: None
    """Makes this process work on a job, by its id; a server works on all jobs."""
    has_owner: Callable[[], bool] | None = None
    """Only if this process reads: whether another one owns the archive and works on its jobs."""
    scheduler: Scheduler = field(default_factory=Scheduler)
    """Runs the periodic duties of the services in this process."""

    def of(self, contract: type[C]) -> C:
        """Return the implementation of `contract`."""
        return cast("C", self.contracts[contract])

    @property
    def jobs(self) -> JobsAPI:
        """Return the queue."""
        return self.of(JobsAPI)

    @property
    def metadata(self) -> MetadataAPI:
        """Return the metadata of videos and playlists."""
        return self.of(MetadataAPI)

    @property
    def download(self) -> DownloadAPI:
        """Return the transfers of media."""
        return self.of(DownloadAPI)

    @property
    def storage(self) -> StorageAPI:
        """Return the archive on disk."""
        return self.of(StorageAPI)

    @property
    def logging(self) -> LoggingAPI:
        """Return the log entries and metrics."""
        return self.of(LoggingAPI)


def server_token(settings: Settings) -> str | None:
    """Return the token that our servers require."""
    return settings.server.token.get_secret_value() if settings.server.token else None


async def _at(url: str, session: aiohttp.ClientSession, settings: Settings) -> Archive:
    """Return the services of the server at `url`; its registry lists those at other addresses."""
    token = server_token(settings)
    registry = remote(RegistryAPI, session, url.rstrip("/"), token)
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            services = await registry.list_services()
    except errors.TokenRequired:
        what = "refuses the token" if token else "requires a token"
        raise errors.TokenRequired(f"the server at {url} {what}") from None
    found = {each.service_name: each for each in services if each.url != IN_PROCESS}

    def at(contract: type[C]) -> C:
        service, home = found.get(contract.service), found.get(ServiceName.JOBS)
        if service is None or home is None:
            return remote(contract, session, url.rstrip("/"), token)
        there = seen_from(url, service.address, home.address, known_hosts(settings))
        return remote(contract, session, there.rstrip("/"), token)

    return Archive({contract: at(contract) for contract in CONTRACTS}, url=url)


async def find_server(
    settings: Settings, url: str | None, session: aiohttp.ClientSession
) -> Archive | None:
    """Return the services of the server at `url`, otherwise of the running server.

    Raises ServiceUnavailable if the server at `url` does not answer, or TokenRequired.
    """
    if url is None:
        return await running_server(settings, session)
    try:
        return await _at(url, session, settings)
    except TimeoutError:
        message = f"the server at {url} did not answer within {PROBE_SECONDS:g} seconds"
        raise errors.ServiceUnavailable(message) from None


async def running_server(settings: Settings, session: aiohttp.ClientSession) -> Archive | None:
    """Return the services of the server that owns this archive, or of one at the usual address.

    None if there is no such server. Raises TokenRequired.
    """
    owner = lock_owner(lock_file(settings.storage.state_path, ServiceName.JOBS)).get("url")
    usual = f"http://{settings.server.host}:{settings.server.port}"
    chosen = "base_path" in settings.storage.model_fields_set
    for url in filter(None, [owner, usual]):
        try:
            archive = await _at(url, session, settings)
            async with asyncio.timeout(PROBE_SECONDS):
                base_path = await _base_path(archive)
        except (errors.YTArchiveError, TimeoutError) as error:
            if isinstance(error, errors.TokenRequired) and (url == owner or not chosen):
                raise  # a named server is used
            continue
        if not chosen or base_path == str(settings.storage.base_path.resolve()):
            return archive
    return None


async def _base_path(archive: Archive) -> str:
    """Return the folder of a server's archive, also if that folder has disappeared."""
    try:
        return (await archive.storage.get_stats()).base_path
    except errors.ArchiveMissing as error:
        return str(error.details.get("path"))
