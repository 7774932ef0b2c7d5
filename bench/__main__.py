"""Measures, prints a table, and stores it: `python -m bench [--full] [--only 1 2 12]`."""

import argparse
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from bench.archiving import WORKLOADS
from bench.report import Row, keep, machine, markdown
from bench.world import World

SIZES = [*WORKLOADS]
ROWS = {
    "1": "row01_one_yt_dlp",
    "2": "row02_xargs",
    "3": "row03_cost",
    "4": "row04_event_loop",
    "5": "row05_first_download",
    "6": "row06_sync",
    "7": "row07_large_job",
    "8": "row08_large_library",
    "9": "row09_search",
    "10": "row10_logs",
    "11": "row11_job_reads",
    "12": "row12_command_line",
    "13": "row13_idle_memory",
    "14": "row14_verify",
    "15": "row15_under_load",
    "16": "row16_views",
}


def main() -> int:
    """Measure the requested rows; return 1 if a target was missed."""
    options = _options()
    about = machine() | {"latency_ms": options.latency_ms, "full": options.full}
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ytarchive-bench-") as scratch:
        world = World(Path(scratch), options.full, options.latency_ms, tuple(options.sizes))
        rows = [row for number in options.only for row in _measure(number, world)]
    about["minutes"] = round((time.monotonic() - started) / 60, 1)
    print(f"\n{markdown(rows)}\n")
    if options.only == list(ROWS):
        print(f"kept: {keep(rows, about, name=options.name)}")
    return 0 if all(row.is_met for row in rows) else 1


def _measure(number: str, world: World) -> list[Row]:
    print(f"row {number} ...", flush=True)
    found: list[Row] = import_module(f"bench.{ROWS[number]}").measure(world)
    for row in found:
        print("  " + " | ".join(row.cells()), flush=True)
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--full", action="store_true", help="the table's sizes; without it ten minutes are enough")
    add("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW", help="these rows")
    add("--latency-ms", type=int, default=100, help="of every answer of the stand-in (100)")
    add("--sizes", nargs="+", choices=SIZES, default=SIZES, metavar="MB", help="in rows 1 to 3")
    add("--name", default="latest", help="of the file in bench/results (latest)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
