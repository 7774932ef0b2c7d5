"""The process that forks workers: `python -m ytarchive.ytdlp.worker.fork_server FD`.

It imports yt-dlp once, has a single thread, and forks workers at the server's request. Importing
yt-dlp in each worker would use more CPU time than the downloads. The socket FD is its only
connection to the server: when it closes, the fork server kills every worker's process group and
ends.
"""

import contextlib
import gc
import os
import resource
import select
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from ytarchive.ytdlp.options import WorkerConfig
from ytarchive.ytdlp.protocol import Fork, WorkerEvent

if TYPE_CHECKING:
    from ytarchive.ytdlp.worker.session import (
        ExtractorSession,  # loads yt-dlp; a failure must be reported
    )


_NICENESS = 5
"""Workers have a lower priority than the server, which answers users; they can use an idle
processor.
"""


class ForkServer:
    """Forks, kills and reaps workers."""

    def __init__(self, control: socket.socket, most_memory: int) -> None:
        self._control = control
        self._most_memory = most_memory
        self._lifeline, self._lifeline_end = os.pipe()
        self._children: set[int] = set()
        self._unread = b""
        self._exits, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # Only the server handles signals to the process group: it may let transfers finish. The
        # fork server and its workers end with the server's socket.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def serve(self, session: "ExtractorSession", version: str) -> None:
        """Answer the server until it closes the socket."""
        self._send(WorkerEvent(ready=version))
        watched: list[Any] = [self._control, self._exits]
        while True:
            ready, _, _ = select.select(watched, [], [])
            if self._exits in ready:
                os.read(self._exits, 4096)
                self._reap()
            if self._control in ready and not self._execute(session):
                return

    def end(self) -> None:
        """Kill every worker and its child processes, and reap them."""
        for pid in self._children:
            _kill_group(pid)
        for pid in self._children:
            os.waitpid(pid, 0)

    def _execute(self, session: "ExtractorSession") -> bool:
        """Carry out the server's message; return False when the server has ended."""
        data, sockets, _, _ = socket.recv_fds(self._control, 65536, 8)
        if not data:
            return False
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            order = Fork.model_validate_json(line)
            if order.kill in self._children:
                _kill_group(order.kill)
            elif order.fork is not None:
                self._fork(order.fork, sockets.pop(0), session)
        return True

    def _fork(self, number: int, connection: int, session: "ExtractorSession") -> None:
        pid = os.fork()
        if pid == 0:
            self._become_worker(connection, session)
        os.close(connection)
        self._children.add(pid)
        self._send(WorkerEvent(forked=number, pid=pid))

    def _become_worker(self, connection: int, session: "ExtractorSession") -> NoReturn:
        from ytarchive.ytdlp.worker.worker import Worker  # noqa: PLC0415  # imported before the fork

        try:
            os.setsid()
            os.nice(_NICENESS)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._control.close()
            for fd in (self._lifeline_end, self._exits):
                os.close(fd)
            ours = socket.socket(fileno=connection)
            Worker(ours, self._lifeline, session, self._most_memory).run()
        finally:
            os._exit(1)

    def _reap(self) -> None:
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._children.discard(pid)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)  # its child processes
                self._send(WorkerEvent(exited=pid, status=os.waitstatus_to_exitcode(status)))

    def _send(self, message: WorkerEvent) -> None:
        self._control.sendall(message.model_dump_json(exclude_defaults=True).encode() + b"\n")


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        # It is not yet the leader of a group.
        os.kill(pid, signal.SIGKILL)


def _first_line(control: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = control.recv(1)
        if not byte:
            raise SystemExit(0)
        line += byte
    return line


def _load(worker_config: WorkerConfig) -> tuple["ExtractorSession", str]:
    """Return a prepared session, which forked workers share, and yt-dlp's version."""
    import yt_dlp.version  # noqa: PLC0415  # a failure is reported to the server

    import ytarchive.ytdlp.worker.worker  # noqa: F401, PLC0415
    from ytarchive.ytdlp.worker.session import ExtractorSession  # noqa: PLC0415

    session = ExtractorSession(worker_config)
    session.preload()
    gc.enable()
    gc.freeze()  # keeps shared memory pages shared
    return session, str(yt_dlp.version.__version__)


def main() -> None:
    """Run until the server closes the socket whose number is the argument."""
    control = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(control.fileno(), False)
    gc.disable()  # during the imports it would find nothing to collect, for a tenth of their time
    # A worker's memory contains cookies and must not be written to a core file.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    worker_config = WorkerConfig.model_validate_json(_first_line(control))
    fork_server = ForkServer(control, worker_config.memory)
    try:
        session, version = _load(worker_config)
    except Exception as failure:  # report a broken installation, not a traceback
        control.sendall(WorkerEvent(failed=f"{failure}").model_dump_json().encode() + b"\n")
        return
    try:
        fork_server.serve(session, version)
    finally:
        fork_server.end()


if __name__ == "__main__":
    main()
