"""The messages of server and workers: one JSON object per line, over a socket pair."""

from typing import Literal

from pydantic import Field

from ytarchive.common.models import ErrorDetail, Model
from ytarchive.ytdlp.api import Downloaded, DownloadOrder, ExtractedVideo, ListedEntries, Transfer


class Task(Model):
    """Server to worker: a task.

    `next` continues a task: a listing with its next chunk, a download with its transfer or its next
    page of comments or chat, which `refuse` forbids. `rate` limits the worker's transfers, also
    during a task.
    """

    kind: Literal["extract", "download", "list", "next", "refuse", "rate"]
    video_id: str = ""
    source: str = ""
    order: DownloadOrder | None = None
    rate: float | None = Field(default=None, description="Bytes per second")


class Event(Model):
    """Worker to server: progress of a task, and finally `done` or `failed`.

    After `chunk`, `sized` and `page` the worker waits for `next`. `request` reports that a request
    has been unanswered for some time, and later that it was answered.
    """

    kind: Literal["progress", "request", "chunk", "sized", "page", "log", "done", "failed"]
    transfer: Transfer | None = None
    entries: ListedEntries | None = None
    extracted: ExtractedVideo | None = None
    downloaded: Downloaded | None = None
    error: ErrorDetail | None = None
    is_unanswered: bool = Field(default=False, description="Whether a request waits for its answer")
    needed: int = Field(default=0, description="Bytes on the disk that the download needs")
    memory: int = Field(default=0, description="Memory of the worker in bytes")
    needs_replacement: bool = Field(
        default=False, description="The worker must get no further task"
    )
    level: str = "WARNING"
    text: str = ""

    @property
    def is_last(self) -> bool:
        """Return whether the task is over."""
        return self.kind in {"done", "failed"}


class Fork(Model):
    """Server to fork server: fork a worker (a socket follows), or kill one and its children."""

    fork: int | None = None
    kill: int | None = None


class WorkerEvent(Model):
    """Fork server to server: it is ready or failed to start, a worker has started or ended."""

    ready: str | None = None
    failed: str | None = None
    forked: int | None = None
    pid: int = 0
    exited: int | None = None
    status: int = 0
