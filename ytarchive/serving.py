"""`ytarchive serve`: the services behind HTTP, until a signal ends the process."""

import asyncio
import gc
import os
import signal
import sys
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from functools import partial

from loguru import logger

from ytarchive.app import ALL_SERVICES, open_services
from ytarchive.common.config import Settings
from ytarchive.common.contract import Contract
from ytarchive.common.errors import AddressInUse
from ytarchive.common.scheduler import Duty
from ytarchive.common.services import API_PREFIX, ServiceName
from ytarchive.common.supervision import Supervisor
from ytarchive.discovery import Archive
from ytarchive.http import CONTRACTS, Listening, build_app, listen
from ytarchive.jobs import RegisterService, RegistryAPI
from ytarchive.logging import Console

log = logger.bind(service="ytarchive")

_SWITCH_INTERVAL = 0.0005
"""Seconds after which a busy thread yields to another, a tenth of Python's default.

An answer that reads databases switches threads a dozen times, and would wait for as many intervals
during indexing or hashing.
"""


async def serve(
    settings: Settings,
    services: Collection[ServiceName] = ALL_SERVICES,
    separate_ports: bool = False,
) -> None:
    """Run a server until SIGTERM or SIGINT; a second signal ends it at once.

    Raises AddressInUse, or what `open_services` raises.
    """
    stop = _stop_signal()
    async with AsyncExitStack() as stack:
        opening = open_services(settings, services, whole_queue=True, console=Console.FULL)
        archive, lock = await stack.enter_async_context(opening)
        listening = await _listen(settings, services, archive, separate_ports=separate_ports)
        for server in set(listening.values()):
            stack.push_async_callback(server.close)
        lock.write_url(next(iter(listening.values())).url)
        for supervisor in _keep_registered(archive, listening):
            stack.push_async_callback(supervisor.stop)
        for url in dict.fromkeys(server.url for server in listening.values()):
            log.info("listening on {}", url)
        # Objects of the start-up are excluded from later collections, which block the event loop.
        gc.collect()
        gc.freeze()
        sys.setswitchinterval(_SWITCH_INTERVAL)
        await stop.wait()
        log.info("stopping: no new work starts; active transfers may continue briefly")


def _stop_signal() -> asyncio.Event:
    """Return an event that the first SIGTERM or SIGINT sets; a second signal ends the process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    return stop


async def _listen(
    settings: Settings,
    services: Collection[ServiceName],
    archive: Archive,
    *,
    separate_ports: bool,
) -> dict[ServiceName, Listening]:
    """Open the ports; which server each service is reached at."""
    config, first = settings.server, settings.server.port
    mounted = {name: _mounted(archive, name) for name in ServiceName if name in services}
    if not separate_ports:
        together = [pair for pairs in mounted.values() for pair in pairs]
        server = await listen(build_app(together, config), config.host, _port(settings, services))
        return dict.fromkeys(mounted, server)
    found: dict[ServiceName, Listening] = {}
    try:
        for name, pairs in mounted.items():
            port = first + name.port_offset if first else 0
            found[name] = await listen(build_app(pairs, config), config.host, port)
    except AddressInUse:
        for server in found.values():
            await server.close()
        raise
    return found


def _mounted(archive: Archive, name: ServiceName) -> list[tuple[type[Contract], Contract]]:
    return [(each, archive.of(each)) for each in CONTRACTS if each.service is name]


def _port(settings: Settings, services: Collection[ServiceName]) -> int:
    """Return the configured port; processes apart from Jobs have that of their first service."""
    port = settings.server.port
    if ServiceName.JOBS in services or "port" in settings.server.model_fields_set:
        return port
    return port + min(name.port_offset for name in services)


def _keep_registered(
    archive: Archive, listening: Mapping[ServiceName, Listening]
) -> list[Supervisor]:
    """Register each service with Jobs: once in the process of Jobs, otherwise repeatedly."""
    supervisors = []
    shares = Counter(server.url for server in listening.values())
    for name, server in listening.items():
        path = f"{API_PREFIX}/health" + (f"?service={name}" if shares[server.url] > 1 else "")
        request = RegisterService(
            service_name=name, url=server.url, port=server.port, health_endpoint=path
        )
        register = partial(_register, archive, request)
        supervisors.append(supervisor := Supervisor(name))
        if ServiceName.JOBS in listening:
            supervisor.spawn(supervisor.complete("registration", register))
        else:
            archive.scheduler.add(Duty("registration", register, 15.0), supervisor)
    return supervisors


async def _register(archive: Archive, request: RegisterService) -> None:
    duties = [each for each in archive.scheduler.states() if each.service == request.service_name]
    await archive.of(RegistryAPI).register_service(request.model_copy(update={"duties": duties}))
