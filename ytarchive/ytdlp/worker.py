"""A worker process: one task after another, from one socket, until that closes.

A thread watches the socket and the zygote's lifeline. When either closes, the server is gone or
wants this worker gone, and it dies with all it started (ffmpeg, the JavaScript runtime).
"""

import os
import queue
import select
import signal
import socket
import threading
import traceback
from typing import Any

from ytarchive.common.errors import UnknownFailure
from ytarchive.ytdlp.api import Transfer
from ytarchive.ytdlp.protocol import Event, Task
from ytarchive.ytdlp.session import Session


class Worker:
    """Runs tasks and reports on them."""

    def __init__(self, connection: socket.socket, lifeline: int, session: Session) -> None:
        self._connection = connection
        self._lifeline = lifeline
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._sending = threading.Lock()
        self._session = session
        session.report_to(self._log)

    def run(self) -> None:
        """Work until the process is killed."""
        threading.Thread(target=self._watch, daemon=True).start()
        while True:
            self._perform(self._tasks.get())

    def _perform(self, task: Task) -> None:
        try:
            self._send(self._result(task))
        except Exception as failure:  # whatever it is, the server must hear of it
            error = self._session.classify(failure)
            if isinstance(error, UnknownFailure):
                self._log("DEBUG", traceback.format_exc())
            self._send(Event(kind="failed", error=error.detail()))

    def _result(self, task: Task) -> Event:
        session = self._session
        if task.kind == "extract":
            return Event(kind="done", extracted=session.extract(task.video_id))
        if task.kind == "download" and task.order:
            return Event(kind="done", downloaded=session.download(task.order, self._progress))
        for entries in session.listing(task.source):
            self._send(Event(kind="chunk", entries=entries))
            self._tasks.get()  # the server wants the next chunk
        return Event(kind="done")

    def _progress(self, transfer: Transfer) -> None:
        self._send(Event(kind="progress", transfer=transfer))

    def _log(self, level: str, text: str) -> None:
        self._send(Event(kind="log", level=level, text=text))

    def _send(self, event: Event) -> None:
        line = event.model_dump_json(exclude_defaults=True) + "\n"
        with self._sending:
            self._connection.sendall(line.encode())

    def _watch(self) -> None:
        """Take in tasks; end the process and its children with the first sign that it must."""
        unread = b""
        watched: list[Any] = [self._connection, self._lifeline]
        while True:
            ready, _, _ = select.select(watched, [], [])
            data = self._connection.recv(65536) if self._connection in ready else b""
            if not data:
                die()
            *lines, unread = (unread + data).split(b"\n")
            for line in lines:
                self._tasks.put(Task.model_validate_json(line))


def die() -> Any:
    """Kill this process and all that it started."""
    os.killpg(0, signal.SIGKILL)
