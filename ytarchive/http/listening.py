"""Listening on an address, with a clear error if that fails."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from loguru import logger

from ytarchive.common import errors
from ytarchive.common.tracing import TRACE_HEADER, trace
from ytarchive.http.envelope import failure
from ytarchive.http.guard import require_safe_address, server_url
from ytarchive.http.server import SERVER_CONFIG

_RequestHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_LINGERING_TIME = 10.0
"""Seconds in which the rest of a refused body is read, so that the client reads the answer."""


@dataclass(frozen=True)
class Listening:
    """A server that accepts connections. `port` is the actual port, also for port 0."""

    host: str
    port: int
    _runner: web.AppRunner
    _server: asyncio.Server

    @property
    def url(self) -> str:
        """Return the URL for programs on this machine."""
        return server_url(self.host, self.port)

    async def close(self) -> None:
        """Stop accepting requests, wait three seconds for running ones, and close."""
        self._server.close()
        await self._runner.cleanup()


async def listen(app: web.Application, host: str, port: int) -> Listening:
    """Serve `app`.

    Raises AddressInUse, or InvalidConfiguration for a public address without token.
    """
    require_safe_address(host, app[SERVER_CONFIG])
    runner = web.AppRunner(app, shutdown_timeout=3.0)
    await runner.setup()
    try:
        server = await _listening_server(app, runner, host, port)
    except OSError as error:
        await runner.cleanup()
        raise errors.AddressInUse(_reason(error, host, port), host=host, port=port) from None
    return Listening(host, server.sockets[0].getsockname()[1], runner, server)


async def _listening_server(
    app: web.Application, runner: web.AppRunner, host: str, port: int
) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    manager = runner.server
    if manager is None:
        raise RuntimeError("the runner is not set up")
    manager.request_handler = _in_envelope(manager.request_handler)
    patience = app[SERVER_CONFIG].read_timeout
    connection = partial(_Connection, manager, loop, patience)
    return await loop.create_server(connection, host, port, backlog=512)


def _in_envelope(handler: _RequestHandler) -> _RequestHandler:
    """Return `handler` with aiohttp's own error answers in an envelope.

    aiohttp sends them before any middleware runs, for example for an unknown `Expect` header.
    """

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            refusal: errors.YTArchiveError = errors.MalformedRequest(error.reason)
            if isinstance(error, web.HTTPExpectationFailed):
                refusal = errors.ExpectationFailed()
            with trace(request.headers.get(TRACE_HEADER)) as trace_id:
                return failure(refusal, trace_id)

    return handle


class _Connection(web.RequestHandler):
    """A connection that answers invalid requests in the envelope too."""

    __slots__ = ()

    def __init__(
        self, manager: web.Server, loop: asyncio.AbstractEventLoop, patience: float
    ) -> None:
        super().__init__(
            manager,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # off
            # Runs from the first byte or the last answer, so it limits slow headers too.
            keepalive_timeout=patience,
            lingering_time=min(patience, _LINGERING_TIME),
        )

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer requests that reach no route: invalid HTTP, headers that are too long."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun, so no other answer can be sent")
        if status >= 500:
            logger.bind(service="http").opt(exception=exc).error("a request failed: {}", message)
        error: errors.YTArchiveError = (
            errors.InternalError() if status >= 500 else errors.MalformedRequest()
        )
        with trace(None) as trace_id:
            response = failure(error, trace_id)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log server errors; ignore the rest of a body that cannot be decoded.

        The client of such a body has its answer and must not be able to fill the log.
        """
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError | HttpProcessingError):
            super().log_exception(*args, **kw)


_CAUSES = {
    errno.EADDRINUSE: "another program listens there",
    errno.EACCES: "this user may not use that port; use a port from 1024 on",
    errno.EADDRNOTAVAIL: "this machine does not have that address",
}


def _reason(error: OSError, host: str, port: int) -> str:
    cause = _CAUSES.get(error.errno or 0, error.strerror or str(error))
    return f"cannot listen on {host} port {port}: {cause}"
