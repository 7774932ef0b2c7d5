"""Row 7: a job with 10,000 ids: how soon it is accepted, and what dispatching a video costs."""

import sqlite3
import time
from pathlib import Path

from bench.library import video_ids
from bench.processes import own_cpu
from bench.report import Row, middle
from bench.world import World, has_ended

_IDS = 10_000
_ACCEPT_TARGET = 0.5
_DISPATCH_TARGET = 2.0
_ROUNDS = 5


def measure(world: World) -> list[Row]:
    """Accepting, compared with one insert of the same rows; dispatching, without transfers."""
    return [_accepting(world), _dispatching(world)]


def _accepting(world: World) -> Row:
    ids = list(video_ids(_IDS))
    ours, bare = [], []
    with world.youtube() as youtube, world.server(youtube) as server:
        for _ in range(_ROUNDS):
            begun = time.monotonic()
            job_id = server.submit(type="VIDEO_DOWNLOAD", video_ids=ids)
            ours.append(time.monotonic() - begun)
            server.post(f"/jobs/{job_id}/cancel")
            bare.append(_bare_insert(world.folder(), ids))
    return Row(
        number="7a",
        what=f"accept a job with {_IDS} ids",
        peer=f"{1000 * middle(bare):.0f} ms, one batched insert",
        ours=f"{1000 * middle(ours):.0f} ms",
        ratio=middle(ours) / middle(bare),
        target=f"< {_ACCEPT_TARGET} s",
        is_met=middle(ours) < _ACCEPT_TARGET,
        facts={"ours": ours, "bare": bare},
    )


def _bare_insert(folder: Path, ids: list[str]) -> float:
    """The same rows by sqlite3 alone, durably; the table without triggers and further indexes."""
    with sqlite3.connect(folder / "bare.db", isolation_level=None) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE v (job TEXT, video TEXT, position INTEGER, state TEXT)")
        begun = time.monotonic()
        database.execute("BEGIN")
        rows = (("job", video_id, number, "new") for number, video_id in enumerate(ids))
        database.executemany("INSERT INTO v VALUES (?, ?, ?, ?)", rows)
        database.execute("COMMIT")
        took = time.monotonic() - begun
    database.close()
    return took


def _dispatching(world: World) -> Row:
    """Videos of a METADATA_ONLY job: taken from the queue, looked up, stored, their result kept.

    The Data API answers fifty at a time, so that the server does nearly all of the work.
    """
    count = _IDS if world.full else 2_000
    with world.youtube() as youtube, world.server(youtube, youtube__api_key="key") as server:
        known = youtube.ask("/playlists", {"count": count})["videos"]
        before, begun = own_cpu(server.pid), time.monotonic()
        job_id = server.submit(type="METADATA_ONLY", video_ids=known)
        job = server.wait_for(job_id, has_ended, 600)
        took, cpu = time.monotonic() - begun, own_cpu(server.pid) - before
    if job["progress"]["succeeded"] != count:
        raise RuntimeError(f"not everything was described: {job['progress']}")
    each = 1000 * cpu / count
    return Row(
        number="7b",
        what="dispatch: server's CPU per video (metadata alone)",
        peer="-",
        ours=f"{each:.2f} ms",
        ratio=None,
        target=f"<= {_DISPATCH_TARGET:g} ms",
        is_met=each <= _DISPATCH_TARGET,
        facts={"videos": count, "seconds": took, "cpu_seconds": cpu},
    )
