"""The waiting and active downloads of each video, which use the same folder in staging."""

import itertools
from collections.abc import Iterator

from ytarchive.common.errors import Conflict
from ytarchive.download.api import DownloadRequest
from ytarchive.download.tasks import DownloadTask


class VideoQueues:
    """For each video its downloads in the order of their requests; the first has the turn."""

    def __init__(self) -> None:
        self._tasks: dict[str, list[DownloadTask]] = {}

    def __iter__(self) -> Iterator[DownloadTask]:
        """Return all downloads."""
        return itertools.chain.from_iterable(self._tasks.values())

    def __contains__(self, task: DownloadTask) -> bool:
        return task in self._of(task.request)

    def video_ids(self) -> list[str]:
        """Return the videos with a download."""
        return list(self._tasks)

    def suitable(self, request: DownloadRequest) -> DownloadTask | None:
        """Return a download whose result is right for a request of the same video."""
        return next((each for each in self._of(request) if each.suits(request)), None)

    def joined(self, request: DownloadRequest) -> DownloadTask | None:
        """Return the download that a new request shares; None if the request needs its own.

        A job stores its files after the notification, when another download could overwrite them:
        no direct download waits for one of a job. Raises Conflict instead.
        """
        last = self._of(request)[-1:]
        if request.durable:
            found = self.suitable(request)
            if found is None and any(each.is_of_job for each in last):
                message = f"a job is downloading {request.video_id} with other options"
                raise Conflict(f"{message}: request it again after the job has ended")
            return found
        found = next((each for each in last if each.suits(request)), None)
        if found is not None:
            found.is_of_job = True
        return found

    def add(self, task: DownloadTask) -> None:
        """Add a download; it has the turn if it is the only one of its video."""
        tasks = self._tasks.setdefault(task.request.video_id, [])
        tasks.append(task)
        tasks[0].turn.set()

    def remove(self, task: DownloadTask) -> None:
        """Remove a download, if it is there; the next one of its video has the turn."""
        tasks = self._of(task.request)
        if task not in tasks:
            return
        tasks.remove(task)
        if tasks:
            tasks[0].turn.set()
        else:
            del self._tasks[task.request.video_id]

    def _of(self, request: DownloadRequest) -> list[DownloadTask]:
        return self._tasks.get(request.video_id, [])
