"""A running server with notes behind it, and ways to speak to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.unit.http.serving import Notes, NotesAPI, serving
from ytarchive.common.config import ServerConfig
from ytarchive.http import Listening


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> str:
        """The error's E-code; fails if there is none or the envelope is not the specified one."""
        assert set(self.body) == {"success", "data", "error", "trace_id"}
        assert self.body["success"] is False
        assert self.body["data"] is None
        return str(self.body["error"]["code"])

    @property
    def data(self) -> Any:
        """The result; fails if there is none or the envelope is not the specified one."""
        assert set(self.body) == {"success", "data", "error", "trace_id"}
        assert self.body["success"] is True, self.body
        assert self.body["error"] is None
        return self.body["data"]


Ask = Callable[..., Awaitable[Answer]]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def config() -> ServerConfig:
    return ServerConfig()


@pytest.fixture
async def server(config: ServerConfig) -> AsyncIterator[Listening]:
    async with serving((NotesAPI, Notes()), config=config) as listening:
        yield listening


@pytest.fixture
def ask(server: Listening, session: aiohttp.ClientSession) -> Ask:
    """Sends one request below `/api/v1`, as any program would: method, path, aiohttp's options."""

    async def asked(method: str, path: str, **options: Any) -> Answer:
        url = f"{server.url}/api/v1{path}"
        async with session.request(method, url, **options) as response:
            is_json = response.content_type == "application/json" and method != "HEAD"
            body = await response.json() if is_json else await response.text()
            return Answer(response.status, dict(response.headers), body)

    return asked
