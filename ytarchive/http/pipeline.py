"""The middleware of every request: trace, guard, time limit, and an envelope for errors."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Container, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from loguru import logger
from prometheus_client import Histogram

from ytarchive.common import errors
from ytarchive.common.config import ServerConfig
from ytarchive.common.errors import ServiceTimeout
from ytarchive.common.faults import as_error
from ytarchive.common.services import ServiceName
from ytarchive.common.telemetry import REQUEST_SECONDS
from ytarchive.common.tracing import TRACE_HEADER, trace
from ytarchive.http.envelope import answer, failure
from ytarchive.http.guard import Guard

TRACE = web.RequestKey("trace", str)
"""The request's trace id: the body's, the header's, or a new one."""

if TYPE_CHECKING:
    from loguru import Logger  # only for type checkers


T = TypeVar("T")


class Deadlines:
    """Cancels requests that take longer than `seconds`.

    One timer serves all of them: a timer for each would cost a tenth of the throughput of small
    requests (row 11 of the benchmark).
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._running: dict[asyncio.Task[Any], float] = {}  # end times, earliest first
        self._overdue: set[asyncio.Task[Any]] = set()
        self._is_watching = False

    async def keep(self, work: Awaitable[T]) -> T:
        """Return the result of `work`, as a part of this task. Raises ServiceTimeout."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None  # noqa: S101  # who awaits is one
        cancelled_before = task.cancelling()
        self._running[task] = loop.time() + self._seconds
        if not self._is_watching:
            self._is_watching = True
            loop.call_later(self._seconds, self._check, loop)
        try:
            return await work
        except asyncio.CancelledError:
            if task in self._overdue and task.uncancel() <= cancelled_before:
                raise ServiceTimeout(f"no answer within {self._seconds:g} seconds") from None
            raise  # cancelled from outside
        finally:
            self._running.pop(task, None)
            self._overdue.discard(task)

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel overdue requests, and set the timer for the next one."""
        now = loop.time()
        for task, until in list(self._running.items()):
            if until > now:
                loop.call_at(until, self._check, loop)
                return
            del self._running[task]
            self._overdue.add(task)
            task.cancel()
        self._is_watching = False


def pipeline(
    config: ServerConfig, owners: Mapping[str, ServiceName], keyed: Container[str]
) -> Middleware:
    """Return a server's middleware.

    `owners` names the service of each route, for the log. `keyed`: the routes that need no token,
    because their operations check a key in the path.
    """
    guard, deadlines = Guard(config), Deadlines(config.request_timeout)
    log = {owner: logger.bind(service=owner) for owner in (*ServiceName, "http")}

    @web.middleware
    async def handle(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        with trace(request.headers.get(TRACE_HEADER)) as trace_id:
            request[TRACE] = trace_id
            resource = request.match_info.route.resource
            route, method = "unmatched", "other"  # bounds the number of label values
            if resource is not None:
                route, method = resource.canonical, request.method
            service_log = log[owners.get(route, "http")]
            try:
                guard.check(request, needs_token=route not in keyed)
                response = await deadlines.keep(handler(request))
            except Exception as error:  # the client gets an envelope for every exception
                response = _failed(request, error, service_log)
            seconds = time.perf_counter() - started
            _duration(method, route, response.status).observe(seconds)
            service_log.debug(
                "{} {} {} {:.1f} ms",
                request.method,
                request.rel_url.raw_path,
                response.status,
                seconds * 1000,
            )
        return response

    return handle


@functools.cache
def _duration(method: str, route: str, status: int) -> Histogram:
    """Return the metric with these labels, cached because the look-up is slow."""
    return REQUEST_SECONDS.labels(method, route, status)


def _failed(request: web.Request, error: Exception, log: "Logger") -> web.Response:
    """Return the answer to a failed request; internal errors are logged with the trace id."""
    if isinstance(error, web.HTTPMethodNotAllowed) and request.method == hdrs.METH_OPTIONS:
        response = answer(b"", request[TRACE], 204)
        response.headers[hdrs.ALLOW] = ", ".join(sorted(error.allowed_methods))
        return response
    named = _named(error, request)
    if named.status >= 500:
        with trace(request[TRACE]):
            message = "{} {} failed: {} {}"
            shown = log.opt(exception=error) if isinstance(named, errors.InternalError) else log
            shown.error(message, request.method, request.rel_url.raw_path, named.code, error)
    return failure(named, request[TRACE])


def _named(error: Exception, request: web.Request) -> errors.YTArchiveError:
    """Return an exception as a YTArchiveError; unexpected ones without their text."""
    match error:
        case errors.YTArchiveError():
            return error
        case web.HTTPMethodNotAllowed():
            allowed = sorted(error.allowed_methods)
            message = f"{request.method[:16]} is not among {', '.join(allowed)}"
            return errors.MethodNotAllowed(message, allow=allowed)
        case web.HTTPNotFound():
            return errors.UnknownPath()
        case web.HTTPRequestEntityTooLarge():
            return errors.BodyTooLarge()
        case web.HTTPException() if error.status < 500:
            return errors.MalformedRequest(error.reason)
        case _:
            named = as_error(error)
            # The text of an unexpected exception is only logged.
            return errors.InternalError() if isinstance(named, errors.InternalError) else named
