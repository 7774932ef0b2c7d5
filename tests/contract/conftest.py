"""Every contract test runs twice: against the service itself, and against it over HTTP."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import aiohttp
import pytest

from tests.unit.http.serving import serving
from ytarchive.common.contract import Contract
from ytarchive.http import remote

C = TypeVar("C", bound=Contract)
Reach = Callable[[type[C], C], Coroutine[Any, Any, C]]


@pytest.fixture(params=["in process", "over HTTP"])
async def reach(request: pytest.FixtureRequest) -> AsyncIterator[Reach[Any]]:
    """Returns a service as its callers use it: the object itself, or a client over HTTP."""
    async with AsyncExitStack() as opened:

        async def reached(contract: type[C], service: C) -> C:
            if request.param == "in process":
                return service
            server = await opened.enter_async_context(serving((contract, service)))
            session = await opened.enter_async_context(aiohttp.ClientSession())
            return remote(contract, session, server.url)

        yield reached
