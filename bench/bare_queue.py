"""The peer of row 15a: aiohttp with one handler that stores a job durably, in group commits."""

import json
import sqlite3
import sys
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiohttp import web

from ytarchive.common.grouping import Grouped

Job = dict[str, object]


class _Store:
    """The rows of a job in two tables without triggers, one commit for all that wait."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("CREATE TABLE jobs (id TEXT PRIMARY KEY, type TEXT, options TEXT)")
        self._database.execute("CREATE TABLE videos (job TEXT, video TEXT, position INTEGER)")
        thread = ThreadPoolExecutor(1)
        self._commits = Grouped[Job, None](self._commit, most=1000, executor=thread)

    async def add(self, job: Job) -> None:
        """Return when the job is durable."""
        await self._commits.run(job)

    def _commit(self, jobs: Sequence[Job]) -> Sequence[None]:
        self._database.execute("BEGIN IMMEDIATE")
        for job in jobs:
            values = (job["id"], job["type"], json.dumps(job["options"]))
            self._database.execute("INSERT INTO jobs VALUES (?, ?, ?)", values)
            ids = job["video_ids"]
            assert isinstance(ids, list)
            rows = [(job["id"], video_id, number) for number, video_id in enumerate(ids)]
            self._database.executemany("INSERT INTO videos VALUES (?, ?, ?)", rows)
        self._database.execute("COMMIT")
        return [None] * len(jobs)


def main() -> None:
    """Accept jobs at /api/v1/jobs on PORT of loopback, stored in FILE, until a signal."""
    path, port = Path(sys.argv[1]), int(sys.argv[2])

    async def create(request: web.Request) -> web.Response:
        given = await request.json()
        job = {"id": str(uuid.uuid4()), "created_at": time.time(), "options": {}, **given}
        await store.add(job)
        answer = {"success": True, "data": job, "error": None}
        return web.json_response(answer, status=201)

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"success": True})

    store = _Store(path)
    app = web.Application()
    app.router.add_post("/api/v1/jobs", create)
    app.router.add_get("/api/v1/health", health)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main()
