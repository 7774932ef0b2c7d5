"""Reserved disk space for the state, so that starting and cancelling work on a full disk.

The file `reserve` in the state folder is shortened in steps when its disk is full, because a
commit, a lock or a log line needs some space. It is filled again when there is space.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

_SIZE = 8 * 2**20
_SHARE = 16
_STEPS = 8
_LEAST = 512 * 1024
_BLOCK = 4096


class Reserve:
    """The reserve of one state folder. Raises nothing: without a reserve the write fails anyway."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "reserve"

    def release_space(self) -> None:
        """Release as much of the reserve as the next small writes need."""
        with suppress(OSError):
            for _ in range(_STEPS + 1):
                # On a small disk at most half of the reserve is kept free.
                wanted = min(_LEAST, self._full_size() // 2)
                if self._free() >= wanted or not self._path.stat().st_size:
                    return
                self.release_step()

    def release_step(self) -> None:
        """Shorten the reserve by an eighth of its full size."""
        with suppress(OSError):
            step = max(self._full_size() // _STEPS, _BLOCK)
            os.truncate(self._path, max(self._path.stat().st_size - step, 0))

    def refill(self) -> None:
        """Fill the reserve if at least three times its size remains free."""
        with suppress(OSError):
            wanted = self._full_size()
            present = self._path.stat().st_size if self._path.exists() else 0
            if present < wanted and self._free() >= 4 * wanted:
                self._grow(wanted - present)

    def _grow(self, size: int) -> None:
        """Write random bytes, which no file system can compress or leave sparse."""
        with self._path.open("ab") as file:
            self._path.chmod(0o600)
            file.write(os.urandom(size))

    def _free(self) -> int:
        return shutil.disk_usage(self._path.parent).free

    def _full_size(self) -> int:
        total = shutil.disk_usage(self._path.parent).total
        return min(_SIZE, total // _SHARE // _BLOCK * _BLOCK)
