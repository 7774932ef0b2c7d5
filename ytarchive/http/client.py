"""Client of a contract over HTTP: each call is a request, and each error the same exception."""

import functools
import inspect
import os
import types
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar, cast
from urllib.parse import quote

import aiohttp
from aiohttp import hdrs
from pydantic import ValidationError
from yarl import URL

from ytarchive.common import errors
from ytarchive.common.content import PART_SIZE, Content, Parts
from ytarchive.common.contract import Contract, Endpoint, OperationKind, endpoints
from ytarchive.common.events import EventStream
from ytarchive.common.json_text import read_json
from ytarchive.common.models import HealthCheck, HealthQuery, ServiceResponse
from ytarchive.common.services import API_PREFIX
from ytarchive.common.tracing import TRACE_HEADER, current_trace_id, new_trace_id
from ytarchive.http.events import decoded
from ytarchive.http.health import Health
from ytarchive.http.requests import query_string, request_body

C = TypeVar("C", bound=Contract)

_TIMEOUT = 660.0
"""Seconds. Longer than `server.request_timeout`, so that the server's error arrives."""
_BY_PARTS = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
"""Content has no total limit, only a limit between bytes."""


def remote(
    contract: type[C],
    session: aiohttp.ClientSession,
    base_url: str | Callable[[], str],
    token: str | None = None,
    *,
    timeout: float = _TIMEOUT,
) -> C:
    """Return an implementation of `contract` that calls the server at `base_url`.

    `base_url` may be a function, which is called before each request, for a service that may move.

    Methods raise the service's errors, ServiceUnavailable without an answer, ServiceTimeout after
    `timeout` seconds, and ProtocolError for an invalid answer.
    """
    return cast(
        "C", _remote_class(contract)(_Requester(contract, session, base_url, token, timeout))
    )


class _Requester:
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
        """Return the result of an operation, or raise its error."""
        path = {name: quote(str(arguments[name]), safe="") for name in declared.path_parameters}
        model = arguments.get(declared.request_name or "")
        trace_id = current_trace_id() or new_trace_id()
        headers, body, query = {TRACE_HEADER: trace_id}, None, ""
        if declared.method in {"POST", "PUT"}:
            headers[hdrs.CONTENT_TYPE] = "application/json"
            body = request_body(model, trace_id)
        elif model is not None:
            query = query_string(model)
        url = declared.path.format(**path) + query
        if declared.kind is OperationKind.CONTENT:
            return await self._content(declared, url, headers)
        if declared.kind is OperationKind.EVENTS:
            return self._events(declared, url, headers)
        async with self.ask(declared.method, url, headers, body) as response:
            status, raw = response.status, await response.read()
        return self._result(declared, status, raw)

    @asynccontextmanager
    async def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        limit: aiohttp.ClientTimeout | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request. Connection errors become YTArchiveErrors, also within the block."""
        with self.translated():
            async with self._session.request(
                method,
                URL(f"{self._base_url}{API_PREFIX}{path}", encoded=True),
                data=body,
                headers={**self._headers, **headers},
                timeout=limit or self._timeout,
                allow_redirects=False,
            ) as response:
                yield response

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Convert connection errors into YTArchiveErrors."""
        try:
            yield
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            raise self._unanswered(error) from error

    async def _content(
        self, declared: Endpoint, path: str, headers: dict[str, str]
    ) -> "_RemoteContent":
        async with self.ask("HEAD", path, headers) as response:
            if response.status == 200:
                return self._described(response, path)
        # The answer to HEAD has no body with the reason.
        async with self.ask("GET", path, headers) as response:
            if response.status == 200:
                return self._described(response, path)
            raise self.refusal(declared.name, response.status, await response.read())

    async def _events(self, declared: Endpoint, path: str, headers: dict[str, str]) -> EventStream:
        async with self.ask("GET", path, headers, limit=_BY_PARTS) as response:
            if response.content_type != "text/event-stream":
                raise self.refusal(declared.name, response.status, await response.read())
            async with aclosing(decoded(response.content.iter_any())) as events:
                async for sent in events:
                    yield sent
        raise self._failure(errors.ServiceUnavailable, "has ended the stream of events")

    def _described(self, response: aiohttp.ClientResponse, path: str) -> "_RemoteContent":
        sent = response.headers
        shown = response.content_disposition
        try:
            return _RemoteContent(
                name=(shown and shown.filename) or "",
                media_type=sent[hdrs.CONTENT_TYPE],
                size=int(sent[hdrs.CONTENT_LENGTH]),
                modified=parsedate_to_datetime(sent[hdrs.LAST_MODIFIED]),
                etag=sent[hdrs.ETAG].strip('"'),
                requester=self,
                path=path,
            )
        except (KeyError, ValueError) as error:
            text = "answered with content that lacks headers"
            raise self._failure(errors.ProtocolError, text) from error

    def refusal(self, name: str, status: int, raw: bytes) -> errors.YTArchiveError:
        """Return the error in an answer without the expected content."""
        error = self._envelope(status, raw).error
        if error is None:
            return self._failure(errors.ProtocolError, f"answered {name} with no content")
        return errors.error_from(error)

    def _result(self, declared: Endpoint, status: int, raw: bytes) -> Any:
        answer = self._envelope(status, raw)
        if answer.error is not None:
            raise errors.error_from(answer.error)
        if not answer.success:
            raise self._failure(
                errors.ProtocolError, "answered neither with success nor with an error"
            )
        try:
            return declared.response_adapter.validate_python(answer.data)
        except ValidationError as error:
            text = f"answered {declared.name} in an unknown form"
            raise self._failure(errors.ProtocolError, text) from error

    def _envelope(self, status: int, raw: bytes) -> ServiceResponse:
        try:
            return ServiceResponse.model_validate(read_json(raw))
        except ValueError as error:
            text = f"answered with status {status} and no envelope"
            raise self._failure(errors.ProtocolError, text) from error

    def _unanswered(self, error: Exception) -> errors.YTArchiveError:
        match error:
            case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | ValueError():
                return self._failure(errors.ProtocolError, "has an invalid URL")
            case aiohttp.ClientResponseError():
                return self._failure(errors.ProtocolError, "does not answer with valid HTTP")
            case TimeoutError():
                seconds = self._timeout.total or 0
                return self._failure(
                    errors.ServiceTimeout, f"did not answer within {seconds:g} seconds"
                )
            case _:
                return self._failure(
                    errors.ServiceUnavailable, f"does not answer: {_reason(error)}"
                )

    def _failure(self, kind: type[errors.YTArchiveError], text: str) -> errors.YTArchiveError:
        message = f"the {self.service} service at {self._base_url} {text}"
        return kind(message, service=self.service, url=self._base_url)


