"""Restores a backup again and again, each time killed one step later.

    python -m tests.unit.maintenance.restore_rounds FOLDER

Each round works on a copy of `FOLDER/archive` in `FOLDER/<n>` and restores `FOLDER/backup`. The
number of killed rounds is printed.
"""

import shutil
import sys
from pathlib import Path

from tests.unit.countdown import Countdown, killed_rounds
from ytarchive.common.config import StorageConfig
from ytarchive.maintenance.backups import restore


def main() -> None:
    root = Path(sys.argv[1])

    def restore_killed(steps: int) -> None:
        base = root / str(steps)
        shutil.copytree(root / "archive", base)
        Countdown(steps).arm()
        restore(StorageConfig(base_path=base), root / "backup")

    print(killed_rounds(restore_killed))  # noqa: T201  # the answer to the test that started it


if __name__ == "__main__":
    main()
