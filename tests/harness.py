"""A real server process for tests, and a plain client that does not use the code under test."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

_PATIENCE = 30.0

T = TypeVar("T")


class StandInAddress(Protocol):
    """Where a stand-in YouTube is reached: a `StandIn` or a `StandInProcess`."""

    @property
    def proxy_url(self) -> str: ...

    @property
    def ca_file(self) -> Path: ...


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def data(self) -> Any:
        """The envelope's data; fails on an error, and shows it."""
        assert self.envelope["success"], self.envelope
        return self.envelope["data"]

    @property
    def code(self) -> str:
        """The envelope's error code; fails on success."""
        assert self.envelope["success"] is False
        code: str = self.envelope["error"]["code"]
        return code


def call(
    method: str, url: str, data: Any = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """One request; `data` is sent as JSON, bytes unchanged."""
    body = data if isinstance(data, bytes) or data is None else json.dumps(data).encode()
    sent = {"Content-Type": "application/json"} if body is not None else {}
    request = urllib.request.Request(url, body, {**sent, **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as response:
            return Answer(response.status, dict(response.headers), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, dict(error.headers), error.read())


def until(fact: Callable[[], T | None], what: str, seconds: float = _PATIENCE) -> T:
    """Wait for `fact()` to become true, and return it; connection errors count as not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := fact():
                return found
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} seconds")


def free_port(in_a_row: int = 1) -> int:
    """A port that nothing listens on, nor on the next ones if more are wanted in a row.

    It is none of those that the system gives to clients, so it stays free until it is used.
    """
    while True:
        first = random.randrange(15_000, 30_000)
        if all(map(_is_free, range(first, first + in_a_row))):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def environment(
    base_path: Path, youtube: StandInAddress | None, **settings: object
) -> dict[str, str]:
    """The environment of a ytarchive process; `settings` as `download__concurrency=8`."""
    kept = {n: v for n, v in os.environ.items() if not re.match("YTARCHIVE|YOUTUBE|NO_COLOR", n)}
    chosen: dict[str, object] = {
        "storage__base_path": base_path,
        "download__pace": "off",
        "jobs__retry_base": 0.1,
        "jobs__notification_timeout": 0.5,
        "jobs__health_interval": 0.3,
    }
    if youtube is not None:
        chosen |= {"network__proxy": youtube.proxy_url, "network__ca_file": youtube.ca_file}
    chosen |= settings
    named = {f"YTARCHIVE_{name.upper()}": str(value) for name, value in chosen.items()}
    return kept | named | {"YTARCHIVE_CONFIG": str(base_path / "no-such-config.toml")}


@dataclass
class Server:
    """`ytarchive serve` in a process of its own; the block's end stops it."""

    environment: dict[str, str]
    arguments: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it wrote to its standard error."""
        base_path = Path(self.environment["YTARCHIVE_STORAGE__BASE_PATH"])
        return base_path.with_name(f"{base_path.name}-{self.port}.log")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop(signal.SIGKILL)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGTERM)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        environment = self.environment | {"YTARCHIVE_SERVER__PORT": str(self.port)}
        command = [sys.executable, "-m", "ytarchive", "serve", *self.arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stderr=log)
        until(self._answers, "the server's first answer")

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(self.log.read_text())
        return call("GET", f"{self.url}/api/v1/health").status == 200

    def stop(self, number: signal.Signals) -> int:
        """Send a signal, and wait for the end; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(_PATIENCE)

    def get(self, path: str, **headers: str) -> Answer:
        return call("GET", f"{self.url}/api/v1{path}", headers=headers)

    def post(self, path: str, data: Any = None, **headers: str) -> Answer:
        return call("POST", f"{self.url}/api/v1{path}", data, headers)

    def put(self, path: str) -> Answer:
        return call("PUT", f"{self.url}/api/v1{path}")

    def ended(self, job_id: str, seconds: float = 60) -> dict[str, Any]:
        """A job, once it has ended."""

        def job() -> dict[str, Any] | None:
            found: dict[str, Any] = self.get(f"/jobs/{job_id}").data
            return found if found["status"] in {"COMPLETED", "FAILED", "CANCELLED"} else None

        return until(job, f"the end of job {job_id}", seconds)
