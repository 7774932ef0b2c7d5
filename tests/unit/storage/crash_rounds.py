"""Saves a video again and again, each time killed one step later, until a round comes through.

    python -m tests.unit.storage.crash_rounds FOLDER first|second|side|metadata|rebuild

Each round works in `FOLDER/<n>`; it is killed (SIGKILL) just before the n-th step, a step being
whatever changes names or waits for the disk: rename, replace, mkdir, rmdir, unlink, fsync, commit.
`second` is a download over one that is stored; `side` adds captions and a thumbnail; `metadata`
saves a video's metadata again; `rebuild` makes the library of two videos again. The number of
killed rounds is printed.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.storage.samples import (
    LACKING,
    OTHER,
    VIDEO,
    metadata,
    save_request,
    side_request,
    stage,
    stage_side_files,
)
from ytarchive.common.config import StorageConfig
from ytarchive.common.database import Database
from ytarchive.storage import SaveMetadata, rebuild_library
from ytarchive.storage.service import StorageService

STEPS = ("rename", "replace", "mkdir", "rmdir", "unlink", "fsync")


class Countdown:
    """Ends the process, as a crash would, when it has been asked to often enough."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def step(self) -> None:
        """Count one; at zero, be killed."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def arm(self) -> None:
        """Begin to count."""
        for name in STEPS:
            setattr(os, name, self._counted(getattr(os, name)))
        commit = Database._commit

        def counted_commit(database: Database, group: list[Any]) -> list[Any]:
            self.step()
            return commit(database, group)

        setattr(Database, "_commit", counted_commit)  # noqa: B010  # replaced, which types forbid

    def _counted(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.step()
            return operation(*args, **kwargs)

        return counted


async def save(base: Path, kind: str, steps: int) -> None:
    config = StorageConfig(base_path=base)
    storage = await StorageService.open(config)
    if kind == "second":
        await storage.save_video(save_request(stage(config)))
    if kind == "rebuild":
        await rebuild(storage, config, steps)
        return
    if kind == "metadata":
        await describe(storage, steps)
        return
    if kind == "side":
        request = save_request(stage(config)).model_copy(update={"missing": LACKING})
        await storage.save_video(request)
        request = side_request(stage_side_files(config))
    else:
        request = save_request(stage(config, media=b"new media", captions="de"))
    Countdown(steps).arm()
    await storage.save_video(request)
    await storage.close()


async def describe(storage: StorageService, steps: int) -> None:
    await storage.save_metadata(SaveMetadata(metadata=metadata(title="old title")))
    Countdown(steps).arm()
    await storage.save_metadata(SaveMetadata(metadata=metadata(title="new title")))
    await storage.close()


async def rebuild(storage: StorageService, config: StorageConfig, steps: int) -> None:
    for video_id in (VIDEO, OTHER):
        await storage.save_video(save_request(stage(config, video_id), video_id))
    await storage.close()
    Countdown(steps).arm()
    await rebuild_library(config)


def was_killed(base: Path, kind: str, steps: int) -> bool:
    child = os.fork()
    if child == 0:
        asyncio.run(save(base, kind, steps))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == signal.SIGKILL
    if os.WEXITSTATUS(status) != 0:
        raise SystemExit(f"round {steps} failed by itself")
    return False


def main() -> None:
    root, kind = Path(sys.argv[1]), sys.argv[2]
    rounds = 0
    while was_killed(root / str(rounds + 1), kind, rounds + 1):
        rounds += 1
    print(rounds)  # noqa: T201  # the answer to the test that started it


if __name__ == "__main__":
    main()
