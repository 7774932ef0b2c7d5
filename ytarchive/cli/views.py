"""The display of running jobs, for people and programs."""

import time
from collections.abc import Sequence
from typing import Any, Self

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from ytarchive.cli.output import Output, clock, size
from ytarchive.cli.text import counted, plain, shortened
from ytarchive.cli.times import at_about, local_times
from ytarchive.download import DownloadPhase
from ytarchive.jobs import Job, VideoProgress

_FIRST_LINE_AFTER = 2.0
_SECONDS_BETWEEN_LINES = 10.0


class View:
    """Shows jobs at each `update`.

    This class shows nothing, because the answer follows at the end.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def update(self, jobs: Sequence[Job]) -> None:
        """Show the current state of the jobs."""


def name_of(job: Job) -> str:
    """Return a short description of a job's source."""
    if job.title or job.playlist_id:
        return plain(shortened(job.title or job.playlist_id or ""))
    if len(job.video_ids) == 1:
        return job.video_ids[0]
    return counted(job.progress.total, "video")


class LiveView(View):
    """Progress bars: one for each job and one for each active video."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._jobs, self._videos = _bars(), _bars()
        self._remark = Text(no_wrap=True, overflow="ellipsis")
        self._waits: set[str] = set()
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
        width = self._out.console.width
        self._jobs.columns = _columns(width, _JOB_FIELDS)
        self._videos.columns = _columns(width, _VIDEO_FIELDS)
        active = {video.video_id: video for job in jobs for video in _unfinished(job)}
        for job in jobs:
            self._show(self._jobs, job.id, *_job_fields(job))
        for video in active.values():
            self._show(self._videos, video.video_id, *_video_fields(video))
        for gone in self._bars.keys() - active.keys() - {job.id for job in jobs}:
            self._videos.remove_task(self._bars.pop(gone))
        self._remark.plain = "; ".join(filter(None, (_end_of(jobs), _remark(jobs))))
        self._print_long_waits(jobs)
        self._live.refresh()

    def _print_long_waits(self, jobs: Sequence[Job]) -> None:
        """Print once, above the bars, why jobs wait, if the line below the bars is too short."""
        waits = _waits_of(jobs)
        if len(self._remark.plain) > self._out.console.width:
            for wait in sorted(waits - self._waits):
                self._out.line(wait)
        self._waits |= waits

    def _show(
        self, bars: Progress, key: str, name: str, share: float | None, fields: dict[str, Any]
    ) -> None:
        if key not in self._bars:
            self._bars[key] = bars.add_task(name, total=None, **fields)
        total = None if share is None else 1.0
        bars.update(self._bars[key], description=name, total=total, completed=share or 0, **fields)


_TITLE = 28
"""Minimum characters of a title, before any other column is shown."""
_BAR = 8
_JOB_FIELDS = (("eta", 8), ("count", 12), ("speed", 10))
_VIDEO_FIELDS = (("percent", 4), ("eta", 8), ("phase", 10), ("speed", 10), ("bytes", 19))
"""Name and width of each column, most important first."""
_ORDER = ("phase", "count", "percent", "bytes", "speed", "eta")


def _bars() -> Progress:
    return Progress(auto_refresh=False, expand=True)


def _columns(width: int, fields: Sequence[tuple[str, int]]) -> tuple[ProgressColumn, ...]:
    """Return name, bar and fields; narrow terminals omit the least important fields."""
    room = width - _TITLE
    shown: dict[str, int] = {}
    for name, needed in fields:
        room -= needed + 1
        if room >= 0:
            shown[name] = needed
    bar = BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=_BAR))
    ordered = sorted(shown.items(), key=lambda field: _ORDER.index(field[0]))
    return _name(), *([bar] if room > _BAR else []), *(_field(*each) for each in ordered)


def _name() -> TextColumn:
    column = Column(ratio=3, no_wrap=True, overflow="ellipsis", min_width=8)
    return TextColumn("{task.description}", table_column=column, markup=False)


def _field(name: str, width: int) -> TextColumn:
    column = Column(width=width, no_wrap=True)
    text = f"{{task.fields[{name}]}}"
    return TextColumn(text, markup=False, justify="right", table_column=column)


def _unfinished(job: Job) -> list[VideoProgress]:
    """Return the active videos, without those that have just ended."""
    ended = {result.video_id for result in job.results}
    return [
        video
        for video in job.progress.active
        if video.phase is not DownloadPhase.DONE and video.video_id not in ended
    ]


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


def _waits_of(jobs: Sequence[Job]) -> set[str]:
    waiting = {job.progress.waiting_for for job in jobs if job.progress.waiting_for}
    return {f"waiting: {plain(local_times(reason))}" for reason in waiting}


def _end_of(jobs: Sequence[Job]) -> str:
    """Return the expected end of the last job; empty while it is unknown for a job."""
    ends = [job.progress.ends_at for job in jobs if not job.status.is_final]
    known = [end for end in ends if end is not None]
    return f"ends {at_about(max(known))}" if known and len(known) == len(ends) else ""


def _remark(jobs: Sequence[Job]) -> str:
    """Return why no video starts, and the number of failures."""
    failed = sum(job.progress.failed for job in jobs)
    unavailable = sum(job.progress.unavailable for job in jobs)
    parts = sorted(_waits_of(jobs))
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{unavailable} unavailable"] if unavailable else []
    return "; ".join(parts)


class PlainView(View):
    """Prints a line at intervals, for files and pipes."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._due = time.monotonic() + _FIRST_LINE_AFTER

    def update(self, jobs: Sequence[Job]) -> None:
        """Print the progress of the jobs if the interval has passed."""
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
    parts += [_end_of([job])] if _end_of([job]) else []
    for video in _unfinished(job)[:3]:
        name = plain(shortened(video.title)) or video.video_id
        parts.append(f"{name}: {video.phase} {video.progress_percent:.0f}%")
    return f"{name_of(job)}: {', '.join(parts)}"


class JsonView(View):
    """Prints jobs as JSON lines when they change."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._shown: dict[str, Job] = {}

    def update(self, jobs: Sequence[Job]) -> None:
        """Print the changed jobs."""
        for job in jobs:
            if self._shown.get(job.id) != job:
                self._shown[job.id] = job
                self._out.json_line(job)


def view_for(out: Output, *, stream: bool) -> View:
    """Return the view for the output; with `stream`, JSON lines for each change."""
    if out.as_json:
        return JsonView(out) if stream else View()
    return LiveView(out) if out.is_live else PlainView(out)
