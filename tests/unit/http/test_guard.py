"""A page in a browser on this machine has no access."""

import asyncio
import socket
from typing import Any

import aiohttp
import pytest

from tests.unit.http.conftest import Ask
from tests.unit.http.serving import Notes, NotesAPI
from ytarchive.common.config import ServerConfig
from ytarchive.common.errors import AddressInUse, InvalidConfiguration
from ytarchive.http import Listening, build_app, listen

NOTE = {"video_id": "dQw4w9WgXcQ", "text": "seen"}


@pytest.mark.parametrize(
    "host",
    ["evil.com", "evil.com:{port}", "localhost.evil.com", "127.0.0.1.evil.com", "10.0.0.1",
     "0.0.0.0", "user@localhost", "localhost/x", "localhost:99x", "[::1", "", "169.254.169.254"],
)  # fmt: skip
async def test_a_host_that_is_not_this_server_is_refused(
    ask: Ask, server: Listening, host: str
) -> None:
    """So a name that an attacker points to loopback (DNS rebinding) reaches nothing."""
    answer = await ask("GET", "/health", headers={"Host": host.format(port=server.port)})
    assert (answer.status, answer.code) == (421, "E011")


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:{port}", "LOCALHOST:80", "127.0.0.1:{port}", "[::1]:{port}"]
)
async def test_every_name_of_loopback_is_accepted_at_any_port(
    ask: Ask, server: Listening, host: str
) -> None:
    """At any port, because `ssh -L` and containers forward from other ones."""
    answer = await ask("GET", "/health", headers={"Host": host.format(port=server.port)})
    assert answer.status == 200


@pytest.mark.parametrize("hosts", [b"", b"Host: localhost\r\nHost: evil.com\r\n"])
async def test_no_host_or_two_are_refused(server: Listening, hosts: bytes) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"GET /api/v1/health HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.split(b" ")[1] in {b"400", b"421"}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.com"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "file://"},
        {"Origin": "https://evil.com", "Sec-Fetch-Site": "none"},
        {"Origin": "chrome-extension://abcdef"},
    ],
)
async def test_a_request_of_another_origin_is_refused(
    ask: Ask, method: str, headers: dict[str, str]
) -> None:
    """Reading is refused too: it could spend quota, though no page could see the answer."""
    answer = await ask(method, "/notes", headers=headers)
    assert answer.status == 403
    assert answer.code == "E010"


async def test_a_page_of_the_server_itself_is_accepted(ask: Ask, server: Listening) -> None:
    headers = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    assert (await ask("POST", "/notes", json=NOTE, headers=headers)).status == 201
    assert (await ask("GET", "/notes", headers={"Sec-Fetch-Site": "none"})).status == 200


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json",
     "text/plain; application/json", "application/octet-stream", "application/jsonx"],
)  # fmt: skip
async def test_a_body_must_be_declared_as_json(ask: Ask, media_type: str) -> None:
    """A form of another site can send the other types without asking the server first."""
    body = b'{"video_id":"dQw4w9WgXcQ","text":"x"}'
    answer = await ask("POST", "/notes", data=body, headers={"Content-Type": media_type})
    assert (answer.status, answer.code) == (415, "E009")


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "application/vnd.x+json"]
)
async def test_every_json_type_is_accepted(ask: Ask, media_type: str) -> None:
    body = b'{"video_id":"dQw4w9WgXcQ","text":"x"}'
    answer = await ask("POST", "/notes", data=body, headers={"Content-Type": media_type})
    assert answer.status == 201


class TestToken:
    """With `server.token` set, every request needs it."""

    @pytest.fixture
    def config(self) -> ServerConfig:
        return ServerConfig.model_validate({"token": "s3cret-ö"})

    @pytest.mark.parametrize(
        "authorization",
        [None, "", "Bearer", "Bearer wrong", "Bearer s3cret", "Basic s3cret-ö", "s3cret-ö"],
    )
    async def test_without_the_token_nothing_is_answered(
        self, ask: Ask, authorization: str | None
    ) -> None:
        headers = {} if authorization is None else {"Authorization": authorization}
        for method, path in (("GET", "/health"), ("POST", "/notes"), ("GET", "/nothing")):
            answer = await ask(method, path, headers=headers)
            assert (answer.status, answer.code) == (401, "E012")
            assert answer.headers["WWW-Authenticate"] == "Bearer"

    async def test_with_the_token_everything_is_answered(self, ask: Ask) -> None:
        headers = {"Authorization": "bearer s3cret-ö"}
        assert (await ask("GET", "/health", headers=headers)).status == 200


class TestAllowedHosts:
    """`server.allowed_hosts` adds names, such as that of a reverse proxy."""

    @pytest.fixture
    def config(self) -> ServerConfig:
        return ServerConfig(allowed_hosts=["archive.example"])

    async def test_a_further_name_and_its_own_pages_are_accepted(self, ask: Ask) -> None:
        named: dict[str, Any] = {"Host": "Archive.Example"}
        assert (await ask("GET", "/health", headers=named)).status == 200
        behind_proxy = {"Origin": "https://archive.example"}
        assert (await ask("GET", "/health", headers=behind_proxy)).status == 200
        assert (await ask("GET", "/health", headers={"Host": "other.example"})).code == "E011"


async def test_an_address_that_is_not_loopback_needs_a_token(
    session: aiohttp.ClientSession,
) -> None:
    app = build_app([(NotesAPI, Notes())], ServerConfig())
    with pytest.raises(InvalidConfiguration, match=r"server\.token"):
        await listen(app, "0.0.0.0", 0)


async def test_with_a_token_the_machines_own_address_is_accepted_as_host(
    session: aiohttp.ClientSession,
) -> None:
    config = ServerConfig.model_validate({"token": "t", "host": "0.0.0.0"})
    server = await listen(build_app([(NotesAPI, Notes())], config), "0.0.0.0", 0)
    headers = {"Authorization": "Bearer t"}
    try:
        async with session.get(f"{server.url}/api/v1/health", headers=headers) as response:
            assert response.status == 200
        other = f"http://{_own_address()}:{server.port}/api/v1/health"
        async with session.get(other, headers=headers) as response:
            assert response.status == 200
    finally:
        await server.close()


def _own_address() -> str:
    """An address of this machine that is not 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return "127.0.0.2"
        return str(probe.getsockname()[0])


async def test_ipv6_loopback_needs_no_token(session: aiohttp.ClientSession) -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        server = await listen(build_app([(NotesAPI, Notes())], ServerConfig()), "::1", 0)
    except AddressInUse as error:
        pytest.skip(f"no IPv6 loopback here: {error}")
    try:
        async with session.get(f"{server.url}/api/v1/health") as response:
            assert response.status == 200
    finally:
        await server.close()
