"""The costs of processes: seconds of real time, seconds of CPU, memory. Linux: it reads /proc."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 300


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and of CPU in a process and all that it started."""

    wall: float
    cpu: float


def run(
    command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str] | None = None
) -> Cost:
    """Run a program to its end; raises if it fails. What it starts and waits for counts."""
    log = cwd / f"{Path(command[0]).name}.log"
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=output, stderr=output)
        _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed: {log.read_text()[-2000:]}")
    return Cost(wall, used.ru_utime + used.ru_stime)


def tree(pid: int) -> list[int]:
    """A process and all its descendants, as far as they are running."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                continue  # the thread has ended meanwhile
    return found


def own_cpu(pid: int) -> float:
    """CPU seconds of one process, without its children."""
    return sum(_times(pid)[:2]) / _TICKS


def tree_cpu(pid: int) -> float:
    """CPU seconds of a process and all its descendants, including ended ones."""
    return sum(sum(_times(each)) for each in tree(pid)) / _TICKS


def memory(pid: int) -> float:
    """MiB of a process: its own pages, and its share of common pages."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    [kilobytes] = [line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")]
    return int(kilobytes) / 1024


def resident(pid: int) -> float:
    """MiB of a process as `ps` shows them (RSS)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _times(pid: int) -> list[int]:
    """utime, stime, cutime, cstime in ticks; nothing for a process that has ended."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return [0, 0, 0, 0]
    return [int(value) for value in after_name[11:15]]
