"""The pool of warm worker processes: made at the first need, recycled, let go when idle."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loguru import logger

from ytarchive.common.config import Settings
from ytarchive.common.errors import ServiceUnavailable
from ytarchive.ytdlp import equipment
from ytarchive.ytdlp.processes import WorkerProcess, Zygote

log = logger.bind(service="download")

_IDLE_SECONDS = 300
_SECONDS_BETWEEN_CHECKS = 60


class WorkerPool:
    """Lends workers. How many there may be is the borrowers' affair."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: list[WorkerProcess] = []
        self._zygote: Zygote | None = None
        self._retired: set[Zygote] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._starting = asyncio.Lock()
        self._fingerprint: equipment.Fingerprint = ()
        self._checked = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[WorkerProcess]:
        """A warm worker. It is killed if it is given back in the middle of a task."""
        worker = await self._take()
        try:
            yield worker
        finally:
            self._give_back(worker)

    async def close(self) -> None:
        """End every process."""
        self._is_closed = True
        self._let_go()
        while self._ending:
            await asyncio.gather(*self._ending)

    async def _take(self) -> WorkerProcess:
        zygote = await self._current_zygote()
        while self._idle:
            worker = self._idle.pop()
            if worker.is_usable and worker.zygote is zygote:
                return worker
            worker.kill()
        return await zygote.fork()

    async def _current_zygote(self) -> Zygote:
        async with self._starting:
            if self._is_closed:
                raise ServiceUnavailable("the server is shutting down")
            if self._zygote and self._zygote.is_alive and not self._is_outdated():
                return self._zygote
            if self._zygote:
                self._retire(self._zygote)
            self._zygote = None
            self._fingerprint = equipment.fingerprint(self._settings)
            prepared = await asyncio.to_thread(equipment.prepare, self._settings)
            self._zygote = await Zygote.start(prepared)
            return self._zygote

    def _is_outdated(self) -> bool:
        """Whether another yt-dlp, or other cookies, have come; looked at once a minute."""
        now = time.monotonic()
        if now - self._checked < _SECONDS_BETWEEN_CHECKS:
            return False
        self._checked = now
        changed = equipment.fingerprint(self._settings) != self._fingerprint
        if changed:
            log.info("yt-dlp or the cookies have changed; new worker processes take over")
        return changed

    def _give_back(self, worker: WorkerProcess) -> None:
        limits = self._settings.download
        grown = worker.memory > limits.worker_memory
        worn = grown or worker.is_worn or worker.tasks_done >= limits.videos_per_worker
        if worker.is_usable and worker.zygote is self._zygote and not (worn or self._is_closed):
            self._idle.append(worker)
        else:
            worker.kill()
        if worker.zygote in self._retired and worker.zygote.is_empty:
            self._end(worker.zygote)
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._let_go)

    def _let_go(self) -> None:
        """End idle workers, and the zygote with the last of them."""
        if self._timer:
            self._timer.cancel()
        while self._idle:
            self._idle.pop().kill()
        if self._zygote and (self._zygote.is_empty or self._is_closed):
            self._end(self._zygote)
            self._zygote = None
        if self._is_closed:
            for zygote in list(self._retired):
                self._end(zygote)

    def _retire(self, zygote: Zygote) -> None:
        """Its idle workers go now, its busy ones when they have finished, and then it ends."""
        for worker in [each for each in self._idle if each.zygote is zygote]:
            self._idle.remove(worker)
            worker.kill()
        self._retired.add(zygote)
        if zygote.is_empty:
            self._end(zygote)

    def _end(self, zygote: Zygote) -> None:
        self._retired.discard(zygote)
        ending = asyncio.create_task(zygote.stop())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
