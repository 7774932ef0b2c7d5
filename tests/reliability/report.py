"""The measurements: printed, and in the full form stored in `docs/reliability-report.md`."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.reliability.scale import FULL

REPORT = Path(__file__).parents[2] / "docs" / "reliability-report.md"
_TITLE = "# What `make torture` found\n\nWritten by its last full run; see `tests/reliability`.\n"


def record(title: str, text: str) -> None:
    """Print a section; in the full form, replace its earlier version."""
    sys.stdout.write(f"\n{title}\n{text}\n")
    if not FULL:
        return
    known = REPORT.read_text("utf-8") if REPORT.exists() else _TITLE
    section = f"\n## {title}\n\n{text}\n"
    found = re.compile(rf"\n## {re.escape(title)}\n.*?(?=\n## |\Z)", re.DOTALL)
    kept = found.sub(lambda _: section, known) if found.search(known) else known + section
    REPORT.write_text(kept, "utf-8")


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
