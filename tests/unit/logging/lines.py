"""The content of log files."""

from pathlib import Path


def lines_below(folder: Path) -> list[str]:
    """Every line of every log file."""
    return [
        line
        for path in sorted(folder.rglob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
