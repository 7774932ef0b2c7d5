"""Python imports this at its start: kills a server of the tests when it reaches a named point.

FAILPOINT is `<point>:<n>:<server|tree>`: the n-th time that a process of the server reaches the
point, the server dies by SIGKILL, alone or with everything it started. The product knows nothing of
this: the functions of `os` and `sqlite3` that it calls are wrapped.

    part-before, -after         a stream has arrived whole: its `.part` is renamed
    merge-before, -after        ffmpeg has merged: yt-dlp renames the result
    staged-before, -after       the finished media file gets the name that marks it as finished
    rename-before, -after       the finished folder moves from staging to its place
    fsync-before, -after        any sync of the server
    jobs-before, -after         a commit of jobs.db; likewise `library-…` and `metadata-…`
"""

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

_MEDIA = (".mp4", ".m4a", ".webm")
_POINT, _NTH, _VICTIM = (os.environ.get("FAILPOINT") or "none:0:server").split(":")
_reached = count(1)


def _reach(point: str) -> None:
    if point == _POINT and next(_reached) == int(_NTH):
        _die()


def _die() -> None:
    server = int(os.environ["FAILPOINT_SERVER"])
    os.kill(server, signal.SIGKILL)
    if _VICTIM == "tree":
        for pid in [pid for pid in _family() if pid not in {server, os.getpid()}]:
            os.kill(pid, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


def _family() -> list[int]:
    """Every process with our environment."""
    mark = f"YTARCHIVE_STORAGE__BASE_PATH={os.environ['YTARCHIVE_STORAGE__BASE_PATH']}\0".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _around(
    original: Callable[..., Any], named: Callable[[tuple[Any, ...]], str]
) -> Callable[..., Any]:
    """`original`, with a point before and after each call that `named` has a name for."""

    def wrapped(*arguments: Any, **more: Any) -> Any:
        point = named(arguments)
        _reach(f"{point}-before")
        result = original(*arguments, **more)
        _reach(f"{point}-after")
        return result

    return wrapped


def _renaming(arguments: tuple[Any, ...]) -> str:
    source, target = (os.fsdecode(path) for path in arguments[:2])
    if source.endswith(".part") and target.endswith(_MEDIA):
        return "part"
    if ".temp." in source:
        return "merge"
    if "/staging/" in source and "/staging/" not in target:
        return "rename"
    if "/staging/" in target and target.endswith(_MEDIA):
        return "staged"
    return ""


class _Connection(sqlite3.Connection):
    """Reaches a point before and after each commit."""

    name = ""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql != "COMMIT":
            return super().execute(sql, *parameters)
        _reach(f"{self.name}-before")
        cursor = super().execute(sql, *parameters)
        _reach(f"{self.name}-after")
        return cursor


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    def connect(path: Any, **options: Any) -> Any:
        connection = original(path, factory=_Connection, **options)
        connection.name = Path(os.fspath(path)).stem
        return connection

    return connect


if _POINT != "none":
    if "serve" in sys.orig_argv:
        os.environ["FAILPOINT_SERVER"] = str(os.getpid())
        sqlite3.connect = _connecting(sqlite3.connect)
        os.fsync = _around(os.fsync, lambda _: "fsync")
    os.rename = _around(os.rename, _renaming)
    os.replace = _around(os.replace, _renaming)

if "DISK_FAULTS" in os.environ and "serve" not in sys.orig_argv:
    import disk_faults  # type: ignore[import-not-found]  # it is in the folder of this file

    disk_faults.install()
