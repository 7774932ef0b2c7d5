"""A row of the table, the table itself, and the file that stores a run."""

import json
import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).with_name("results")
_COLUMNS = ("#", "what", "peer", "ours", "ratio", "target", "verdict")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measured figure. `facts` has the values that it was made from, for the JSON file."""

    number: str
    what: str
    peer: str
    ours: str
    ratio: float | None
    target: str
    is_met: bool
    facts: dict[str, Any] = field(default_factory=dict)

    def cells(self) -> list[str]:
        """The row as it is printed."""
        ratio = "-" if self.ratio is None else f"{self.ratio:.2f}x"
        verdict = "met" if self.is_met else "MISSED"
        return [self.number, self.what, self.peer, self.ours, ratio, self.target, verdict]


def middle(values: Iterable[float]) -> float:
    """The median, rounded so that a results file can be read."""
    return round(median(values), 4)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def markdown(rows: Iterable[Row]) -> str:
    """The table."""
    lines = [_COLUMNS, ["---"] * len(_COLUMNS), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "yt-dlp": version("yt-dlp"),
        "aiohttp": version("aiohttp"),
        "load_before": round(os.getloadavg()[0], 2),
    }


def keep(rows: Sequence[Row], about: dict[str, Any], *, name: str) -> Path:
    """Write the run as JSON and as a table; the table's path."""
    RESULTS.mkdir(exist_ok=True)
    kept = about | {"rows": [asdict(row) for row in rows]}
    (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")
    table = RESULTS / f"{name}.md"
    facts = ", ".join(f"{key} {value}" for key, value in about.items())
    table.write_text(f"# {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n\n{facts}\n\n{markdown(rows)}\n")
    return table


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
