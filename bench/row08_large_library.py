"""Row 8: costs with 1,000,000 stored videos, compared with the costs with 1,000."""

import random
import time
from typing import Any

from bench.library import library, video_ids
from bench.processes import own_cpu, resident
from bench.report import Row, middle
from bench.world import BenchServer, World

_TARGET = 2.0
_MEMORY_TARGET = 150
_SMALL = 1_000
_ROUNDS = 300
_STARTS = 3
_CHECKED_AT_ONCE = 500
_BATCHES = 50
_PAGES = 5


def measure(world: World) -> list[Row]:
    """Medians; start-up until the first answer, and again with nothing but a new process."""
    sizes = (_SMALL, 10_000, 100_000, 1_000_000) if world.full else (_SMALL, 100_000)
    found = {size: _costs(world, size) for size in sizes}
    large = max(sizes)
    rows = [_row(letter, name, large, found) for letter, name in zip("abcdef", _WORDS, strict=True)]
    return [*rows, _memory(large, found)]


def _costs(world: World, size: int) -> dict[str, float]:
    base_path = library(world, size)
    database = base_path / ".ytarchive" / "library.db"
    costs: dict[str, float] = {"bytes_per_video": round(database.stat().st_size / size)}
    starts, cpu = [], []
    for _ in range(_STARTS):
        server = world.server(base_path=base_path)
        begun = time.monotonic()
        with server:
            starts.append(time.monotonic() - begun)
            cpu.append(own_cpu(server.pid))
    with world.server(base_path=base_path) as server:
        costs |= _questions(server, size)
        costs["memory_mib"] = round(resident(server.pid), 1)
    return costs | {"start_s": middle(starts), "start_cpu_s": middle(cpu)}


def _questions(server: BenchServer, size: int) -> dict[str, float]:
    chance, known = random.Random(size), list(video_ids(size))
    asked = chance.sample(known, _ROUNDS)
    batches = [{"video_ids": chance.sample(known, _CHECKED_AT_ONCE)} for _ in range(_BATCHES)]
    return {
        "exists_ms": _timed(lambda n: server.get(f"/storage/exists/{asked[n]}"), _ROUNDS),
        "exists_500_ms": _timed(lambda n: server.post("/storage/exists", batches[n]), _BATCHES),
        "list_ms": _listed(server),
        "stats_ms": _timed(lambda _: server.get("/storage/stats"), 100),
    }


def _listed(server: BenchServer) -> float:
    """Milliseconds of one page of 50, the median over every order and its first pages."""
    took = []
    for sort in ("stored_at", "upload_date", "title", "duration", "size", "channel"):
        for order in ("asc", "desc"):
            place = ""
            for _ in range(_PAGES):
                begun = time.monotonic()
                page = server.get(f"/storage/videos?sort={sort}&order={order}{place}").data
                took.append(1000 * (time.monotonic() - begun))
                place = f"&cursor={page['next_cursor']}"
    return middle(took)


def _timed(ask: Any, times: int) -> float:
    """Milliseconds of one answer, the median."""
    took = []
    for number in range(times):
        begun = time.monotonic()
        assert ask(number).data is not None
        took.append(1000 * (time.monotonic() - begun))
    return middle(took)


_WORDS = {
    "exists_ms": ("exists, one video", "ms"),
    "exists_500_ms": ("exists, 500 videos at once", "ms"),
    "list_ms": ("one page of a list", "ms"),
    "stats_ms": ("statistics", "ms"),
    "start_s": ("start-up until the first answer", "s"),
    "start_cpu_s": ("start-up, CPU", "s"),
}


def _row(letter: str, name: str, large: int, found: dict[int, dict[str, float]]) -> Row:
    ours, peer = found[large][name], found[_SMALL][name]
    what, unit = _WORDS[name]
    return Row(
        number=f"8{letter}",
        what=f"{what}, of {large}",
        peer=f"{peer:.2f} {unit}, of {_SMALL}",
        ours=f"{ours:.2f} {unit}",
        ratio=ours / peer,
        target=f"<= {_TARGET:g}x",
        is_met=ours / peer <= _TARGET,
        facts={str(size): costs[name] for size, costs in found.items()},
    )


def _memory(large: int, found: dict[int, dict[str, float]]) -> Row:
    mib = found[large]["memory_mib"]
    return Row(
        number="8g",
        what=f"memory of a server with {large} videos, after these questions",
        peer=f"{found[_SMALL]['memory_mib']:.0f} MiB, of {_SMALL}",
        ours=f"{mib:.0f} MiB",
        ratio=mib / found[_SMALL]["memory_mib"],
        target=f"< {_MEMORY_TARGET} MiB",
        is_met=mib < _MEMORY_TARGET,
        facts={str(size): costs for size, costs in found.items()},
    )