@dataclass(frozen=True)
class _RemoteContent(Content):
    """Content of a server; each part is a separate request."""

    requester: _Requester
    path: str

    async def _open(self, start: int, stop: int) -> Parts:
        stack = AsyncExitStack()
        if start == stop:
            return Parts(_nothing, stack.aclose)
        headers: dict[str, str] = {
            hdrs.IF_MATCH: f'"{self.etag}"',
            hdrs.RANGE: f"bytes={start}-{stop - 1}",
        }
        asked = self.requester.ask("GET", self.path, headers, limit=_BY_PARTS)
        async with stack:
            response = await stack.enter_async_context(asked)
            if response.status != 206:
                raise self.requester.refusal(self.name, response.status, await response.read())
            rest = stack.pop_all()

        async def read() -> bytes:
            with self.requester.translated():
                return await response.content.read(PART_SIZE)

        return Parts(read, rest.aclose)


async def _nothing() -> bytes:
    return b""


def _reason(error: Exception) -> str:
    """Return why a connection failed; aiohttp's own text contains Python objects."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"there is no host {error.host}"
    number = error.os_error.errno if isinstance(error, aiohttp.ClientConnectorError) else None
    return os.strerror(number).lower() if number else str(error) or type(error).__name__


@functools.cache
def _remote_class(contract: type[Contract]) -> Callable[[_Requester], Contract]:
    """Return a class that implements `contract` by calls of a `_Requester`."""
    body = {declared.name: _operation(contract, declared) for declared in endpoints(contract)}
    if "health" in body:
        body["health"] = _health
    body["__init__"] = _store_requester
    name = f"Remote{contract.__name__}"
    return types.new_class(name, (contract,), exec_body=lambda members: members.update(body))


def _store_requester(self: Any, requester: _Requester) -> None:
    self.requester = requester


async def _health(self: Any) -> HealthCheck:
    """Return the service's own health, also if its server runs other services."""
    declared = endpoints(Health)[0]
    found: HealthCheck = await self.requester.call(
        declared, {"request": HealthQuery(service=self.requester.service)}
    )
    return found


def _operation(contract: type[Contract], declared: Endpoint) -> Callable[..., Any]:
    signature = inspect.signature(getattr(contract, declared.name))

    async def operation(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = signature.bind(self, *args, **kwargs).arguments
        return await self.requester.call(declared, given)

    operation.__name__ = declared.name
    operation.__doc__ = declared.description
    operation.__signature__ = signature  # type: ignore[attr-defined]  # inspect reads it
    return operation
