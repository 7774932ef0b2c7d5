"""Direct downloads by the rules of jobs: when they are tried again, and how they are reported."""

from collections.abc import Callable

from loguru import logger

from ytarchive.common.config import JobsConfig
from ytarchive.common.errors import Postponed, Unavailable, YTArchiveError, error_from
from ytarchive.common.telemetry import VIDEOS
from ytarchive.common.tracing import current_trace_id, new_trace_id
from ytarchive.download import DownloadEvent, DownloadRequest, DownloadStatus, Retry
from ytarchive.jobs.availability.ledger import AvailabilityLedger
from ytarchive.jobs.processing.video_flow import nothing_came, save_request
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
        self, error: YTArchiveError, failures: int, max_retries: int, alike: int
    ) -> Retry | None:
        """Return the next attempt; None to give up."""
        explained = self._explain(error)
        decision = decide(
            error, failures, max_retries, self._settings, explained=explained, alike=alike
        )
        if decision.until is None or decision.action not in {Action.RETRY, Action.WAIT}:
            return None
        return Retry(decision.until, uses_attempt=decision.action is Action.RETRY)


class DirectDownloads:
    """Takes the outcomes of downloads that no job requested."""

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

    async def finished(self, notice: DownloadEvent) -> None:
        """Store a finished video, or record a failure; repeating it changes nothing."""
        if notice.status is DownloadStatus.COMPLETED and not nothing_came(notice):
            request = notice.request
            replaces = request is not None and request.replace
            # Side files alone are named by `only_missing`: the profile's fields have no meaning.
            profile = request.profile if request and not request.only_missing else None
            await self._storage.save_video(save_request(notice, profile, replace=replaces))
        elif notice.status is DownloadStatus.FAILED and notice.task_id not in self._recorded:
            self._recorded.add(notice.task_id)
            await self._record(notice)

    async def _record(self, notice: DownloadEvent) -> None:
        """Record a failed job, so that it is listed, has a work plan and can be retried."""
        if notice.error is None or notice.request is None:
            return
        error = error_from(notice.error)
        if isinstance(error, Unavailable):
            await self._ledger.seen_unavailable(notice.video_id, error)
        trace_id = current_trace_id() or new_trace_id()
        job = await self._repository.create(_as_job(notice.request), trace_id)
        await self._repository.set_result(job.id, await self._outcome(notice, error))
        log.warning("{}: the direct download was given up: job {}", notice.video_id, job.id)
        self._job_changed(job.id)

    async def _outcome(self, notice: DownloadEvent, error: YTArchiveError) -> Outcome:
        gone = isinstance(error, Unavailable | Postponed)
        status = ResultStatus.UNAVAILABLE if gone else ResultStatus.FAILED
        VIDEOS.labels(status).inc()
        result = JobResult(
            video_id=notice.video_id,
            status=status,
            message=error.message,
            error_code=error.code,
            attempts=notice.attempts,
        )
        parked = await self._conditions.park(condition_of(error))
        return Outcome(result, error.reason or "unknown", [error.detail()], waits_for=parked)


def _as_job(request: DownloadRequest) -> CreateJob:
    """Return the job that archives what a direct download was to archive.

    A direct download fetches a stored video again, too; then the better file is kept.
    """
    given = request.model_dump(include=set(JobOptions.model_fields))
    options = JobOptions(
        **given, output_dir=request.output_path, skip_existing=bool(request.only_missing)
    )
    return CreateJob(type=JobType.VIDEO_DOWNLOAD, video_ids=[request.video_id], options=options)
