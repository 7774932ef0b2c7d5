"""Retries direct downloads by the rules of jobs, and stores their results."""

from collections.abc import Callable

from loguru import logger

from ytarchive.common.config import JobsConfig
from ytarchive.common.errors import Postponed, Unavailable, YTArchiveError, error_from
from ytarchive.common.telemetry import VIDEOS
from ytarchive.common.tracing import current_trace_id, new_trace_id
from ytarchive.download import DownloadEvent, DownloadRequest, DownloadStatus, Retry
from ytarchive.jobs.availability.service import AvailabilityLedger
from ytarchive.jobs.processing.results import has_no_new_files, save_request
from ytarchive.jobs.queue.models import CreateJob, JobOptions, JobResult, JobType, ResultStatus
from ytarchive.jobs.queue.policy import Action, condition_of, decide
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.retry_conditions import RetryConditions
from ytarchive.jobs.queue.rows import Outcome
from ytarchive.storage import StorageAPI

log = logger.bind(service="jobs")


class DirectRetries:
    """The retry policy of direct downloads: that of a job with one video."""

    def __init__(
        self, settings: JobsConfig, explain: Callable[[YTArchiveError], bool] = lambda _: False
    ) -> None:
        self._settings = settings
        self._explain = explain

    def __call__(
        self, error: YTArchiveError, failures: int, max_retries: int, same_code: int
    ) -> Retry | None:
        """Return the next attempt; None to give up."""
        explained = self._explain(error)
        decision = decide(
            error, failures, max_retries, self._settings, explained=explained, same_code=same_code
        )
        if decision.until is None or decision.action not in {Action.RETRY, Action.WAIT}:
            return None
        return Retry(decision.until, uses_attempt=decision.action is Action.RETRY)


class DirectDownloads:
    """Stores the results of downloads that no job requested."""

    def __init__(
        self,
        repository: JobsRepository,
        storage: StorageAPI,
        ledger: AvailabilityLedger,
        conditions: RetryConditions,
        job_changed: Callable[[str], None],
    ) -> None:
        self._repository = repository
        self._storage = storage
        self._ledger = ledger
        self._conditions = conditions
        self._job_changed = job_changed
        self._recorded: set[str] = set()

    async def finished(self, event: DownloadEvent) -> None:
        """Store a finished video, or record a failure. Can be repeated."""
        if event.status is DownloadStatus.COMPLETED and not has_no_new_files(event):
            request = event.request
            replaces = request is not None and request.replace
            # A request with `only_missing` ignores the profile's fields.
            profile = request.archive_profile if request and not request.only_missing else None
            await self._repository.set_requested(event.video_id)
            await self._storage.save_video(save_request(event, profile, replace=replaces))
        elif event.status is DownloadStatus.FAILED and event.task_id not in self._recorded:
            self._recorded.add(event.task_id)
            await self._record(event)

    async def _record(self, event: DownloadEvent) -> None:
        """Record a failed job, so that it is listed, has a work plan and can be retried."""
        if event.error is None or event.request is None:
            return
        error = error_from(event.error)
        if isinstance(error, Unavailable):
            await self._ledger.seen_unavailable(event.video_id, error)
        trace_id = current_trace_id() or new_trace_id()
        job = await self._repository.create(_as_job(event.request), trace_id)
        await self._repository.set_result(job.id, await self._outcome(event, error))
        log.warning("{}: the direct download was given up: job {}", event.video_id, job.id)
        self._job_changed(job.id)

    async def _outcome(self, event: DownloadEvent, error: YTArchiveError) -> Outcome:
        gone = isinstance(error, Unavailable | Postponed)
        status = ResultStatus.UNAVAILABLE if gone else ResultStatus.FAILED
        VIDEOS.labels(status).inc()
        result = JobResult(
            video_id=event.video_id,
            status=status,
            message=error.message,
            error_code=error.code,
            reason=error.reason or "unknown",
            attempts=event.attempts,
        )
        parked = await self._conditions.park(condition_of(error))
        return Outcome(result, errors=[error.detail()], waits_for=parked)


def _as_job(request: DownloadRequest) -> CreateJob:
    """Return the job that archives the same as a direct download.

    A direct download also fetches a stored video again; then the better file is kept.
    """
    given = request.model_dump(include=set(JobOptions.model_fields))
    options = JobOptions(
        **given, output_dir=request.output_path, skip_existing=bool(request.only_missing)
    )
    return CreateJob(type=JobType.VIDEO_DOWNLOAD, video_ids=[request.video_id], options=options)
