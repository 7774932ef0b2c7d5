"""Row 10: taking log entries in, in process and over HTTP, and finding those of one trace."""

import asyncio
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

from bench.report import Row, middle, percentile
from bench.world import BenchServer, World
from ytarchive.common.config import load_settings
from ytarchive.logging import LogBatch, LogEntry
from ytarchive.logging.service import LoggingService

_IN_PROCESS_TARGET = 0.25
_HTTP_TARGET = 20_000
_QUERY_TARGET = 20.0
_BATCH = 1_000
_ROUNDS = 3
_PER_TRACE = 20


def measure(world: World) -> list[Row]:
    """Rows a second, and those of sqlite3; entries a second by HTTP; query milliseconds."""
    return [_in_process(world), *_over_http(world)]


def _entries(start: int, count: int) -> list[dict[str, Any]]:
    """Entries as services write them; twenty belong to each trace."""
    return [
        {
            "timestamp": f"2026-01-01T{n // 3_600_000 % 24:02}:{n // 60_000 % 60:02}:00Z",
            "service": ("jobs", "metadata", "download", "storage")[n % 4],
            "level": ("INFO", "DEBUG", "INFO", "WARNING")[n // 4 % 4],
            "message": f"video {n:011}: fetched as 720p, {n * 7919} bytes",
            "context": {"video_id": f"{n:011}"},
            "trace_id": f"0195-{n // _PER_TRACE:012}",
        }
        for n in range(start, start + count)
    ]


# In process --------------------------------------------------------------------------------------


def _in_process(world: World) -> Row:
    count = 100_000 if world.full else 30_000
    ours, bare = [], []
    for _ in range(_ROUNDS):
        ours.append(count / asyncio.run(_submit(world.folder(), count)))
        bare.append(count / _bare(world.folder(), count))
    ratio = middle(ours) / middle(bare)
    return Row(
        number="10a",
        what="log ingest in process",
        peer=f"{middle(bare):.0f}/s, bare sqlite3, the same columns and indexes",
        ours=f"{middle(ours):.0f}/s",
        ratio=ratio,
        target=f">= {_IN_PROCESS_TARGET:g}x",
        is_met=ratio >= _IN_PROCESS_TARGET,
        facts={"entries": count, "ours": ours, "bare": bare},
    )


async def _submit(base_path: Path, count: int) -> float:
    """Seconds to mask, write to the log file and insert; the models are made beforehand."""
    batches = [
        LogBatch(entries=[LogEntry.model_validate(e) for e in _entries(start, _BATCH)])
        for start in range(0, count, _BATCH)
    ]
    async with LoggingService.open(load_settings(storage={"base_path": base_path})) as service:
        begun = time.monotonic()
        for batch in batches:
            await service.submit_logs(batch)
        return time.monotonic() - begun


def _bare(folder: Path, count: int) -> float:
    """Seconds of sqlite3 alone: a transaction for each thousand rows, synchronous=NORMAL."""
    batches = [_bare_rows(start) for start in range(0, count, _BATCH)]
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    database.executescript(
        """PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
        CREATE TABLE entries (id INTEGER PRIMARY KEY, time INTEGER, service TEXT, level TEXT,
                              message TEXT, context TEXT, trace_id TEXT);
        CREATE INDEX by_time ON entries (time);
        CREATE INDEX by_service ON entries (service, time);
        CREATE INDEX by_trace ON entries (trace_id, time);
        CREATE INDEX by_severity ON entries (time) WHERE level = 'WARNING';"""
    )
    begun = time.monotonic()
    for rows in batches:
        database.execute("BEGIN")
        database.executemany("INSERT INTO entries VALUES (NULL, ?, ?, ?, ?, ?, ?)", rows)
        database.execute("COMMIT")
    took = time.monotonic() - begun
    database.close()
    return took


def _bare_rows(start: int) -> list[tuple[object, ...]]:
    return [
        (start + n, e["service"], e["level"], e["message"], json.dumps(e["context"]), e["trace_id"])
        for n, e in enumerate(_entries(start, _BATCH))
    ]


# Over HTTP ---------------------------------------------------------------------------------------


def _over_http(world: World) -> list[Row]:
    count = 5_000_000 if world.full else 200_000
    # All of them are to stay for the query, whatever the default would rotate away.
    with world.server(logging__max_bytes=2**36) as server:
        rates = [_send(server, start) for start in range(0, count, 10 * _BATCH)]
        found = [_ask(server, n * 7_919 % (count // _PER_TRACE)) for n in range(200)]
    return [
        Row(
            number="10b",
            what="log ingest by HTTP, batches of 1000",
            peer="-",
            ours=f"{middle(rates):.0f}/s",
            ratio=None,
            target=f">= {_HTTP_TARGET}/s",
            is_met=middle(rates) >= _HTTP_TARGET,
            facts={"first": rates[:5], "last": rates[-5:]},
        ),
        Row(
            number="10c",
            what=f"query by trace among {count} entries, p95",
            peer="-",
            ours=f"{percentile(found, 0.95):.1f} ms",
            ratio=None,
            target=f"< {_QUERY_TARGET:g} ms",
            is_met=percentile(found, 0.95) < _QUERY_TARGET,
            facts={"median": middle(found), "most": max(found)},
        ),
    ]


def _send(server: BenchServer, start: int) -> float:
    """Entries a second, in ten batches."""
    bodies = [
        json.dumps({"entries": _entries(start + n * _BATCH, _BATCH)}).encode() for n in range(10)
    ]
    begun = time.monotonic()
    for body in bodies:
        accepted = server.post("/logs/batch", body).data["accepted"]
        assert accepted == _BATCH
    return 10 * _BATCH / (time.monotonic() - begun)


def _ask(server: BenchServer, trace: int) -> float:
    """Milliseconds of one query over HTTP."""
    begun = time.monotonic()
    items = server.get(f"/logs?trace_id=0195-{trace:012}&level=DEBUG").data["items"]
    took = 1000 * (time.monotonic() - begun)
    assert len(items) == _PER_TRACE, len(items)
    return took
