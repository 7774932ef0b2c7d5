"""Restores a backup again and again, each time killed one step later.

python -m tests.unit.backups.restore_rounds FOLDER

Each round works on a copy of `FOLDER/archive` in `FOLDER/<n>` and restores `FOLDER/backup`; it is
killed (SIGKILL) just before the n-th change of a name or sync. The number of killed rounds is
printed.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

from tests.unit.storage.crash_rounds import Countdown
from ytarchive.backups import restore
from ytarchive.common.config import StorageConfig


def was_killed(root: Path, steps: int) -> bool:
    base = root / str(steps)
    shutil.copytree(root / "archive", base)
    child = os.fork()
    if child == 0:
        Countdown(steps).arm()
        restore(StorageConfig(base_path=base), root / "backup")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == signal.SIGKILL
    if os.WEXITSTATUS(status) != 0:
        raise SystemExit(f"round {steps} failed by itself")
    return False


def main() -> None:
    root, rounds = Path(sys.argv[1]), 0
    while was_killed(root, rounds + 1):
        rounds += 1
    print(rounds)  # noqa: T201  # the answer to the test that started it


if __name__ == "__main__":
    main()
