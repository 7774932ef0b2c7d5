"""Repeats an action, each time killed (SIGKILL) one step later.

A step changes names or waits for the disk: rename, replace, mkdir, rmdir, unlink, fsync, commit.
"""

import os
import signal
from collections.abc import Callable
from typing import Any

from ytarchive.common.database import Database

_STEPS = ("rename", "replace", "mkdir", "rmdir", "unlink", "fsync")


class Countdown:
    """Ends the process, as a crash would, after a number of steps."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def step(self) -> None:
        """Count one step; at zero, kill the process."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def arm(self, *more: str) -> None:
        """Begin to count. `more`: further functions of `os` that are steps."""
        for name in (*_STEPS, *more):
            setattr(os, name, self._counted(getattr(os, name)))
        for name in ("_commit", "_replace"):
            setattr(Database, name, self._counted(getattr(Database, name)))

    def _counted(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.step()
            return operation(*args, **kwargs)

        return counted


def killed_rounds(work: Callable[[int], None], every: int = 1) -> int:
    """Do `work`, which starts a countdown of a number of steps, until a round completes.

    Each round is a separate process, killed `every` steps later than the one before. Returns how
    many were killed.
    """
    killed = 0
    while _was_killed(work, killed * every + 1):
        killed += 1
    return killed


def _was_killed(work: Callable[[int], None], steps: int) -> bool:
    child = os.fork()
    if child == 0:
        work(steps)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == signal.SIGKILL
    if os.WEXITSTATUS(status) != 0:
        raise SystemExit(f"round {steps} failed by itself")
    return False
