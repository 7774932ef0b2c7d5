"""Row 4: the delay of the server's event loop with eight downloads, and without downloads."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.report import Row, percentile
from bench.world import BenchServer, World, has_ended
from tests.harness import until

_TARGET = 10
_VIDEOS = 60
_IDLE_SECONDS = 3


class _ProbedServer(BenchServer):
    """The same server, with a probe in its loop."""

    @property
    def noted(self) -> Path:
        return self.base_path.with_name("lateness.json")

    def start(self) -> None:
        environment = self.environment | {"YTARCHIVE_SERVER__PORT": str(self.port)}
        command = [sys.executable, "-m", "bench.probed_server", str(self.noted)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stderr=log)
        until(self._answers, "the server's first answer")


def measure(world: World) -> list[Row]:
    """Milliseconds that a timer of 5 ms came late, the 99th percentile."""
    with world.youtube() as youtube:
        ids = [youtube.ask("/videos", {"captions": ["en"]})["id"] for _ in range(_VIDEOS)]
        base_path = world.folder() / "archive"
        base_path.mkdir()
        with _ProbedServer(world.settings(base_path, youtube)) as server:
            time.sleep(_IDLE_SECONDS)
            begun = time.time()
            job_id = server.submit(
                type="VIDEO_DOWNLOAD", video_ids=ids, options={"quality": "720p"}
            )
            server.wait_for(job_id, has_ended)
            ended = time.time()
    noted = json.loads(server.noted.read_text())
    idle = [late for moment, late in noted if begun - _IDLE_SECONDS + 1 < moment < begun]
    busy = [late for moment, late in noted if begun < moment < ended]
    return [_row(_milliseconds(idle), _milliseconds(busy))]


def _milliseconds(lateness: Sequence[float]) -> dict[str, float]:
    shares = {"median": 0.5, "p99": 0.99, "p99.9": 0.999, "most": 1}
    return {name: round(1000 * percentile(lateness, share), 2) for name, share in shares.items()}


def _row(idle: dict[str, float], busy: dict[str, float]) -> Row:
    return Row(
        number="4",
        what="event loop's lateness p99, 8 downloads at a time",
        peer=f"{idle['p99']:.1f} ms, the idle loop",
        ours=f"{busy['p99']:.1f} ms",
        ratio=busy["p99"] / idle["p99"],
        target=f"<= {_TARGET} ms",
        is_met=busy["p99"] <= _TARGET,
        facts={"idle": idle, "busy": busy},
    )
