"""What every benchmark gets: a scratch folder, the size of the run, servers and stand-ins."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.harness import Server, environment
from tests.standin import StandInProcess

_NAMES = count(1)
# The tests hurry where users do not; a benchmark measures what users get.
_AS_INSTALLED = {
    "jobs__retry_base": 5,
    "jobs__notification_timeout": 10,
    "jobs__health_interval": 5,
}


@dataclass(frozen=True)
class World:
    """A run: `full` takes the sizes of the table, otherwise they fit into ten minutes."""

    scratch: Path
    full: bool
    latency_ms: int

    def folder(self) -> Path:
        """A new, empty folder."""
        made = self.scratch / str(next(_NAMES))
        made.mkdir()
        return made

    @contextmanager
    def youtube(self, *options: str) -> Iterator[StandInProcess]:
        """A stand-in YouTube in a process of its own."""
        latency = ("--latency-ms", str(self.latency_ms))
        with StandInProcess("--dir", str(self.folder()), *latency, *options) as youtube:
            yield youtube

    def settings(
        self, base_path: Path, youtube: StandInProcess | None, **settings: object
    ) -> dict[str, str]:
        """The environment of a `ytarchive` process: pace off, eight at a time."""
        chosen = _AS_INSTALLED | {"download__concurrency": 8} | settings
        return environment(base_path, youtube, **chosen)

    def server(
        self,
        youtube: StandInProcess | None = None,
        base_path: Path | None = None,
        **settings: object,
    ) -> "BenchServer":
        """A server that is not started yet: use it in `with`."""
        base_path = base_path or self.folder() / "archive"
        base_path.mkdir(exist_ok=True)
        return BenchServer(self.settings(base_path, youtube, **settings))


class BenchServer(Server):
    """`ytarchive serve` in a process of its own."""

    @property
    def base_path(self) -> Path:
        """The archive's folder."""
        return Path(self.environment["YTARCHIVE_STORAGE__BASE_PATH"])

    @property
    def pid(self) -> int:
        """The server's own process; the workers are its descendants."""
        assert self.process is not None
        return self.process.pid


def program(name: str) -> Path:
    """A program of the virtual environment that this runs in."""
    return Path(sys.executable).with_name(name)


def with_programs() -> dict[str, str]:
    """This process's environment, with the virtual environment's programs found first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return os.environ | {"PATH": path}
