"""The processes of a server and its descendants, found by their environment."""

import os
import signal
from pathlib import Path


def family(base_path: Path) -> set[int]:
    """Every living process whose archive is `base_path`: server, workers, ffmpeg."""
    mark = f"YTARCHIVE_STORAGE__BASE_PATH={base_path}\0".encode()
    numbers = [entry.name for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return {int(number) for number in numbers if _has(number, mark)}


def kill_all(pids: set[int]) -> None:
    """Kill the remaining processes."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _has(pid: str, mark: bytes) -> bool:
    try:
        is_dead = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return not is_dead and mark in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
