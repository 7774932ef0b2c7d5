"""Row 9: full-text search among 1,000,000 videos, and the size of its index."""

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from bench.library import CHANNELS, FIRST_DAY, MadeUp, library, made_up, video_ids, videos
from bench.report import Row, middle, percentile
from bench.world import World

_TARGET_MS = 50
_TARGET_SIZE = 1.5
_ROUNDS = 60
_SIZES = (1_000, 10_000, 100_000, 1_000_000)


def measure(world: World) -> list[Row]:
    """Every kind of query by HTTP, in turn; p95 of all, and of the slowest kind."""
    sizes = _SIZES if world.full else (1_000, 100_000)
    found = {size: _costs(world, size) for size in sizes}
    return [_speed(max(sizes), found), _size(max(sizes), found)]


def _costs(world: World, size: int) -> dict[str, Any]:
    base_path = library(world, size)
    index = (base_path / ".ytarchive" / "search.db").stat().st_size
    text = sum(video.text_bytes for video in videos(size))
    kinds: dict[str, list[float]] = {}
    with world.server(base_path=base_path) as server:
        for kind, query in _questions(size):
            begun = time.monotonic()
            answer = server.get(f"/storage/search?{urlencode(query)}").data
            kinds.setdefault(kind, []).append(1000 * (time.monotonic() - begun))
            assert answer["pending"] == 0
            assert answer["total"] or kind in {"filters", "two words"}, query
    every = [cost for costs in kinds.values() for cost in costs]
    return {
        "median_ms": middle(every),
        "p95_ms": round(percentile(every, 0.95), 2),
        "p95_ms_by_kind": {kind: round(percentile(c, 0.95), 2) for kind, c in kinds.items()},
        "text_mb": round(text / 1e6, 1),
        "index_mb": round(index / 1e6, 1),
        "index_to_text": round(index / text, 3),
    }


def _questions(size: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Typical queries: words and lines of some videos."""
    chance = random.Random(size)
    known = list(video_ids(size))
    for number in chance.sample(range(0, size, 5), _ROUNDS):  # these have captions
        video = made_up(number, known[number])
        line = chance.choice(video.lines).split()
        yield "one word", {"query": chance.choice(line)}
        yield "two words", {"query": " ".join(chance.sample(line, 2))}
        yield "three words", {"query": " ".join(chance.sample(line, 3))}
        yield "line", {"query": f'"{" ".join(line[:4])}"'}
        yield "title", {"query": video.title}
        yield "commonest words", {"query": " ".join(sorted(line, key=len)[:2])}
        yield "beginning", {"query": f"{max(line, key=len)[:5]}*"}
        yield "filters", {"query": chance.choice(line)} | _filters(chance, video)


def _filters(chance: random.Random, video: MadeUp) -> dict[str, Any]:
    day = datetime.fromtimestamp(FIRST_DAY / 1e6 + video.number * 240, UTC).date()
    filters: dict[str, Any] = {
        "channel": f"Channel {video.number % CHANNELS}",
        "uploaded_from": day,
        "uploaded_to": day,
        "duration_max": 600,
        "has_captions": True,
    }
    return {name: filters[name] for name in chance.sample(sorted(filters), 2)}


def _speed(large: int, found: dict[int, dict[str, Any]]) -> Row:
    p95 = found[large]["p95_ms"]
    return Row(
        number="9a",
        what=f"search among {large} videos, {found[large]['text_mb']:.0f} MB of text, p95",
        peer=f"{found[1_000]['p95_ms']:.1f} ms, of 1000",
        ours=f"{p95:.1f} ms",
        ratio=p95 / found[1_000]["p95_ms"],
        target=f"< {_TARGET_MS} ms",
        is_met=p95 < _TARGET_MS,
        facts={str(size): costs for size, costs in found.items()},
    )


def _size(large: int, found: dict[int, dict[str, Any]]) -> Row:
    ratio = found[large]["index_to_text"]
    return Row(
        number="9b",
        what=f"size of the search index of {large} videos, the text it shows included",
        peer=f"{found[large]['text_mb']:.0f} MB of text",
        ours=f"{found[large]['index_mb']:.0f} MB",
        ratio=ratio,
        target=f"<= {_TARGET_SIZE}x",
        is_met=ratio <= _TARGET_SIZE,
    )
