"""Row 11: reading a job over HTTP, against a bare aiohttp handler that returns the same bytes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.load import throughput
from bench.processes import own_cpu
from bench.report import Row, middle
from bench.world import World, has_ended
from tests.harness import call, free_port, until

_TARGET = 0.4
_ROUNDS = 3
_SECONDS = 2.0
_SIZES = (1, 60)


def measure(world: World) -> list[Row]:
    """Answers a second, 16 connections, in turn; for jobs of one video and of sixty."""
    return [_row(letter, _compare(world, size)) for letter, size in zip("ab", _SIZES, strict=True)]


def _compare(world: World, size: int) -> dict[str, Any]:
    with world.youtube() as youtube, world.server(youtube, youtube__api_key="key") as server:
        ids = youtube.ask("/playlists", {"count": size})["videos"]
        job_id = server.submit(type="METADATA_ONLY", video_ids=ids)
        server.wait_for(job_id, has_ended)
        path = f"/jobs/{job_id}"
        body = server.get(path).body
        file = world.folder() / "body"
        file.write_bytes(body)
        ours, bare, cpu = [], [], []
        with _bare_server(file) as bare_url:
            for _ in range(_ROUNDS):
                before = own_cpu(server.pid)
                ours.append(throughput(f"{server.url}/api/v1{path}", _SECONDS))
                cpu.append((own_cpu(server.pid) - before) / (ours[-1] * _SECONDS))
                bare.append(throughput(bare_url, _SECONDS))
    return {"videos": size, "bytes": len(body), "ours": ours, "bare": bare, "cpu_seconds": cpu}


@contextmanager
def _bare_server(file: Path) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-m", "bench.bare_server", str(file), str(port)]
    process = subprocess.Popen(command)
    try:
        until(lambda: call("GET", url).status == 200, "the bare server")
        yield url
    finally:
        process.terminate()
        process.wait()


def _row(letter: str, facts: dict[str, Any]) -> Row:
    ours, bare = middle(facts["ours"]), middle(facts["bare"])
    return Row(
        number=f"11{letter}",
        what=f"GET /jobs/ID, {facts['videos']} videos, {facts['bytes']} bytes",
        peer=f"{bare:.0f}/s, bare aiohttp handler",
        ours=f"{ours:.0f}/s",
        ratio=ours / bare,
        target=f">= {_TARGET:g}x",
        is_met=ours / bare >= _TARGET,
        facts=facts,
    )
