"""One archive that is killed repeatedly, and the conditions that hold after each restart."""

import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.harness import Server, environment, free_port, until
from tests.reliability import archive
from tests.reliability.processes import family, kill_all
from tests.standin import StandInProcess

POINTS = {
    "part-after": 2,
    "merge-before": 1,
    "staged-after": 1,
    "rename-before": 3,
    "rename-after": 3,
    "fsync-before": 60,
    "jobs-before": 20,
    "jobs-after": 20,
    "library-before": 12,
    "library-after": 12,
    "part-before": 1,
    "merge-after": 1,
    "staged-before": 1,
    "fsync-after": 60,
    "metadata-before": 5,
    "metadata-after": 5,
}
"""The named points, and the time by which a round reaches them."""
CONCURRENCY = 4
LARGEST_STAGED = 16 * 2**20
"""Maximum bytes of two streams and the merged file of a test video."""
_FAILPOINTS = Path(__file__).with_name("failpoints")
_REPOSITORY = Path(__file__).parents[2]
_LONGEST_ROUND = 12.0
_NOTICED_LATE = 0.5
"""Seconds after which the stand-in notices that a client is gone."""


@dataclass
class Kill:
    """How a round ends."""

    victim: str
    point: str = ""
    nth: int = 0
    after: float = 0.0

    def __str__(self) -> str:
        """The events, for the report."""
        where = f"{self.point} #{self.nth}" if self.point else f"after {self.after:.2f} s"
        return f"{where}, {self.victim}"


def draw(random: Random, number: int) -> Kill:
    """The kill of a round: each point in turn, and every third time a random instant."""
    victim = random.choice(["server", "tree"])
    turn, kind = divmod(number, 3)
    if kind == 2:
        return Kill(victim, after=random.uniform(0.05, 4.0))
    point = list(POINTS)[(2 * turn + kind) % len(POINTS)]
    return Kill(victim, point, nth=random.randint(1, POINTS[point]))


