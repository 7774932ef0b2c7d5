"""The environment of a benchmark: a scratch folder, the size of the run, servers, stand-ins."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tests.harness import Server, environment
from tests.standin import StandInProcess
from ytarchive.common.config import JobsConfig

_NAMES = count(1)
# The tests hurry where users do not; a benchmark measures what users get.
_AS_INSTALLED = {
    f"jobs__{name}": JobsConfig.model_fields[name].default
    for name in ("retry_base", "notification_timeout", "health_interval")
}


@dataclass(frozen=True)
class World:
    """A run: `full` takes the sizes of the table, otherwise they fit into ten minutes."""

    scratch: Path
    full: bool
    latency_ms: int
    sizes: tuple[str, ...]
    """Megabytes of the videos in rows 1 to 3, as `archiving.WORKLOADS` names them."""

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

    def submit(self, **job: Any) -> str:
        """Queue a job; its id."""
        return str(self.post("/jobs", job).data["id"])

    def look(self, job_id: str) -> dict[str, Any]:
        """A job without its results, as one looks at it while it runs."""
        found: dict[str, Any] = self.get(f"/jobs/{job_id}?expand=false").data
        return found

    def wait_for(
        self, job_id: str, fact: Callable[[dict[str, Any]], bool], seconds: float = 300
    ) -> dict[str, Any]:
        """Read a job ten times a second until a condition is true."""
        deadline = time.monotonic() + seconds
        while not fact(job := self.look(job_id)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"job {job_id} after {seconds} seconds: {job}")
            time.sleep(0.1)
        return job


def has_ended(job: dict[str, Any]) -> bool:
    """Whether a job cannot change any more."""
    return job["status"] in {"COMPLETED", "FAILED", "CANCELLED"}


def program(name: str) -> Path:
    """A program of the virtual environment that this runs in."""
    return Path(sys.executable).with_name(name)


def with_programs() -> dict[str, str]:
    """This process's environment, with the virtual environment's programs found first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return os.environ | {"PATH": path}
