"""Mounts contracts: every declared operation becomes a route."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import TypeAdapter
from pydantic_core import to_json

from ytarchive import __version__
from ytarchive.common.config import ServerConfig
from ytarchive.common.contract import (
    Contract,
    Endpoint,
    OperationKind,
    ServiceContract,
    endpoints,
)
from ytarchive.common.services import API_PREFIX, ServiceName
from ytarchive.common.telemetry import REGISTRY
from ytarchive.common.tracing import trace
from ytarchive.http.content import content_response
from ytarchive.http.envelope import answer, success
from ytarchive.http.events import LAST_EVENT_ID, STREAMS, end_streams, events_response
from ytarchive.http.health import Health
from ytarchive.http.openapi import openapi
from ytarchive.http.pipeline import TRACE, pipeline
from ytarchive.http.reading import RequestReader

Mounted = tuple[type[Contract], Contract]


SERVER_CONFIG = web.AppKey("server_config", ServerConfig)


def build_app(services: Sequence[Mounted], config: ServerConfig) -> web.Application:
    """Return a web application with the operations of the given contracts.

    The implementations must inherit from their contracts, which check the ids in paths.
    """
    owners: dict[str, ServiceName] = {}
    keyed: set[str] = set()
    app = web.Application(
        middlewares=[pipeline(config, owners, keyed)], client_max_size=config.max_body_bytes
    )
    app[SERVER_CONFIG] = config
    app[STREAMS] = set()
    app.on_shutdown.append(end_streams)
    named: dict[ServiceName, ServiceContract] = {}
    for contract, service in services:
        if ServiceContract in contract.__mro__:
            named[contract.service] = cast("ServiceContract", service)
        for declared in _mount(app, contract, service):
            path = API_PREFIX + declared.path
            owners[path] = contract.service
            if declared.has_own_key:
                keyed.add(path)
    _mount(app, Health, Health(named))
    _add_documents(app, [contract for contract, _ in services])
    return app


def _mount(app: web.Application, contract: type[Any], service: object) -> list[Endpoint]:
    """Add a route for each operation except `health`, and return the operations."""
    if contract not in type(service).__mro__:
        raise TypeError(f"{type(service).__name__} does not inherit from {contract.__name__}")
    declarations = [found for found in endpoints(contract) if found.name != "health"]
    for declared in declarations:
        handler = _handler(declared, service, app[SERVER_CONFIG].read_timeout)
        if declared.method == "GET":
            app.router.add_get(API_PREFIX + declared.path, handler)  # and HEAD
        else:
            app.router.add_route(declared.method, API_PREFIX + declared.path, handler)
    return declarations


def _handler(declared: Endpoint, service: object, patience: float) -> Handler:
    operation = getattr(service, declared.name)
    reader = RequestReader(declared, patience)
    kind = declared.kind
    parameter = declared.request_name

    async def handle(request: web.Request) -> web.StreamResponse:
        fields, trace_id = await reader.read(request)
        if trace_id is None:
            return await perform(request, fields)
        with trace(trace_id) as used:
            request[TRACE] = used
            return await perform(request, fields)

    async def perform(request: web.Request, fields: dict[str, Any]) -> web.StreamResponse:
        arguments: dict[str, Any] = dict(request.match_info)
        if kind is OperationKind.EVENTS and (last := request.headers.get(LAST_EVENT_ID)):
            fields.setdefault("last_event_id", last)
        model = reader.model(fields)
        if parameter is not None:
            arguments[parameter] = model
        result = await operation(**arguments)
        if kind is OperationKind.EVENTS:
            return events_response(result, request[TRACE])
        if kind is OperationKind.CONTENT:
            return await content_response(request, result, request[TRACE])
        return success(declared.response_adapter, result, request[TRACE], declared.status)

    return handle


def _add_documents(app: web.Application, contracts: list[type[Any]]) -> None:
    document: list[bytes] = []

    async def describe(request: web.Request) -> web.StreamResponse:
        if not document:
            made = await asyncio.to_thread(openapi, [*contracts, Health])
            document.append(to_json(made, indent=2))
        return answer(document[0], request[TRACE])

    app.router.add_get(f"{API_PREFIX}/openapi.json", describe)
    app.router.add_get("/metrics", _prometheus)
    app.router.add_get("/", _index)


async def _prometheus(request: web.Request) -> web.StreamResponse:
    return answer(generate_latest(REGISTRY), request[TRACE], media_type=CONTENT_TYPE_LATEST)


async def _index(request: web.Request) -> web.StreamResponse:
    links = {
        "health": f"{API_PREFIX}/health",
        "openapi": f"{API_PREFIX}/openapi.json",
        "metrics": "/metrics",
    }
    found = {"name": "ytarchive", "version": __version__, "links": links}
    return success(TypeAdapter(dict[str, Any]), found, request[TRACE], 200)
