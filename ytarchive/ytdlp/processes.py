"""The server's side of the worker processes: the fork server, and one object for each worker."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path
from typing import Any, Self

from loguru import logger

import ytarchive
from ytarchive.common import errors
from ytarchive.ytdlp.options import WorkerConfig
from ytarchive.ytdlp.protocol import Event, Fork, Task, WorkerEvent

log = logger.bind(service="download")

_SECONDS_TO_START = 60
# Workers process untrusted data, so they get no keys or tokens of any program.
_SECRET = re.compile(
    r"YTARCHIVE_(SERVER|YOUTUBE|NETWORK)__.*|.*(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL).*",
    re.IGNORECASE,
)


class ForkServer:
    """The process that forks workers. Start one with `ForkServer.start`."""

    def __init__(self, process: Process, control: socket.socket) -> None:
        self._process = process
        self._control = control
        self._events: dict[int, asyncio.Future[int]] = {}
        self._workers: dict[int, WorkerProcess] = {}
        self._ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._number = 0
        self._listening: asyncio.Task[None] | None = None
        self.is_alive = True

    @classmethod
    async def start(cls, worker_config: WorkerConfig) -> Self:
        """Start the process and wait until yt-dlp is loaded. Raises ToolMissing."""
        own_end, other_end = socket.socketpair()
        with other_end:
            try:
                process = await _spawn(other_end, worker_config)
            except BaseException:
                own_end.close()
                raise
        fork_server = cls(process, own_end)
        own_end.setblocking(False)
        fork_server._listening = asyncio.create_task(fork_server._listen())
        try:
            own_end.send(worker_config.model_dump_json().encode() + b"\n")
            async with asyncio.timeout(_SECONDS_TO_START):
                version = await fork_server._ready
        except TimeoutError:
            await fork_server.stop()
            raise errors.WorkerCrashed(
                f"yt-dlp was not loaded in {_SECONDS_TO_START} seconds"
            ) from None
        except BaseException:
            await fork_server.stop()
            raise
        log.info("yt-dlp {} is loaded", version)
        return fork_server

    @property
    def is_empty(self) -> bool:
        """Return whether it has no worker."""
        return not self._workers and not self._events

    async def fork(self) -> "WorkerProcess":
        """Return a new worker. Raises WorkerCrashed if the fork server has ended."""
        own_end, other_end = socket.socketpair()
        self._number += 1
        number = self._number
        started = self._events[number] = asyncio.get_running_loop().create_future()
        with other_end:
            try:
                self._send(Fork(fork=number), [other_end.fileno()])
                pid = await started
            except BaseException:
                own_end.close()
                raise
            finally:
                self._events.pop(number, None)
        reader, writer = await asyncio.open_unix_connection(sock=own_end, limit=16 * 2**20)
        worker = WorkerProcess(self, pid, reader, writer)
        self._workers[pid] = worker
        return worker

    def kill(self, pid: int) -> None:
        """Kill a worker and its child processes at once. Does nothing if it has ended."""
        if self._workers.pop(pid, None) and self.is_alive:
            self._send(Fork(kill=pid))

    async def stop(self) -> None:
        """Kill all workers and end."""
        if self._listening:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        self._control.close()
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._on_end()

    def _send(self, message: Fork, fds: list[int] | None = None) -> None:
        try:
            data = message.model_dump_json(exclude_defaults=True).encode() + b"\n"
            socket.send_fds(self._control, [data], fds or [])
        except OSError as error:
            raise errors.WorkerCrashed("the process that starts workers has ended") from error

    async def _listen(self) -> None:
        unread = b""
        loop = asyncio.get_running_loop()
        while data := await _receive(loop, self._control):
            *lines, unread = (unread + data).split(b"\n")
            for line in lines:
                self._on_event(WorkerEvent.model_validate_json(line))
        self._on_end()

    def _on_event(self, event: WorkerEvent) -> None:
        if event.ready is not None and not self._ready.done():
            self._ready.set_result(event.ready)
        elif event.failed is not None and not self._ready.done():
            self._ready.set_exception(
                errors.ToolMissing(f"yt-dlp cannot be loaded: {event.failed}")
            )
        elif event.forked is not None:
            started = self._events.get(event.forked)
            if started and not started.done():
                started.set_result(event.pid)
            else:
                self._send(Fork(kill=event.pid))
        elif event.exited is not None:
            worker = self._workers.pop(event.exited, None)
            if worker:
                worker.exit_status = event.status

    def _on_end(self) -> None:
        """Handle the end of the fork server: end its workers, which it can no longer kill."""
        if not self.is_alive:
            return
        self.is_alive = False
        for pid in self._workers:
            _kill_group(pid)
        self._workers.clear()
        waiting: list[asyncio.Future[Any]] = [self._ready, *self._events.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(
                    errors.WorkerCrashed("the process that starts workers has ended")
                )
                future.exception()  # mark it as retrieved: a future may have no waiter


class WorkerProcess:
    """One worker process: runs one task at a time."""

    def __init__(
        self,
        fork_server: ForkServer,
        pid: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.fork_server = fork_server
        self.pid = pid
        self.tasks_done = 0
        self.memory = 0
        self.needs_replacement = False
        self.exit_status: int | None = None
        self._reader = reader
        self._writer = writer
        self._is_clean = True

    @property
    def is_usable(self) -> bool:
        """Return whether it can take another task."""
        ended = self.exit_status is not None or self._reader.at_eof() or self._reader.exception()
        return self._is_clean and self.fork_server.is_alive and not ended

    async def send(self, task: Task) -> None:
        """Send a task, or request the next chunk. Raises WorkerCrashed."""
        self._is_clean = False
        self._writer.write(task.model_dump_json(exclude_defaults=True).encode() + b"\n")
        try:
            await self._writer.drain()
        except ConnectionError:
            raise await self._crash() from None

    async def limit_rate(self, rate: float) -> None:
        """Limit the transfers to `rate` bytes per second; a worker that has ended is ignored."""
        self._writer.write(Task(kind="rate", rate=rate).model_dump_json().encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    async def receive(self) -> Event:
        """Return the next event. Raises the task's error, or WorkerCrashed."""
        try:
            line = await self._reader.readline()
        except (ConnectionError, ValueError):  # an endless line counts as a crash
            line = b""
        if not line.endswith(b"\n"):
            raise await self._crash()
        try:
            event = Event.model_validate_json(line)
        except ValueError as error:
            raise errors.ProtocolError("a worker process sent invalid data") from error
        if event.is_last:
            self.memory, self.needs_replacement = event.memory, event.needs_replacement
            self.tasks_done += 1
            self._is_clean = True
        if event.error:
            raise errors.error_from(event.error)
        return event

    def kill(self) -> None:
        """End the worker and its child processes at once."""
        self.fork_server.kill(self.pid)
        self._writer.close()
        self._is_clean = False

    async def _crash(self) -> errors.YTArchiveError:
        for _ in range(20):  # the fork server sends the status shortly after the socket has closed
            if self.exit_status is not None:
                break
            await asyncio.sleep(0.01)
        status = self.exit_status
        return errors.WorkerCrashed(f"a worker process ended {_ending(status)}", pid=self.pid)


async def _spawn(control: socket.socket, worker_config: WorkerConfig) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "ytarchive.ytdlp.worker.fork_server", str(control.fileno())),
        pass_fds=[control.fileno()],
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
        env=_environment(worker_config),
        start_new_session=True,  # only the server handles Ctrl-C in a terminal
    )


def _ending(status: int | None) -> str:
    if status is None:
        return "unexpectedly"
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


async def _receive(loop: asyncio.AbstractEventLoop, control: socket.socket) -> bytes:
    try:
        return await loop.sock_recv(control, 65536)
    except OSError:
        return b""


def _environment(worker_config: WorkerConfig) -> dict[str, str]:
    """Return the environment without secrets, in which only this package is found."""
    here = str(Path(ytarchive.__file__).parents[1])
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    own_end = {name: value for name, value in os.environ.items() if not _SECRET.fullmatch(name)}
    return own_end | worker_config.environment() | {"PYTHONPATH": path}
