"""The pool of worker processes, which start on demand and end when idle."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loguru import logger

from ytarchive.common.config import Settings
from ytarchive.common.errors import ServiceUnavailable
from ytarchive.ytdlp import worker_config
from ytarchive.ytdlp.processes import ForkServer, WorkerProcess

log = logger.bind(service="download")

_IDLE_SECONDS = 300


class WorkerPool:
    """Provides workers. The callers limit the number."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: list[WorkerProcess] = []
        self._fork_server: ForkServer | None = None
        self._replaced: set[ForkServer] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._starting = asyncio.Lock()
        self._fingerprint: worker_config.Fingerprint = ()
        self._checked = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[WorkerProcess]:
        """Yield a prepared worker, which is killed if the block ends during a task."""
        worker = await self._take()
        try:
            yield worker
        finally:
            self._return_worker(worker)

    async def close(self) -> None:
        """End every process."""
        self._is_closed = True
        self._end_idle()
        while self._ending:
            await asyncio.gather(*self._ending)

    async def _take(self) -> WorkerProcess:
        fork_server = await self._current_fork_server()
        while self._idle:
            worker = self._idle.pop()
            if worker.is_usable and worker.fork_server is fork_server:
                return worker
            worker.kill()
        return await fork_server.fork()

    async def _current_fork_server(self) -> ForkServer:
        async with self._starting:
            if self._is_closed:
                raise ServiceUnavailable("the server is shutting down")
            if self._fork_server and self._fork_server.is_alive and not self._is_outdated():
                return self._fork_server
            if self._fork_server:
                self._replace_fork_server(self._fork_server)
            self._fork_server = None
            self._fingerprint = worker_config.fingerprint(self._settings)
            prepared = await asyncio.to_thread(worker_config.prepare, self._settings)
            self._fork_server = await ForkServer.start(prepared)
            return self._fork_server

    def _is_outdated(self) -> bool:
        """Return whether yt-dlp or the cookies have changed; checked once a minute."""
        now = time.monotonic()
        if now - self._checked < 60:
            return False
        self._checked = now
        changed = worker_config.fingerprint(self._settings) != self._fingerprint
        if changed:
            log.info("yt-dlp or the cookies have changed; starting new worker processes")
        return changed

    def _return_worker(self, worker: WorkerProcess) -> None:
        limits = self._settings.download
        grown = worker.memory > limits.worker_memory
        is_used_up = (
            grown or worker.needs_replacement or worker.tasks_done >= limits.videos_per_worker
        )
        if (
            worker.is_usable
            and worker.fork_server is self._fork_server
            and not (is_used_up or self._is_closed)
        ):
            self._idle.append(worker)
        else:
            worker.kill()
        if worker.fork_server in self._replaced and worker.fork_server.is_empty:
            self._end(worker.fork_server)
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._end_idle)

    def _end_idle(self) -> None:
        """End idle workers, and the fork server with the last of them."""
        if self._timer:
            self._timer.cancel()
        while self._idle:
            self._idle.pop().kill()
        if self._fork_server and (self._fork_server.is_empty or self._is_closed):
            self._end(self._fork_server)
            self._fork_server = None
        if self._is_closed:
            for fork_server in list(self._replaced):
                self._end(fork_server)

    def _replace_fork_server(self, fork_server: ForkServer) -> None:
        """End its idle workers now, busy ones after their task, and then the fork server."""
        for worker in [each for each in self._idle if each.fork_server is fork_server]:
            self._idle.remove(worker)
            worker.kill()
        self._replaced.add(fork_server)
        if fork_server.is_empty:
            self._end(fork_server)

    def _end(self, fork_server: ForkServer) -> None:
        self._replaced.discard(fork_server)
        ending = asyncio.create_task(fork_server.stop())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
