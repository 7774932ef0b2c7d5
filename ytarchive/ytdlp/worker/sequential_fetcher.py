"""Fetches side files one after another, each with its own time limit."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from yt_dlp.utils import YoutubeDLError

from ytarchive.common.archived_files import ArchivedFile
from ytarchive.ytdlp.worker.staging import make_folder

_FAILURES = (YoutubeDLError, OSError, ValueError)
_TOO_LATE = "it had not arrived when the media were complete"
Outcome = bytes | Exception


class OutOfTimeError(TimeoutError):
    """A side file did not arrive in time; its thread may still wait."""


class WantedFile(NamedTuple):
    """A side file, its place, and how to fetch it."""

    file: ArchivedFile
    target: Path
    fetch: Callable[[], bytes]

    @property
    def key(self) -> str:
        """Return its name among `SideFiles`."""
        return self.file.side_file or ""


class SequentialFetcher:
    """A thread that fetches files in turn. `outcomes` has the failure of each file, or None.

    Each file is fetched in a further thread, which is abandoned after `timeout` seconds: nothing
    can end a thread that waits for a server. `has_hanging_threads` is True then.
    """

    def __init__(self, wanted: list[WantedFile], timeout: float) -> None:
        self.outcomes: list[tuple[WantedFile, Exception | None]] = []
        self.has_hanging_threads = False
        self._wanted = wanted
        self._timeout = timeout
        self._stopped = threading.Event()
        self._answers = queue.SimpleQueue[Outcome]()
        self._thread = threading.Thread(target=self._fetch_all, daemon=True)

    def start(self) -> None:
        """Begin to fetch."""
        self._thread.start()

    def wait(self, end: float, interval: float) -> bool:
        """Wait `interval` seconds, at most until `end` (monotonic); return whether to wait more."""
        self._thread.join(max(min(interval, end - time.monotonic()), 0))
        return self._thread.is_alive() and time.monotonic() < end

    def stop(self) -> None:
        """Abandon missing files, and return when no thread writes any more."""
        self._stopped.set()
        self._answers.put(OutOfTimeError(_TOO_LATE))
        self._thread.join()

    def _fetch_all(self) -> None:
        for wanted in self._wanted:
            failure = None
            try:
                if not wanted.target.is_file():
                    _write(wanted.target, self._content(wanted.fetch))
            except _FAILURES as error:
                failure = error
            self.outcomes.append((wanted, failure))

    def _content(self, fetch: Callable[[], bytes]) -> bytes:
        """Run `fetch` in its own thread. Raises its error, or OutOfTimeError."""
        self._answers = answers = queue.SimpleQueue[Outcome]()
        if self._stopped.is_set():
            raise OutOfTimeError(_TOO_LATE)
        threading.Thread(target=_answer, args=(fetch, answers), daemon=True).start()
        try:
            outcome = answers.get(timeout=self._timeout)
        except queue.Empty:
            outcome = OutOfTimeError(f"it did not arrive within {self._timeout:g} seconds")
        if isinstance(outcome, Exception):
            self.has_hanging_threads |= isinstance(outcome, OutOfTimeError)
            raise outcome
        return outcome


def _answer(fetch: Callable[[], bytes], answers: queue.SimpleQueue[Outcome]) -> None:
    try:
        answers.put(fetch())
    except Exception as failure:  # every exception is the outcome of the file
        answers.put(failure)


def _write(target: Path, content: bytes) -> None:
    make_folder(target.parent)
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(content)
        part.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
