"""Row 14: reading everything again to compare digests, against `sha256sum` of the same files."""

import os
import time
from pathlib import Path

from bench.library import video_ids
from bench.processes import run
from bench.report import Row, middle
from bench.world import BenchServer, World
from tests.harness import until

_TARGET = 0.9
_ROUNDS = 3
_VIDEO_BYTES = 16 * 2**20


def measure(world: World) -> list[Row]:
    """MiB a second with the files in the page cache, so that hashing is what is measured."""
    count = 200 if world.full else 64
    base_path = world.folder() / "archive"
    with world.server(base_path=base_path) as server:
        files = [_store(server, video_id) for video_id in video_ids(count)]
        listed = world.folder() / "files"
        listed.write_text("".join(f"{path}\n" for path in files))
        ours, peer = [], []
        for _ in range(_ROUNDS):
            ours.append(_verify(server))
            peer.append(run(["xargs", "-a", listed, "sha256sum"], listed.parent).wall)
    mib = count * _VIDEO_BYTES / 2**20
    ratio = middle(peer) / middle(ours)
    return [
        Row(
            number="14",
            what=f"verify {mib:.0f} MiB in {count} videos",
            peer=f"{mib / middle(peer):.0f} MiB/s, sha256sum",
            ours=f"{mib / middle(ours):.0f} MiB/s",
            ratio=ratio,
            target=f">= {_TARGET:g}x",
            is_met=ratio >= _TARGET,
            facts={"ours": ours, "peer": peer},
        )
    ]


def _store(server: BenchServer, video_id: str) -> Path:
    """A video of random bytes, staged and stored as a download is; its file."""
    staged = server.base_path / ".ytarchive" / "staging" / video_id
    staged.mkdir(parents=True)
    (staged / f"{video_id}.mp4").write_bytes(os.urandom(_VIDEO_BYTES))
    asked = {"video_id": video_id, "transfer_id": video_id}
    return Path(server.post("/storage/save/video", asked).data["video_path"])


def _verify(server: BenchServer) -> float:
    """Seconds of one full pass."""
    begun = time.monotonic()
    server.post("/storage/verify", {"mode": "full", "resume": False})
    until(lambda: server.get("/storage/verify").data["state"] == "complete", "the pass", 300)
    found = server.get("/storage/verify").data["findings"]
    if any(found.values()):
        raise RuntimeError(f"intact files were found damaged: {found}")
    return time.monotonic() - begun
