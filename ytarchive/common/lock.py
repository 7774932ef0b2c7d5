"""One process owns a service's state; a second process gets the owner's id and URL."""

import fcntl
import io
import json
import os
import shlex
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from ytarchive.common.disk import CAUSES, unlockable, unusable
from ytarchive.common.errors import DiskFull, LocalError, StateLocked
from ytarchive.common.json_text import stored_json
from ytarchive.common.models import utc_now
from ytarchive.common.regular import read_regular
from ytarchive.common.reserve import Reserve
from ytarchive.common.services import ServiceName

_LONGEST_COMMAND = 300


def lock_file(state_path: Path, service: ServiceName) -> Path:
    """Return the lock file of a service: `lock` for jobs, `lock.<service>` for the others."""
    return state_path / ("lock" if service is ServiceName.JOBS else f"lock.{service}")


class StateLock:
    """Holds the locks of the services of this process; the system releases them at its end."""

    def __init__(self, state_path: Path, services: Iterable[ServiceName]) -> None:
        self._state_path = state_path
        self._services = list(services)
        self._owner = {
            "pid": os.getpid(),
            "url": None,
            "since": utc_now().isoformat(timespec="seconds"),
            "command": this_command(),
        }
        self._held = ExitStack()
        self._files: list[io.FileIO] = []

    def __enter__(self) -> Self:
        """Take every lock. Raises StateLocked, LocksUnavailable or another StorageProblem."""
        try:
            self._state_path.mkdir(parents=True, exist_ok=True)
            Reserve(self._state_path).release_space()
            for service in self._services:
                self._take(lock_file(self._state_path, service))
        except OSError as error:
            self._held.close()
            raise unusable(error, self._state_path) from error
        except LocalError:
            self._held.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def _take(self, path: Path) -> None:
        # Unbuffered: a write refused by a full disk must not be repeated on close.
        file = self._held.enter_context(path.open("a+b", buffering=0))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _locked_by(path) from None
        except OSError as error:
            raise unlockable(error, path) from error
        self._files.append(file)
        try:
            self._write_owner(file)
        except OSError as error:  # the lock is held; only the owner's name is missing
            if CAUSES.get(error.errno or 0) is not DiskFull:
                raise

    def write_url(self, url: str) -> None:
        """Write the URL of this process into the lock files."""
        Reserve(self._state_path).release_space()
        self._owner["url"] = url
        for file in self._files:
            self._write_owner(file)

    def _write_owner(self, file: io.FileIO) -> None:
        file.truncate(0)
        file.write(json.dumps(self._owner).encode())


def is_locked(path: Path) -> bool:
    """Return whether a process holds a lock file."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def lock_owner(path: Path) -> dict[str, str]:
    """Return the owner in a lock file: `pid`, `url` (empty for a command), `since`, `command`.

    Empty if the owner is unknown.
    """
    try:
        owner = stored_json(read_regular(path))
    except (OSError, ValueError):
        return {}
    if not isinstance(owner, dict):
        return {}
    return {name: str(value or "") for name, value in owner.items()}


def this_command() -> str:
    """Return the command line of this process for display."""
    line = shlex.join(["ytarchive", *sys.argv[1:]])
    return line if len(line) <= _LONGEST_COMMAND else f"{line[:_LONGEST_COMMAND]}..."


def _locked_by(path: Path) -> StateLocked:
    owner = lock_owner(path)
    url, command = owner.get("url"), owner.get("command")
    message = f"the archive's state in {path.parent} belongs to process {owner.get('pid', '?')}"
    if command:
        message += f" (`{command}`, since {owner.get('since')})"
    if url:
        message += f", which serves at {url}"
    return StateLocked(message, **owner)
