"""Follows jobs until they end, and reports the result."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn

from ytarchive.cli.cancelling import open_jobs
from ytarchive.cli.changes import following
from ytarchive.cli.failure import Failure
from ytarchive.cli.output import Output
from ytarchive.cli.summary import has_failures, summarise
from ytarchive.cli.views import view_for
from ytarchive.common.errors import Cancelled, ServiceUnavailable
from ytarchive.common.models import utc_now
from ytarchive.discovery import Archive
from ytarchive.jobs import CreateJob, Job, JobView

_MAX_PAUSE = timedelta(seconds=60)
_INTERVAL = 0.3
_LONGEST_INTERVAL = 1.0
_SHARE = 10  # requests take about this share of the time, unless each request is slow
NO_SERVER_WORKS = "No server is running: start `ytarchive serve` or `ytarchive jobs watch`."


class Stopped(Failure):
    """The command ended before its jobs."""

    label = "stopped"


async def queue_and_follow(
    archive: Archive, out: Output, requests: Sequence[CreateJob], *, detach: bool
) -> int:
    """Queue jobs and, without `detach`, follow them to the end."""
    jobs = [await archive.jobs.create_job(request) for request in requests]
    return await follow_or_detach(archive, out, jobs, detach=detach)


async def follow_or_detach(
    archive: Archive, out: Output, jobs: Sequence[Job], *, detach: bool
) -> int:
    """Follow queued jobs to their end, or leave them to the server."""
    if not detach:
        return await follow(archive, out, [job.id for job in jobs])
    if out.as_json:
        out.document(jobs[0] if len(jobs) == 1 else jobs)
    for job in jobs:
        out.line(f"job {job.id} is queued: `ytarchive jobs watch {job.id}` shows its progress")
    if archive.url is None:
        out.remark(NO_SERVER_WORKS)
    return 0


async def follow(
    archive: Archive, out: Output, job_ids: Sequence[str], *, stream: bool = False
) -> int:
    """Work on jobs, or let the server work, show them, and return the exit code.

    With `stream` and `--json` every change is printed as a line, instead of one document at the
    end.
    """
    for job_id in job_ids:
        archive.work_on(job_id)
    try:
        jobs, titles = await _watch(archive, out, job_ids, stream=stream)
    except asyncio.CancelledError:
        _stopped(archive, out, job_ids)
    except ServiceUnavailable as error:
        if archive.url is None:
            raise
        raise Stopped(
            f"{archive.url} no longer answers", remedy=_resume_hint(job_ids), code=error.code
        ) from None
    if out.as_json and not stream:
        out.document(jobs[0] if len(jobs) == 1 else jobs)
    for job in jobs:
        if job.status.is_final:
            await summarise(archive, out, job, titles)
        else:
            _print_wait(out, job)
    await _mention_unfinished(archive, out, job_ids)
    return 1 if any(has_failures(job) for job in jobs) else 0


async def _watch(
    archive: Archive, out: Output, job_ids: Sequence[str], *, stream: bool
) -> tuple[list[Job], dict[str, str]]:
    """Return the jobs when all of them have ended, and the titles of their videos.

    Without a server it also ends when all remaining videos wait for a long pause.
    """
    titles: dict[str, str] = {}
    was_left = False  # jobs are requested once more after their worker ended
    async with following(archive, "job", "result", "download", "governor", "queue") as changes:
        with view_for(out, stream=stream) as view:
            while True:
                await changes.next()
                asked = time.monotonic()
                jobs = await _all_jobs(archive, job_ids, JobView(expand=False))
                for job in jobs:
                    titles.update((v.video_id, v.title) for v in job.progress.active if v.title)
                view.update(jobs)
                may_leave = archive.url is None
                if all(job.status.is_final or (may_leave and _is_paused(job)) for job in jobs):
                    return await _all_jobs(archive, job_ids, JobView(expand=True)), titles
                if was_left:
                    _left(job_ids)
                was_left = archive.has_owner is not None and not archive.has_owner()
                took = time.monotonic() - asked
                await asyncio.sleep(min(max(_INTERVAL, _SHARE * took), _LONGEST_INTERVAL))


async def _all_jobs(archive: Archive, job_ids: Sequence[str], view: JobView) -> list[Job]:
    return await asyncio.gather(*(archive.jobs.get_job(job_id, view) for job_id in job_ids))


def _is_paused(job: Job) -> bool:
    """Return whether no video of a job can start for a while, for another reason than the pace."""
    progress = job.progress
    if progress.active or progress.waiting_reason in {None, "pace", "probing"}:
        return False
    until = progress.waiting_until
    return until is None or until - utc_now() > _MAX_PAUSE


def _print_wait(out: Output, job: Job) -> None:
    progress = job.progress
    out.line(f"{progress.done} of {progress.total} done; the others wait: {progress.waiting_for}")
    out.line(f"`ytarchive serve` or `ytarchive jobs watch {job.id}` continues.")


def _left(job_ids: Sequence[str]) -> NoReturn:
    raise Stopped(
        "the command that used the archive has ended before the job",
        remedy=_resume_hint(job_ids),
        code=Cancelled.code,
    )


def _stopped(archive: Archive, out: Output, job_ids: Sequence[str]) -> NoReturn:
    """Return the message about the jobs after an interrupt."""
    which = "the job" if len(job_ids) == 1 else "the jobs"
    if archive.url is not None:
        message = f"no longer watching; the server at {archive.url} continues {which}"
    else:
        out.remark("Stopping; a second Ctrl-C stops at once.")
        message = f"{which} and fetched files are kept"
    raise Stopped(message, remedy=_resume_hint(job_ids), code=Cancelled.code)


def _resume_hint(job_ids: Sequence[str]) -> str:
    commands = ", ".join(f"`ytarchive jobs watch {job_id}`" for job_id in job_ids)
    return f"To continue: {commands}."


async def _mention_unfinished(archive: Archive, out: Output, job_ids: Sequence[str]) -> None:
    """Mention unfinished earlier jobs, which no server works on."""
    if archive.url is not None or archive.has_owner is not None:
        return
    others = [job.id for job in await open_jobs(archive) if job.id not in job_ids]
    if others:
        several = "job is" if len(others) == 1 else "jobs are"
        out.remark(
            f"{len(others)} earlier {several} not finished: `ytarchive serve` works on all, "
            f"`ytarchive jobs watch {others[0]}` on the first."
        )
