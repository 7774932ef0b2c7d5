"""The summary of a job at its end."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from rich.text import Text

from ytarchive.cli.output import STYLES, Output, cell, size, status_cell, table
from ytarchive.cli.tables import Rows
from ytarchive.cli.text import shortened
from ytarchive.cli.times import local_times
from ytarchive.common.errors import YTArchiveError, error_for_code
from ytarchive.discovery import Archive
from ytarchive.jobs import Job, JobResult, JobStatus, JobType, ResultStatus
from ytarchive.storage import FailedDownload, UnavailableVideo, WorkPlansAPI

MAX_ROWS = 50
_GOOD = (ResultStatus.SUCCESS, ResultStatus.SKIPPED)


def has_failures(job: Job) -> bool:
    """Return whether a video failed that was not in the work plan before the job."""
    if job.status is not JobStatus.COMPLETED or job.error:
        return True
    progress = job.progress
    missing = progress.failed + progress.unavailable + progress.cancelled
    new = any(result.status not in _GOOD and not result.failed_before for result in job.results)
    return new or missing > progress.failed_before


def _is_incomplete(job: Job) -> bool:
    """Return whether a video of the job is not in the archive."""
    return has_failures(job) or any(result.status not in _GOOD for result in job.results)


def state_cell(job: Job) -> Text:
    """Return a job's status for display, with the number of missing videos."""
    missing = job.progress.failed + job.progress.unavailable
    shown = f"{job.status}, {missing} missing" if missing else job.status
    return cell(
        shown, "yellow" if missing and job.status is JobStatus.COMPLETED else STYLES[job.status]
    )


async def summarise(archive: Archive, out: Output, job: Job, titles: dict[str, str]) -> None:
    """Print the result of a job, the missing videos with reasons, and the paths."""
    if out.as_json:
        return
    rows = _notable_results(job)
    if rows:
        known = titles | await titles_of(archive, job, [row.video_id for row in rows])
        out.print(results_table(rows, known))
    missing = sum(1 for result in job.results if result.status not in _GOOD)
    if missing > len(rows):
        out.line(f"… and {missing - len(rows)} more missing")
    out.line(_headline(job), STYLES[job.status])
    await _print_paths(archive, out, job)
    if _is_incomplete(job):
        _print_next_steps(out, job)


def results_table(results: Iterable[JobResult], titles: dict[str, str]) -> Rows:
    """Return the results of videos, one a line."""
    rows = (_row(result, titles) for result in results)
    return table(["RESULT", "VIDEO", "~TITLE", ">SIZE", "~/REMARK"], rows)


def _notable_results(job: Job) -> list[JobResult]:
    """Return all results of a small job; of a large job only failures and incomplete videos."""
    if len(job.results) <= 20:
        return job.results
    missing = [result for result in job.results if result.status not in _GOOD]
    remarkable = [r for r in job.results if r.status is ResultStatus.SUCCESS and r.message]
    return (missing + remarkable)[:MAX_ROWS]


def _row(result: JobResult, titles: dict[str, str]) -> list[object]:
    remark = local_times(result.message)
    if result.error_code:
        kind = error_for_code(result.error_code)
        remark = f"{kind.reason}: {remark}" if kind.reason else remark
    elif result.video_downloaded and not remark:
        remark = result.quality or ""
    stored = size(result.file_size) if result.file_size else ""
    title = shortened(titles.get(result.video_id, ""))
    return [status_cell(result.status), result.video_id, title, stored, remark]


async def titles_of(archive: Archive, job: Job, video_ids: Iterable[str]) -> dict[str, str]:
    """Return titles from the archive and the work plan, without a request to YouTube."""
    found: dict[str, str] = {}
    with suppress(YTArchiveError):
        if job.work_plan_id:
            plan = await archive.of(WorkPlansAPI).get_work_plan(job.work_plan_id)
            left: list[UnavailableVideo | FailedDownload]
            left = [*plan.unavailable_videos, *plan.failed_downloads]
            found = {video.video_id: video.title for video in left if video.title}

    async def look_up(video_id: str) -> None:
        with suppress(YTArchiveError):
            found[video_id] = (await archive.storage.get_metadata(video_id)).title

    await asyncio.gather(*(look_up(each) for each in video_ids if each not in found))
    return found


def _headline(job: Job) -> str:
    progress = job.progress
    if job.status is JobStatus.CANCELLED:
        return f"Cancelled; {progress.succeeded} of {progress.total} had been stored."
    kept = [r for r in job.results if r.status is ResultStatus.SKIPPED and r.video_downloaded]
    if progress.total == len(kept) == 1:
        return f"Downloaded, but {local_times(kept[0].message)}."
    left_out = sum(result.reason == "filtered" for result in job.results)
    if progress.total and progress.skipped == progress.total and not kept and not left_out:
        return "Already in the archive: nothing was downloaded."
    counts = [
        (progress.succeeded, "described" if job.type is JobType.METADATA_ONLY else "stored"),
        (len(kept), "downloaded, but the stored copy was kept because it is better"),
        (progress.skipped - len(kept) - left_out, "already in the archive"),
        (left_out, "excluded by the filter"),
        (progress.unavailable, "unavailable"),
        (progress.failed, "failed"),
        (progress.cancelled, "cancelled"),
        (progress.known, "known before"),
    ]
    counted = ", ".join(f"{count} {what}" for count, what in counts if count)
    sentences = [
        f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in (job.error, counted) if text
    ]
    return " ".join(sentences) or "There were no videos to archive."


async def _print_paths(archive: Archive, out: Output, job: Job) -> None:
    good = [result.video_id for result in job.results if result.status in _GOOD]
    if len(good) == 1:
        location = (await archive.storage.video_exists(good[0])).location
        if location is not None:
            out.line(f"Archive: {location.video_path or location.metadata_path}")
            return
    if good:
        out.line(f"Archive: {(await archive.storage.get_stats()).base_path}")


def _print_next_steps(out: Output, job: Job) -> None:
    """Print the remedy of each kind of failure, once, and the next commands."""
    failed = {r.error_code for r in job.results if r.status is ResultStatus.FAILED}
    for code in sorted(filter(None, failed)):
        out.line(error_for_code(code).remedy)
    if job.work_plan_id:
        out.line(f"Work plan: `ytarchive workplan show {job.work_plan_id}`")
    out.line(f"To retry the missing videos: `ytarchive jobs retry {job.id}`")
