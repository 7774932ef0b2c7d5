"""A worker process: runs tasks from a socket until it closes.

A thread watches the socket, the fork server's lifeline and the memory in use. When one of the first
two closes, the server has ended or ends this worker, which then ends with all that it started
(ffmpeg, the JavaScript runtime). It also ends when it uses far too much memory.
"""

import os
import queue
import resource
import select
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from ytarchive.common.errors import UnknownFailure, WorkerCrashed
from ytarchive.ytdlp.api import Transfer
from ytarchive.ytdlp.protocol import Event, Task
from ytarchive.ytdlp.worker.session import ExtractorSession
from ytarchive.ytdlp.worker.throttle import THROTTLE

_CHECK_INTERVALS = {True: 0.25, False: 1.0}
"""Seconds between checks with and without a task."""


class Worker:
    """Runs tasks and reports on them; `most_memory` bytes end it."""

    def __init__(
        self, connection: socket.socket, lifeline: int, session: ExtractorSession, most_memory: int
    ) -> None:
        self._connection = connection
        self._most_memory = most_memory
        self._lifeline = lifeline
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._sending = threading.Lock()
        self._session = session
        self._is_busy = False
        self._is_unanswered = self._reported_unanswered = False
        session.report_to(self._log, self._request)

    def run(self) -> None:
        """Work until the process is killed."""
        threading.Thread(target=self._watch, daemon=True).start()
        while True:
            task = self._tasks.get()
            self._reported_unanswered = False
            self._perform(task)
            self._is_busy = False

    def _perform(self, task: Task) -> None:
        try:
            event = self._result(task)
        except Exception as failure:  # every exception must reach the server
            error = self._session.classify(failure)
            if isinstance(error, UnknownFailure):
                self._log("DEBUG", traceback.format_exc())
            event = Event(kind="failed", error=error.detail())
        condition = {"memory": memory(), "needs_replacement": self._session.needs_replacement}
        self._send(event.model_copy(update=condition))

    def _result(self, task: Task) -> Event:
        session = self._session
        if task.kind == "extract":
            return Event(kind="done", extracted=session.extract(task.video_id))
        if task.kind == "download" and task.order:
            downloaded = session.download(
                task.order, self._progress, self._request_disk_space, self._request_page
            )
            return Event(kind="done", downloaded=downloaded)
        for entries in session.listing(task.source):
            self._send(Event(kind="chunk", entries=entries))
            self._tasks.get()  # the server requests the next chunk
        return Event(kind="done")

    def _progress(self, transfer: Transfer) -> None:
        self._send(Event(kind="progress", transfer=transfer))

    def _request_disk_space(self, needed: int) -> None:
        """Report the needed disk space and wait; without the space the server ends this worker."""
        self._send(Event(kind="sized", needed=needed))
        self._tasks.get()

    def _request_page(self) -> bool:
        """Return whether the next page of comments or chat may be requested, after a wait."""
        self._send(Event(kind="page"))
        return self._tasks.get().kind == "next"

    def _log(self, level: str, text: str) -> None:
        self._send(Event(kind="log", level=level, text=text))

    def _request(self, is_unanswered: bool) -> None:
        self._is_unanswered = is_unanswered

    def _report_request(self) -> None:
        """Report whether a request is unanswered: only a long wait matters to the server."""
        if self._is_busy and self._is_unanswered is not self._reported_unanswered:
            self._reported_unanswered = self._is_unanswered
            self._send(Event(kind="request", is_unanswered=self._is_unanswered))

    def _send(self, event: Event) -> None:
        line = event.model_dump_json(exclude_defaults=True) + "\n"
        with self._sending:
            self._connection.sendall(line.encode())

    def _watch(self) -> None:
        """Receive tasks; end the process and its children at the first reason to stop."""
        unread = b""
        watched: list[Any] = [self._connection, self._lifeline]
        while True:
            ready, _, _ = select.select(watched, [], [], _CHECK_INTERVALS[self._is_busy])
            if not ready:
                self._report_request()
                self._end_if_too_large()
                self._end_if_disk_full()
                continue
            data = self._connection.recv(65536) if self._connection in ready else b""
            if not data:
                end_process()
            *lines, unread = (unread + data).split(b"\n")
            for line in lines:
                task = Task.model_validate_json(line)
                if task.kind == "rate":
                    THROTTLE.rate = task.rate
                    continue
                self._is_busy = True  # at once: the next look is soon
                self._tasks.put(task)

    def _end_if_too_large(self) -> None:
        if (taken := memory()) <= self._most_memory:
            return
        if self._is_busy:
            error = WorkerCrashed(f"a worker process used {taken // 2**20} MiB of memory")
            self._send(Event(kind="failed", error=error.detail(), memory=taken))
        end_process()

    def _end_if_disk_full(self) -> None:
        """End this process and ffmpeg, which cannot be stopped otherwise."""
        if self._is_busy and (error := self._session.shortage()) is not None:
            self._send(Event(kind="failed", error=error.detail(), needs_replacement=True))
            end_process()


def memory() -> int:
    """Return the memory of this process in bytes, or its maximum where only that is known."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return pages * resource.getpagesize()


def end_process() -> Any:
    """Kill this process and its child processes."""
    os.killpg(0, signal.SIGKILL)
