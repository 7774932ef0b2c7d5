"""Log files for people and their tools: `<service>/<date>.jsonl`, one entry a line."""

import errno
import os
import re
import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from io import FileIO
from pathlib import Path

from ytarchive.common.regular import append_regular, open_regular

_MAX_WAITING = 20_000

_NAME = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.(\d+))?\.jsonl")


@dataclass
class Part:
    """A log file: a service's entries of one day (UTC), or a further part of them."""

    folder: Path
    day: str
    number: int
    size: int

    @property
    def path(self) -> Path:
        """`2026-11-01.jsonl`, then `2026-11-01.1.jsonl` and so on."""
        number = f".{self.number}" if self.number else ""
        return self.folder / f"{self.day}{number}.jsonl"


class LogFiles:
    """Writes, rotates and removes log files. Can be used by any thread; blocks on the disk.

    A file has the day of writing, so that entries with a wrong clock are in order too.
    """

    def __init__(self, folder: Path, file_bytes: int) -> None:
        self._folder = folder
        self._file_bytes = file_bytes
        self._open: dict[str, Part] = {}
        self._waiting: dict[str, deque[bytes]] = defaultdict(lambda: deque(maxlen=_MAX_WAITING))
        self._lock = threading.Lock()

    def append(self, lines: Iterable[tuple[str, bytes]], today: date) -> None:
        """Write lines, each with its service's name, to the services' files.

        Raises OSError; then unwritten lines wait for the next call, at most 20,000 of each service.
        """
        with self._lock:
            self._take(lines)
            failures = [self._write_waiting(service, today) for service in self._waiting]
        for failure in filter(None, failures):
            raise failure

    def keep(self, lines: Iterable[tuple[str, bytes]]) -> None:
        """Keep lines for the next call of `append`, as after a failure."""
        with self._lock:
            self._take(lines)

    def _take(self, lines: Iterable[tuple[str, bytes]]) -> None:
        for service, line in lines:
            self._waiting[self._folder_for(service)].append(line)

    def _folder_for(self, service: str) -> str:
        """Return a service's folder, or a common folder if there are too many service names."""
        known = service in self._waiting or len(self._waiting) < 64
        return service if known else "other"

    def _write_waiting(self, service: str, today: date) -> OSError | None:
        """Write the waiting lines of one service; a failure must not affect the others."""
        waiting = self._waiting[service]
        if not waiting:
            return None
        try:
            folder = self._folder / service
            folder.mkdir(parents=True, exist_ok=True)  # each time, because users may remove folders
            part = self._part(service, folder, today.isoformat())
            self._open.pop(service, None)  # after a failure the file is checked again
            self._open[service] = self._write(part, waiting)
        except OSError as error:
            return error
        return None

    def purge(self, keep_days: float, max_bytes: int, today: date) -> None:
        """Remove files older than `keep_days`, then the oldest files beyond `max_bytes`."""
        oldest = (today - timedelta(days=keep_days)).isoformat()
        parts = sorted(self._all_parts(), key=lambda part: (part.day, part.number), reverse=True)
        total = 0
        for part in parts:
            total += part.size
            if part.day < oldest or (total > max_bytes and not self._is_open(part)):
                part.path.unlink(missing_ok=True)

    def _part(self, service: str, folder: Path, day: str) -> Part:
        """Return the file to continue with."""
        part = self._open.get(service)
        if part is not None and part.day == day:
            return part
        found = [part for part in _parts_in(folder) if part.day == day]
        free = 1 + max(_numbers_in(folder, day), default=-1)
        part = max(found, key=lambda part: part.number, default=Part(folder, day, free, 0))
        _end_line(part)
        return part

    def _write(self, part: Part, waiting: deque[bytes]) -> Part:
        """Append the lines, remove them from the queue, and return the part of the last line."""
        while waiting:
            room = self._file_bytes - part.size
            lines = list(_that_fit(waiting, room))
            if not lines and part.size:
                part = Part(part.folder, part.day, part.number + 1, 0)
                continue
            lines = lines or [waiting[0]]  # a single line may exceed the size of a file
            _flush(part, lines)
            for _ in lines:
                waiting.popleft()
        return part

    def _all_parts(self) -> list[Part]:
        folders = [entry for entry in self._folder.glob("*") if entry.is_dir()]
        return [part for folder in folders for part in _parts_in(folder)]

    def _is_open(self, part: Part) -> bool:
        current = self._open.get(part.folder.name)
        return current is not None and current.path == part.path


def _parts_in(folder: Path) -> list[Part]:
    named = [(path, _NAME.fullmatch(path.name)) for path in folder.iterdir()]
    return [
        Part(folder, name[1], int(name[2] or 0), path.stat().st_size)
        for path, name in named
        if name is not None and path.is_file() and not path.is_symlink()
    ]


def _numbers_in(folder: Path, day: str) -> list[int]:
    """Return the numbers of a day that are in use, also by FIFOs and folders."""
    named = (_NAME.fullmatch(path.name) for path in folder.iterdir())
    return [int(name[2] or 0) for name in named if name is not None and name[1] == day]


def _end_line(part: Part) -> None:
    """End an incomplete line of a crash or a full disk, so that no line is appended to it."""
    if part.size == 0:
        return
    with open_regular(part.path) as file:
        file.seek(-1, 2)
        is_ended = file.read(1) == b"\n"
    if not is_ended:
        _flush(part, [b"\n"])


def _that_fit(lines: Iterable[bytes], room: int) -> Iterator[bytes]:
    """Yield the first lines that fit into `room` bytes."""
    for line in lines:
        room -= len(line)
        if room < 0:
            return
        yield line


def _flush(part: Part, lines: list[bytes]) -> None:
    """Append all of the lines, or none."""
    data = b"".join(lines)
    with append_regular(part.path) as file:
        try:
            _write_all(file, data)
        except OSError:
            with suppress(OSError):
                file.truncate(part.size)
            raise
    part.size += len(data)


def _write_all(file: FileIO, data: bytes) -> None:
    if file.write(data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
