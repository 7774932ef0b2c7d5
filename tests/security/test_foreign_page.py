"""A page of another origin, open in a browser on the machine that runs the server.

Each test sends what such a page can make the browser send, with the headers that browsers add. At
every address of the API nothing changes, and nothing can be read.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness import Answer, Server, call
from tests.security.conftest import state
from ytarchive.http import openapi_document

EVIL = "https://evil.example"
SAMPLE = {"video_id": "dQw4w9WgXcQ", "playlist_id": "PLFgquLnL59alCl_2TQvOiD5Vgm1hCaGSI"}
OPERATIONS = [
    (method.upper(), path.replace("/api/v1", "", 1))
    for path, methods in json.loads(openapi_document())["paths"].items()
    for method in methods
]
GETS = sorted(path for method, path in OPERATIONS if method == "GET")
CHANGES = sorted(operation for operation in OPERATIONS if operation[0] != "GET")
JOB = {"type": "VIDEO_DOWNLOAD", "video_ids": ["dQw4w9WgXcQ"]}

BROWSERS: dict[str, dict[str, str]] = {
    "fetch": {
        "Origin": EVIL,
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "no-cors",
        "Sec-Fetch-Dest": "empty",
    },
    "a browser without Sec-Fetch": {"Origin": EVIL, "Referer": f"{EVIL}/page"},
    "a sandboxed frame or a file": {"Origin": "null"},
    "another port of this machine": {
        "Origin": "http://127.0.0.1:3000",
        "Sec-Fetch-Site": "same-site",
    },
    "an extension": {"Origin": "chrome-extension://abcdefghijklmnop"},
}
SIMPLE_BODIES = {
    "text/plain": json.dumps(JOB).encode(),
    "application/x-www-form-urlencoded": b"type=VIDEO_DOWNLOAD&video_ids=dQw4w9WgXcQ",
    "multipart/form-data; boundary=x": (
        b'--x\r\nContent-Disposition: form-data; name="type"\r\n\r\nVIDEO_DOWNLOAD\r\n--x--\r\n'
    ),
}


@pytest.fixture(autouse=True)
def nothing_changes(server: Server) -> Iterator[None]:
    before = state(server)
    yield
    assert state(server) == before


def sent(
    server: Server, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> Answer:
    filled = re.sub(r"\{(\w+)\}", lambda name: SAMPLE.get(name[1], "jobs"), path)
    return call(method, f"{server.url}/api/v1{filled}", body, headers)


def unreadable(answer: Answer) -> bool:
    """Whether the browser keeps the answer from the page."""
    return not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("browser", BROWSERS)
def test_no_request_of_a_page_reaches_an_endpoint(server: Server, browser: str) -> None:
    for method, path in OPERATIONS:
        answer = sent(server, method, path, BROWSERS[browser])
        assert (answer.status, answer.code) == (403, "E010"), (method, path)
        assert unreadable(answer)


@pytest.mark.parametrize("media_type", SIMPLE_BODIES)
@pytest.mark.parametrize("browser", BROWSERS)
def test_forms_and_simple_requests_change_nothing(
    server: Server, browser: str, media_type: str
) -> None:
    """Requests that a page may send without permission: three types of body, no extra header."""
    headers = BROWSERS[browser] | {"Content-Type": media_type}
    for method, path in CHANGES:
        if method == "POST":
            answer = sent(server, method, path, headers, SIMPLE_BODIES[media_type])
            assert answer.status == 403, path


@pytest.mark.parametrize("media_type", SIMPLE_BODIES)
def test_a_form_of_a_browser_without_origin_is_refused_by_its_type(
    server: Server, media_type: str
) -> None:
    """A browser, or a proxy that strips headers, without an origin."""
    for method, path in CHANGES:
        if method == "POST":
            headers = {"Content-Type": media_type}
            answer = sent(server, method, path, headers, SIMPLE_BODIES[media_type])
            assert (answer.status, answer.code) == (415, "E009"), path


def test_an_image_or_a_link_reads_nothing(server: Server) -> None:
    """`<img src>`, `<script src>` and a click, which send no Origin."""
    for kind in ("image", "script", "document"):
        mode = "navigate" if kind == "document" else "no-cors"
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": kind}
        for path in GETS:
            answer = sent(server, "GET", path, headers)
            assert (answer.status, answer.code) == (403, "E010"), path
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_get_changes_nothing(server: Server) -> None:
    """So an image of an old browser, which is let in, does no harm."""
    for path in GETS:
        method = "HEAD" if path == "/events" else "GET"  # the stream of events has no end
        assert sent(server, method, path, {}).status < 600


@pytest.mark.parametrize("browser", BROWSERS)
def test_a_preflight_is_not_granted(server: Server, browser: str) -> None:
    """So requests with a body of JSON, or another method, are never sent by a browser."""
    for method, path in CHANGES:
        headers = BROWSERS[browser] | {
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "content-type",
            "Access-Control-Request-Private-Network": "true",
        }
        answer = sent(server, "OPTIONS", path, headers)
        assert answer.status == 403
        assert unreadable(answer)


def test_a_name_that_dns_rebinding_points_here_is_refused(server: Server) -> None:
    """To the browser the page then is of the same origin as the server."""
    for host in (f"evil.example:{server.port}", "evil.example", f"127.0.0.1.nip.io:{server.port}"):
        headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
        for method, path in OPERATIONS:
            answer = sent(server, method, path, headers)
            assert (answer.status, answer.code) == (421, "E011")
    forwarded = {"Host": "evil.example", "X-Forwarded-Host": "localhost", "Forwarded": "host=::1"}
    assert sent(server, "GET", "/jobs", forwarded).status == 421


@pytest.mark.parametrize("path", ["/api/v1/jobs", "/api/v1/logs", "/", "/ws"])
@pytest.mark.parametrize("origin", [{}, {"Origin": EVIL}])
def test_there_is_no_websocket(server: Server, path: str, origin: dict[str, str]) -> None:
    """They know no CORS, so a page could read one."""
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    answer = call("GET", f"{server.url}{path}", None, handshake | origin)
    assert answer.status != 101
    assert "Upgrade" not in answer.headers
    if origin:
        assert answer.status == 403


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/openapi.json", "/api/v1/nothing"])
def test_other_addresses_are_guarded_too(server: Server, path: str) -> None:
    answer: Any = call("GET", f"{server.url}{path}", None, BROWSERS["fetch"])
    assert answer.status == 403
    assert unreadable(answer)
