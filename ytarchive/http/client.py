"""The same contract over HTTP: each call becomes a request, each error the same exception."""

import functools
import inspect
import os
import types
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import quote

import aiohttp
from aiohttp import hdrs
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from yarl import URL

from ytarchive.common.contract import Contract, Endpoint, endpoints
from ytarchive.common.errors import (
    ProtocolError,
    ServiceTimeout,
    ServiceUnavailable,
    YTArchiveError,
    error_from,
)
from ytarchive.common.json_text import read_json
from ytarchive.common.models import HealthCheck, HealthQuery, ServiceResponse, utc_now
from ytarchive.common.services import API_PREFIX
from ytarchive.common.tracing import TRACE_HEADER, current_trace_id, new_trace_id
from ytarchive.http.health import Health

C = TypeVar("C", bound=Contract)

_PATIENCE = 660.0
"""Longer than `server.request_timeout`, so that the server's own answer arrives."""


def remote(
    contract: type[C],
    session: aiohttp.ClientSession,
    base_url: str | Callable[[], str],
    token: str | None = None,
    *,
    timeout: float = _PATIENCE,
) -> C:
    """An object of type `contract` whose methods ask the server at `base_url` (`http://host:port`).

    A service that may move is given as a function, which is asked before each request.

    It raises what the service raises, and besides: ServiceUnavailable when nothing answers,
    ServiceTimeout after `timeout` seconds, ProtocolError when the answer is not understood.
    """
    return cast("C", _remote_class(contract)(_Wire(contract, session, base_url, token, timeout)))


class _Wire:
    """Sends the requests of one contract to one server."""

    def __init__(
        self,
        contract: type[Contract],
        session: aiohttp.ClientSession,
        base_url: str | Callable[[], str],
        token: str | None,
        timeout: float,
    ) -> None:
        self.service = contract.service.value
        self._session = session
        self._given_url = base_url
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=10)
        self._headers: dict[str, str] = {}
        if token:
            self._headers[hdrs.AUTHORIZATION] = f"Bearer {token}"

    @property
    def _base_url(self) -> str:
        url = self._given_url if isinstance(self._given_url, str) else self._given_url()
        return url.rstrip("/")

    async def call(self, declared: Endpoint, arguments: dict[str, Any]) -> Any:
        """The result of an operation, or its error raised."""
        path = {name: quote(str(arguments[name]), safe="") for name in declared.path_parameters}
        model = arguments.get(declared.request_name or "")
        trace_id = current_trace_id() or new_trace_id()
        status, raw = await self._send(declared, declared.path.format(**path), model, trace_id)
        return self._result(declared, status, raw)

    async def _send(
        self, declared: Endpoint, path: str, model: BaseModel | None, trace_id: str
    ) -> tuple[int, bytes]:
        headers = {**self._headers, TRACE_HEADER: trace_id}
        body = None
        if declared.method in {"POST", "PUT"}:
            headers[hdrs.CONTENT_TYPE] = "application/json"
            body = _request_body(model, trace_id)
        elif model is not None:
            path += _query_string(model)
        try:
            async with self._session.request(
                declared.method,
                URL(f"{self._base_url}{API_PREFIX}{path}", encoded=True),
                data=body,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                return response.status, await response.read()
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            raise self._unanswered(error) from error

    def _result(self, declared: Endpoint, status: int, raw: bytes) -> Any:
        try:
            answer = ServiceResponse.model_validate(read_json(raw))
        except ValueError as error:
            text = f"answered with status {status} and no envelope"
            raise self._failure(ProtocolError, text) from error
        if answer.error is not None:
            raise error_from(answer.error)
        if not answer.success:
            raise self._failure(ProtocolError, "answered neither with success nor with an error")
        try:
            return declared.response_adapter.validate_python(answer.data)
        except ValidationError as error:
            text = f"answered {declared.name} in a form this version does not know"
            raise self._failure(ProtocolError, text) from error

    def _unanswered(self, error: Exception) -> YTArchiveError:
        match error:
            case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | ValueError():
                return self._failure(ProtocolError, "has an address that is no URL")
            case aiohttp.ClientResponseError():
                return self._failure(ProtocolError, "does not speak HTTP as it should")
            case TimeoutError():
                seconds = self._timeout.total or 0
                return self._failure(ServiceTimeout, f"did not answer within {seconds:g} seconds")
            case _:
                return self._failure(ServiceUnavailable, f"does not answer: {_reason(error)}")

    def _failure(self, kind: type[YTArchiveError], text: str) -> YTArchiveError:
        message = f"the {self.service} service at {self._base_url} {text}"
        return kind(message, service=self.service, url=self._base_url)


def _reason(error: Exception) -> str:
    """Why a connection failed, in words alone: aiohttp's own text shows Python's objects."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"there is no host {error.host}"
    number = error.os_error.errno if isinstance(error, aiohttp.ClientConnectorError) else None
    return os.strerror(number).lower() if number else str(error) or type(error).__name__


def _request_body(model: BaseModel | None, trace_id: str) -> bytes:
    data = b"null" if model is None else model.model_dump_json().encode()
    moment = to_json(utc_now())
    return b'{"trace_id":"%b","timestamp":%b,"data":%b}' % (trace_id.encode(), moment, data)


def _query_string(model: BaseModel) -> str:
    """The fields that differ from their defaults; a list repeats its name."""
    values = model.model_dump(mode="json", exclude_defaults=True)
    pairs = [
        f"{quote(name)}={quote(_text(item), safe='')}"
        for name, value in values.items()
        for item in (value if isinstance(value, list) else [value])
    ]
    return "?" + "&".join(pairs) if pairs else ""


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@functools.cache
def _remote_class(contract: type[Contract]) -> Callable[[_Wire], Contract]:
    """A class that implements `contract` by asking a `_Wire`."""
    body = {declared.name: _operation(contract, declared) for declared in endpoints(contract)}
    if "health" in body:
        body["health"] = _health
    body["__init__"] = _keep_wire
    name = f"Remote{contract.__name__}"
    return types.new_class(name, (contract,), exec_body=lambda members: members.update(body))


def _keep_wire(self: Any, wire: _Wire) -> None:
    self.wire = wire


async def _health(self: Any) -> HealthCheck:
    """The service's own health, also where its server runs others beside it."""
    declared = endpoints(Health)[0]
    found: HealthCheck = await self.wire.call(
        declared, {"request": HealthQuery(service=self.wire.service)}
    )
    return found


def _operation(contract: type[Contract], declared: Endpoint) -> Callable[..., Any]:
    signature = inspect.signature(getattr(contract, declared.name))

    async def operation(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = signature.bind(self, *args, **kwargs).arguments
        return await self.wire.call(declared, given)

    operation.__name__ = declared.name
    operation.__doc__ = declared.description
    operation.__signature__ = signature  # type: ignore[attr-defined]  # inspect reads it
    return operation