@dataclass
class Victim:
    """An archive, its server, and the observations from outside."""

    base_path: Path
    youtube: StandInProcess
    videos: list[str]
    accepted: list[str] = field(default_factory=list)
    stored: dict[str, float] = field(default_factory=dict)
    """When each video was first seen stored."""
    reached: int = 0
    port: int = field(default_factory=free_port)
    """The same for every server: none may leave it taken."""

    def server(self, kill: Kill | None = None) -> Server:
        """A server that dies at the kill's point, if it has one."""
        more = {"PYTHONPATH": str(_REPOSITORY)}
        if kill is not None and kill.point:
            more["PYTHONPATH"] = f"{_FAILPOINTS}:{_REPOSITORY}"
            more["FAILPOINT"] = f"{kill.point}:{kill.nth}:{kill.victim}"
        settings: dict[str, Any] = {"download__concurrency": CONCURRENCY}
        return Server(environment(self.base_path, self.youtube, **settings) | more, port=self.port)

    def submit(self, server: Server, videos: list[str]) -> None:
        """Queue a job; a job that was answered with 201 must never be lost."""
        options = {"quality": "360p", "max_retries": 3}
        data = {"type": "VIDEO_DOWNLOAD", "video_ids": videos, "options": options}
        answer = server.post("/jobs", {"data": data})
        assert answer.status == 201
        self.accepted.append(answer.data["id"])

    def round(self, kill: Kill, more: list[str]) -> None:
        """Run a server until the kill; then restart it, and examine everything."""
        self._run_until(kill, more)
        for video_id in archive.folders(self.base_path):
            self.stored.setdefault(video_id, time.time())
        self._examine_databases()
        before = family(self.base_path)
        server = self.server()
        server.start()
        self._examine_running(server, orphans=before)
        server.stop(signal.SIGKILL)

    def finish(self) -> None:
        """Let all jobs end, and examine the whole history."""
        with self.server() as server:
            jobs = [server.ended(job_id, 180) for job_id in self.accepted]
        until(lambda: not family(self.base_path), "the end of all processes")
        results = [result for job in jobs for result in job["results"]]
        bad = [r for r in results if r["status"] not in {"success", "skipped"} or r["attempts"] > 1]
        assert bad == []
        assert {job["status"] for job in jobs} == {"COMPLETED"}
        self._examine_databases()
        # All videos of the stand-in share their media, so a lost or repeated byte would be found.
        assert len(archive.media_digests(self.base_path)) == 1
        assert archive.leftovers(self.base_path) == []

    def _run_until(self, kill: Kill, more: list[str]) -> None:
        server = self.server(kill)
        alarm = threading.Timer(kill.after or _LONGEST_ROUND, self._strike, [server, kill])
        alarm.start()
        try:
            server.start()
            self.submit(server, more)
        except (AssertionError, OSError):
            assert server.process is not None
            server.process.wait(1)  # it was killed during its start or its answer
        assert server.process is not None
        status = server.process.wait(_LONGEST_ROUND + 5)
        assert status == -signal.SIGKILL, server.log.read_text()
        self.reached += alarm.is_alive() and bool(kill.point)
        alarm.cancel()
        alarm.join()

    def _strike(self, server: Server, kill: Kill) -> None:
        assert server.process is not None
        pids = family(self.base_path) if kill.victim == "tree" else set()
        kill_all({server.process.pid} | pids)

    def _examine_databases(self) -> None:
        found = archive.contents(self.base_path)
        assert set(found.verdicts.values()) <= {"ok"}, found.verdicts
        waiting = archive.drafts(self.base_path)
        wrong = archive.wrong_files(self.base_path, found.files)
        assert [path for path in wrong if waiting.get(path) != found.files[path]] == []
        assert set(self.accepted) <= found.jobs.keys()
        assert max(found.attempts.values(), default=0) <= 1
        assert archive.staged_bytes(self.base_path) <= LARGEST_STAGED * (CONCURRENCY + 2)

    def _examine_running(self, server: Server, orphans: set[int]) -> None:
        def unregistered() -> set[str]:
            known = archive.running_contents(self.base_path)
            return archive.final_files(self.base_path) - known.files.keys()

        assert server.port == self.port  # the dead server and its workers do not hold it
        until(lambda: not unregistered(), "a row for each file of the final name")
        verdicts = archive.running_contents(self.base_path).verdicts
        assert set(verdicts.values()) == {"ok"}, verdicts
        until(lambda: not orphans & family(self.base_path), "the end of the dead server's workers")
        known = {job["id"] for job in server.get("/jobs?limit=500").data["items"]}
        assert set(self.accepted) <= known
        assert self._fetched_in_parallel() == []
        assert self._fetched_again() == []

    def transfers(self) -> list[dict[str, Any]]:
        """Every request for media so far, in the order of their start."""
        found: list[dict[str, Any]] = self.youtube.ask("/requests?kind=media&limit=100000")
        return sorted(found, key=lambda entry: entry["time"])

    def _fetched_again(self) -> list[str]:
        """Stored videos with bytes that were requested again."""
        forever = float("inf")
        return [
            entry["video_id"]
            for entry in self.transfers()
            if entry["time"] > self.stored.get(entry["video_id"], forever)
        ]

    def _fetched_in_parallel(self) -> list[str]:
        """Videos of which two transfers ran at a time."""
        ends: dict[str, float] = {}
        found = []
        for entry in self.transfers():
            video_id = entry["video_id"]
            if entry["time"] < ends.get(video_id, 0) - _NOTICED_LATE:
                found.append(video_id)
            ends[video_id] = entry["time"] + entry["seconds"]
        return found

    def streams(self) -> dict[tuple[str, str], list[tuple[int, int]]]:
        """The spans of bytes sent of each stream (video and format), in order of their start."""
        found: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for entry in self.transfers():
            itag = entry["path"].partition("itag=")[2].partition("&")[0]
            found.setdefault((entry["video_id"], itag), []).append(_span(entry))
        return found

    def bytes_sent(self) -> tuple[int, int]:
        """Bytes of media that were sent again, and bytes sent in all."""
        spans = self.streams().values()
        sent = sum(stop - start for each in spans for start, stop in each)
        return sum(again for each in spans for again in sent_again(each)), sent


def sent_again(spans: list[tuple[int, int]]) -> list[int]:
    """For each transfer of a stream, how many of its bytes had been sent before."""
    reached, found = 0, []
    for start, stop in spans:
        found.append(max(min(reached, stop) - start, 0))
        reached = max(reached, stop)
    return found


def _span(entry: dict[str, Any]) -> tuple[int, int]:
    start = int(entry["range"].removeprefix("bytes=").partition("-")[0] or 0)
    return start, start + entry["bytes_sent"]
