"""Row 15: the server under load: many jobs at once, one very large job, very large captions."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.library import video_ids
from bench.load import post_all
from bench.processes import own_cpu, resident
from bench.report import Row, middle, percentile
from bench.world import BenchServer, World, has_ended
from tests.harness import call, free_port, until
from ytarchive.common.download_config import DownloadConfig

_JOBS = 10_000
_LARGE_JOB = 50_000
_CAPTION_BYTES = 20 * 2**20
_ACCEPT_TARGET = 0.3
_HEALTH_TARGET = 0.050
_MEMORY_TARGET = 200
_ROUNDS = 3
_DOWNLOADS = {
    f"download__{name}": DownloadConfig.model_fields[name].default
    for name in ("pace", "concurrency")
}


def measure(world: World) -> list[Row]:
    """Accepting jobs, describing one large job, indexing large captions."""
    return [*_many_jobs(world), *_large_job(world), _large_captions(world)]


@dataclass
class _Watch:
    """What was measured of a server meanwhile: answers of `/health` in seconds, memory in MiB."""

    health: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    @property
    def p99(self) -> float:
        return percentile(self.health, 0.99)


@contextmanager
def _watched(server: BenchServer, world: World) -> Iterator[_Watch]:
    seen, file, done = _Watch(), world.folder() / "health.json", threading.Event()
    command = [sys.executable, "-m", "bench.health_probe", f"{server.url}/api/v1/health", str(file)]
    probe = subprocess.Popen(command)

    def look() -> None:
        while not done.wait(0.1):
            seen.memory.append(resident(server.pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()
        probe.terminate()
        probe.wait()
    seen.health = json.loads(file.read_text())


def _many_jobs(world: World) -> list[Row]:
    bodies = [
        json.dumps({"type": "VIDEO_DOWNLOAD", "video_ids": [video_id]}).encode()
        for video_id in video_ids(_JOBS)
    ]
    bare, installed, hurried = [], _Accepted(), _Accepted()
    for _ in range(_ROUNDS):
        installed.add(world, bodies, **_DOWNLOADS)
        with _bare_queue(world.folder() / "bare.db") as url:
            bare.append(post_all(f"{url}/api/v1/jobs", bodies))
        hurried.add(world, bodies)
    return [
        installed.row("15a", f"accept {_JOBS} jobs, one request each", bare, _ACCEPT_TARGET),
        _health("15b", "meanwhile", installed.watches),
        hurried.row("15f", "the same, eight downloads at a time without a pace", bare, None),
    ]


@dataclass
class _Accepted:
    """Seconds in which all jobs were accepted, in each round, and what was seen meanwhile."""

    seconds: list[float] = field(default_factory=list)
    watches: list[_Watch] = field(default_factory=list)

    def add(self, world: World, bodies: list[bytes], **settings: Any) -> None:
        with world.youtube() as youtube, world.server(youtube, **settings) as server:
            with _watched(server, world) as watch:
                self.seconds.append(post_all(f"{server.url}/api/v1/jobs", bodies))
            self.watches.append(watch)

    def row(self, number: str, what: str, bare: list[float], target: float | None) -> Row:
        ratio = middle(bare) / middle(self.seconds)
        return Row(
            number=number,
            what=what,
            peer=f"{_JOBS / middle(bare):.0f}/s, bare aiohttp handler",
            ours=f"{_JOBS / middle(self.seconds):.0f}/s",
            ratio=ratio,
            target=f">= {target:g}x" if target else "-",
            is_met=target is None or ratio >= target,
            facts={"ours": self.seconds, "bare": bare, "p99": [w.p99 for w in self.watches]},
        )


def _large_job(world: World) -> list[Row]:
    count = _LARGE_JOB if world.full else _LARGE_JOB // 5
    with world.youtube() as youtube, world.server(youtube, youtube__api_key="key") as server:
        known = youtube.ask("/playlists", {"count": count})["videos"]
        before, begun = own_cpu(server.pid), time.monotonic()
        with _watched(server, world) as watch:
            job_id = server.submit(type="METADATA_ONLY", video_ids=known)
            job = server.wait_for(job_id, has_ended, 900)
        facts = {"seconds": time.monotonic() - begun, "cpu": own_cpu(server.pid) - before}
        size = len(server.get(f"/jobs/{job_id}").body)
    if job["progress"]["succeeded"] != count:
        raise RuntimeError(f"not everything was described: {job['progress']}")
    most = max(watch.memory)
    memory = Row(
        number="15d",
        what=f"memory meanwhile; the job's answer has {size / 2**20:.1f} MiB",
        peer="-",
        ours=f"{most:.0f} MiB",
        ratio=None,
        target=f"< {_MEMORY_TARGET} MiB",
        is_met=most < _MEMORY_TARGET,
        facts=facts,
    )
    what = f"one job of {count} ids (metadata, {facts['seconds']:.0f} s)"
    return [_health("15c", what, [watch]), memory]


def _large_captions(world: World) -> Row:
    with world.youtube() as youtube, world.server(youtube) as server:
        video = youtube.ask("/videos", {"captions": ["en"]})["id"]
        job_id = server.submit(type="VIDEO_DOWNLOAD", video_ids=[video])
        server.wait_for(job_id, has_ended)
        [track] = (server.base_path / "videos" / video / "captions").iterdir()
        track.write_text(_captions(_CAPTION_BYTES))
        with _watched(server, world) as watch:
            server.post("/storage/save/metadata", _changed(server, video))
            until(lambda: _is_found(server), "the captions in the index", 300)
    return _health("15e", f"indexing {_CAPTION_BYTES // 2**20} MiB of captions", [watch])


def _changed(server: BenchServer, video: str) -> dict[str, Any]:
    metadata = server.get(f"/storage/metadata/{video}").data
    return {"metadata": {**metadata, "title": "Changed"}}


def _captions(size: int) -> str:
    cues = ["WEBVTT\n"]
    length = 0
    while length < size:
        second = len(cues)
        at = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000"
        cues.append(f"\n{at} --> {at}\nline {second} of captions without an end, zebra\n")
        length += len(cues[-1])
    return "".join(cues)


def _is_found(server: BenchServer) -> bool:
    return bool(server.get("/storage/search?query=zebra").data["items"])


def _health(number: str, what: str, watches: list[_Watch]) -> Row:
    p99 = middle([watch.p99 for watch in watches])
    return Row(
        number=number,
        what=f"GET /health p99: {what}",
        peer="-",
        ours=f"{1000 * p99:.0f} ms",
        ratio=None,
        target=f"< {1000 * _HEALTH_TARGET:.0f} ms",
        is_met=p99 < _HEALTH_TARGET,
        facts={"p99": [watch.p99 for watch in watches], "most": [max(w.health) for w in watches]},
    )


@contextmanager
def _bare_queue(path: Path) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen([sys.executable, "-m", "bench.bare_queue", str(path), str(port)])
    try:
        until(lambda: call("GET", f"{url}/api/v1/health").status == 200, "the bare queue")
        yield url
    finally:
        process.terminate()
        process.wait()
