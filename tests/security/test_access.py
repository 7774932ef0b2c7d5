"""Access to a server that others can reach, and the secrecy of its secrets."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.harness import Server, call, environment, until
from tests.security.conftest import NOWHERE
from tests.unit.logging.lines import lines_below

TOKEN = "t0ken-of-the-tests"
KEY = "AIza" + "K" * 35
PASSWORD = "pr0xy-pass-word"
FEED_KEY = "qv3Zk8WcTnB1xYp0RsLdHg7uJeMf2aQi"
SECRETS = (TOKEN, KEY, PASSWORD, FEED_KEY)
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    base_path = tmp_path_factory.mktemp("access") / "archive"
    proxy = f"http://user:{PASSWORD}@127.0.0.1:9"
    secrets = {"server__token": TOKEN, "network__proxy": proxy, "youtube__api_key": KEY}
    return environment(base_path, None, **(NOWHERE | secrets))


@pytest.fixture(scope="module")
def guarded(settings: dict[str, str]) -> Iterator[Server]:
    """A server with a token, an API key and a proxy that wants a password."""
    with GuardedServer(settings, ("-v",)) as running:
        yield running


class GuardedServer(Server):
    """One that answers only with the token."""

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        return self.get("/health", **BEARER).status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_an_address_that_is_not_loopback_needs_a_token(tmp_path: Path, host: str) -> None:
    """The server does not start, and prints the remedy."""
    settings = environment(tmp_path / "archive", None, **NOWHERE)
    ran = subprocess.run(
        [sys.executable, "-m", "ytarchive", "serve", "--host", host, "--port", "0"],
        env=settings, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    messages = [line for line in ran.stderr.splitlines() if line.startswith("error: ")]
    assert len(messages) == 1
    assert f"server.host {host} can be reached from other machines" in messages[0]
    assert "set server.token" in messages[0]


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN,
     f"Bearer {TOKEN.upper()}", "Bearer \xff\xfe"],
)  # fmt: skip
def test_without_the_token_nothing_is_answered(guarded: Server, authorization: str) -> None:
    for method, path in (("GET", "/jobs"), ("POST", "/jobs"), ("GET", "/nothing"), ("GET", "")):
        headers = {"Authorization": authorization} if authorization else {}
        answer = call(method, f"{guarded.url}/api/v1{path}", None, headers)
        assert (answer.status, answer.code) == (401, "E012")
    assert call("GET", f"{guarded.url}/metrics").status == 401


@pytest.mark.parametrize(
    ("given", "reason"), [(TOKEN + "x", "refuses the token"), (None, "requires a token")]
)
def test_a_command_with_a_wrong_token_reports_it_with_the_remedy(
    guarded: Server, settings: dict[str, str], given: str | None, reason: str
) -> None:
    """The error is not that the archive is in use, although the server uses it."""
    environ = {name: value for name, value in settings.items() if "TOKEN" not in name}
    environ |= {"YTARCHIVE_SERVER__TOKEN": given} if given else {}
    ran = subprocess.run(
        [sys.executable, "-m", "ytarchive", "jobs"],
        env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (1, "")
    remedy = "Set YTARCHIVE_SERVER__TOKEN, or `server.token`, to the token of that server."
    assert ran.stderr == f"error: the server at {guarded.url} {reason}. {remedy}\n"


class Rogue(BaseHTTPRequestHandler):
    """Listens on loopback, and records the requests."""

    heard: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        self.heard.append({"path": self.path} | dict(self.headers))
        self.send_response(302)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_no_service_that_registers_itself_gets_the_token(guarded: Server) -> None:
    with HTTPServer(("127.0.0.1", 0), Rogue) as rogue:
        thread = threading.Thread(target=rogue.serve_forever)
        thread.start()
        try:
            entry = {"service_name": "rogue", "url": f"http://127.0.0.1:{rogue.server_port}"}
            sent = entry | {"port": rogue.server_port}
            assert guarded.post("/registry/register", sent, **BEARER).status == 201
            until(lambda: len(Rogue.heard) > 1, "the rogue was asked again")
        finally:
            rogue.shutdown()
            thread.join()
    assert {heard["path"] for heard in Rogue.heard} == {"/api/v1/health"}
    assert not [heard for heard in Rogue.heard if "Authorization" in heard]
    listed = guarded.get("/registry/services", **BEARER).data
    assert [each["is_healthy"] for each in listed if each["service_name"] == "rogue"] == [False]


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254", "http://evil.example", "http://10.0.0.1:8002"]
)
def test_the_server_requests_no_address_chosen_by_a_caller(guarded: Server, url: str) -> None:
    entry = {"service_name": "rogue", "url": url, "port": 80}
    answer = guarded.post("/registry/register", entry, **BEARER)
    assert (answer.status, answer.code) == (422, "E002")


def test_no_secret_is_in_an_answer_a_log_an_argument_or_the_settings_shown(
    guarded: Server, settings: dict[str, str]
) -> None:
    """After requests that fail at the proxy, and requests that carry the secrets themselves."""
    asked = ("/metadata/video/dQw4w9WgXcQ", "/download/formats/dQw4w9WgXcQ", "/metadata/quota")
    seen = [guarded.get(path, **BEARER).body.decode() for path in asked]
    for name, value in (("message", f"asked with {TOKEN}"), ("context", {"a": [KEY, PASSWORD]})):
        entry = {"service": "jobs", "message": "x", name: value}
        assert guarded.post("/logs", entry, **BEARER).status == 201
    guarded.get(f"/jobs?token={TOKEN}", **BEARER)
    for feed in ("feeds/any", "feeds/01a22322-ac69-7447-a4d9-f3eebc772fa6"):
        assert guarded.get(f"/{feed}/{FEED_KEY}/feed.xml").status == 404
        assert guarded.get(f"/{feed}/{FEED_KEY}/no/such/path").status == 401
    for arguments in (("config", "show"), ("config", "show", "--json"), ("doctor",)):
        ran = subprocess.run(
            [sys.executable, "-m", "ytarchive", *arguments, "--server", guarded.url],
            env=settings, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        seen += [ran.stdout, ran.stderr]
    assert any("********" in text for text in seen)
    seen += command_lines(guarded)
    seen.append(guarded.get("/logs?limit=1000", **BEARER).body.decode())
    guarded.stop(signal.SIGTERM)
    archive = Path(settings["YTARCHIVE_STORAGE__BASE_PATH"])
    seen += [guarded.log.read_text(), *lines_below(archive / "logs")]
    seen += [file.read_bytes().decode("latin-1") for file in archive.rglob("*.db*")]
    assert [(secret, text) for secret in SECRETS for text in seen if secret in text] == []


def command_lines(server: Server) -> list[str]:
    """Of the server's process and all that it started."""
    assert server.process is not None
    family = {server.process.pid}
    for _ in range(4):  # servers start pools, pools workers, workers tools
        family |= {pid for pid, parent in processes() if parent in family}
    files = (Path(f"/proc/{pid}/cmdline") for pid in family)
    lines = [file.read_text() for file in files if file.exists()]
    assert len(lines) > 1
    return lines


def processes() -> Iterator[tuple[int, int]]:
    """Every process of this machine, and its parent."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = re.search(r"\) \S (\d+)", stat.read_text())
            assert parent
            yield int(stat.parent.name), int(parent[1])
