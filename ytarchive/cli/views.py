"""What people and programs see of jobs while these run."""

import time
from collections.abc import Sequence
from typing import Any, Self

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from ytarchive.cli.output import Output, clock, size
from ytarchive.cli.text import counted, plain, shortened
from ytarchive.cli.times import local_times
from ytarchive.jobs import Job, VideoProgress

_FIRST_LINE_AFTER = 2.0
_SECONDS_BETWEEN_LINES = 10.0


class View:
    """Shows jobs, as often as it is told how they are; this one nothing: the answer comes later."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def update(self, jobs: Sequence[Job]) -> None:
        """The jobs as they are now."""


def name_of(job: Job) -> str:
    """What a job is about, in a few words."""
    if job.title or job.playlist_id:
        return plain(shortened(job.title or job.playlist_id or ""))
    if len(job.video_ids) == 1:
        return job.video_ids[0]
    return counted(job.progress.total, "video")


class LiveView(View):
    """Bars that move: one for each job, and one for each video that is being worked on."""

    def __init__(self, out: Output) -> None:
        self._jobs = _bars(("count", 9), ("speed", 10), ("eta", 8))
        self._videos = _bars(
            ("phase", 10), ("percent", 4), ("bytes", 19), ("speed", 10), ("eta", 8)
        )
        self._remark = Text()
        self._bars: dict[str, TaskID] = {}
        self._live = Live(
            Group(self._videos, self._jobs, self._remark),
            console=out.console,
            auto_refresh=False,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def update(self, jobs: Sequence[Job]) -> None:
        """Redraw."""
        active = {video.video_id: video for job in jobs for video in job.progress.active}
        for job in jobs:
            self._show(self._jobs, job.id, *_job_fields(job))
        for video in active.values():
            self._show(self._videos, video.video_id, *_video_fields(video))
        for gone in self._bars.keys() - active.keys() - {job.id for job in jobs}:
            self._videos.remove_task(self._bars.pop(gone))
        self._remark.plain = _remark(jobs)
        self._live.refresh()

    def _show(
        self, bars: Progress, key: str, name: str, share: float | None, fields: dict[str, Any]
    ) -> None:
        if key not in self._bars:
            self._bars[key] = bars.add_task(name, total=None, **fields)
        total = None if share is None else 1.0
        bars.update(self._bars[key], description=name, total=total, completed=share or 0, **fields)


def _bars(*fields: tuple[str, int]) -> Progress:
    """Name, bar and fields; the name gives way on narrow terminals."""
    name = Column(ratio=3, no_wrap=True, overflow="ellipsis", min_width=8)
    return Progress(
        TextColumn("{task.description}", table_column=name, markup=False),
        BarColumn(bar_width=None, table_column=Column(ratio=2, min_width=5)),
        *(
            TextColumn(
                f"{{task.fields[{field}]}}",
                markup=False,
                justify="right",
                table_column=Column(width=width, no_wrap=True),
            )
            for field, width in fields
        ),
        auto_refresh=False,
        expand=True,
    )


def _job_fields(job: Job) -> tuple[str, float | None, dict[str, Any]]:
    progress = job.progress
    share = None if progress.listing or not progress.total else progress.done / progress.total
    more = "+" if progress.listing else ""
    fields = {
        "count": f"{progress.done}/{progress.total}{more}",
        "speed": _speed(progress.speed),
        "eta": clock(progress.eta),
    }
    return name_of(job), share, fields


def _video_fields(video: VideoProgress) -> tuple[str, float | None, dict[str, Any]]:
    known = video.total_bytes > 0
    fields = {
        "phase": video.phase,
        "percent": f"{video.progress_percent:.0f}%",
        "bytes": f"{size(video.downloaded_bytes)}/{size(video.total_bytes)}" if known else "",
        "speed": _speed(video.speed),
        "eta": clock(video.eta),
    }
    share = video.progress_percent / 100 if video.progress_percent or known else None
    return plain(shortened(video.title)) or video.video_id, share, fields


def _speed(speed: float) -> str:
    return f"{size(speed)}/s" if speed else ""


def _remark(jobs: Sequence[Job]) -> str:
    """Why nothing goes on, and what went wrong so far."""
    waiting = {job.progress.waiting_for for job in jobs if job.progress.waiting_for}
    failed = sum(job.progress.failed for job in jobs)
    unavailable = sum(job.progress.unavailable for job in jobs)
    parts = [f"waiting: {plain(local_times(reason))}" for reason in sorted(waiting)]
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{unavailable} unavailable"] if unavailable else []
    return "; ".join(parts)


class PlainView(View):
    """A line now and then, for files and pipes."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._due = time.monotonic() + _FIRST_LINE_AFTER

    def update(self, jobs: Sequence[Job]) -> None:
        """Print how far the jobs are, if it is time to."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _SECONDS_BETWEEN_LINES
        for job in jobs:
            self._out.line(_progress_line(job))


def _progress_line(job: Job) -> str:
    progress = job.progress
    parts = [f"{progress.done} of {progress.total}{'+' if progress.listing else ''} done"]
    parts += [_remark([job])] if _remark([job]) else []
    parts += [_speed(progress.speed)] if progress.speed else []
    parts += [f"{clock(progress.eta)} left"] if progress.eta else []
    for video in progress.active[:3]:
        name = plain(shortened(video.title)) or video.video_id
        parts.append(f"{name}: {video.phase} {video.progress_percent:.0f}%")
    return f"{name_of(job)}: {', '.join(parts)}"


class JsonView(View):
    """The jobs as JSON lines, whenever they have changed."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._shown: dict[str, Job] = {}

    def update(self, jobs: Sequence[Job]) -> None:
        """Print the jobs that are not as they were."""
        for job in jobs:
            if self._shown.get(job.id) != job:
                self._shown[job.id] = job
                self._out.json_line(job)


def view_for(out: Output, *, stream: bool) -> View:
    """The view that fits the output; `stream`: JSON lines all the while instead of none."""
    if out.as_json:
        return JsonView(out) if stream else View()
    return LiveView(out) if out.is_live else PlainView(out)
