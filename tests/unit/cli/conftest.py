import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from tests.unit.cli.peers import Peers, peers
from ytarchive import offline
from ytarchive.cli import session
from ytarchive.cli.root import run
from ytarchive.common.config import Settings


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Ran]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No settings but the test's, and the log as it was afterwards."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("YTARCHIVE_STORAGE__BASE_PATH", str(tmp_path / "archive"))
    monkeypatch.setenv("COLUMNS", "160")
    for name in ("YTARCHIVE_SERVER", "YTARCHIVE_CONFIG", "YOUTUBE_API_KEY", "YTARCHIVE_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    yield
    logger.remove()


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Peers:
    """Services in memory, as if they were embedded in the command."""
    return opened(peers(), monkeypatch)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Peers:
    """Services in memory, as if a server had them."""
    return opened(peers("http://127.0.0.1:8000"), monkeypatch)


def opened(archive: Peers, monkeypatch: pytest.MonkeyPatch) -> Peers:
    @asynccontextmanager
    async def open_archive(_: Settings, *__: object) -> AsyncIterator[Peers]:
        yield archive

    monkeypatch.setattr(session, "open_archive", open_archive)
    monkeypatch.setattr(offline, "open_for_reading", open_archive)
    return archive


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command line in this process."""

    def run_line(*arguments: str) -> Ran:
        code = run(list(arguments))
        written = capsys.readouterr()
        return Ran(code, written.out, written.err)

    return run_line
