"""Processes the queued videos: a limited number at a time, each once for all jobs."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from loguru import logger

from ytarchive.common.config import JobsConfig
from ytarchive.common.errors import Postponed, Unavailable, YTArchiveError
from ytarchive.common.faults import as_error
from ytarchive.common.telemetry import VIDEOS
from ytarchive.common.tracing import trace
from ytarchive.jobs.governor.circuit import MEDIA
from ytarchive.jobs.governor.models import Permit
from ytarchive.jobs.guards.guards import Guards
from ytarchive.jobs.processing.results import ActiveVideo, key_of, outcome_for, skipped_incomplete
from ytarchive.jobs.processing.video_flow import VideoFlow
from ytarchive.jobs.queue.models import JobResult, JobType, ResultStatus
from ytarchive.jobs.queue.policy import Action, condition_of, count_failure, decide, is_an_answer
from ytarchive.jobs.queue.queue import Queue
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.retry_conditions import RetryConditions
from ytarchive.jobs.queue.rows import DueVideo, Outcome, is_marked

log = logger.bind(service="jobs")


class Runner:
    """Takes videos from the queue, processes them, and stores the results."""

    def __init__(
        self,
        repository: JobsRepository,
        queue: Queue,
        flow: VideoFlow,
        guards: Guards,
        conditions: RetryConditions,
        settings: JobsConfig,
        concurrent_videos: int,
    ) -> None:
        self._repository = repository
        self._queue = queue
        self._flow = flow
        self._guards = guards
        self._conditions = conditions
        self._settings = settings
        self._slots = asyncio.Semaphore(concurrent_videos)
        self._running = 0
        self._active: dict[tuple[bool, str], ActiveVideo] = {}
        self.on_result: Callable[[DueVideo, ResultStatus], None] = lambda *_: None
        self.on_idle_job: Callable[[str], None] = lambda _: None

    def active_videos_of(self, job_id: str) -> list[ActiveVideo]:
        """Return the active videos of a job."""
        return [f for f in self._active.values() if any(w.job.id == job_id for w in f.waiters)]

    async def start_next(self) -> None:
        """Start the next due video, as soon as a slot is free."""
        await self._slots.acquire()
        started = False
        try:
            started = await self._start(await self._queue.next())
        finally:
            if not started:
                self._slots.release()

    async def finish(self, grace: float) -> None:
        """Let active videos continue for `grace` seconds, then stop them; they stay queued."""
        tasks = [active.task for active in self._active.values() if active.task]
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def cancel_work(self, job_id: str) -> None:
        """Stop the videos that only this job requests."""
        stopped = []
        for active in self.active_videos_of(job_id):
            for waiter in [w for w in active.waiters if w.job.id == job_id]:
                active.waiters.remove(waiter)
                self._queue.returned(waiter)
            if not active.waiters and active.task is not None:
                active.task.cancel()
                stopped.append(active.task)
        await asyncio.gather(*stopped, return_exceptions=True)

    async def _start(self, video: DueVideo) -> bool:
        """Start a video, or join it to the same video of another job; return whether it started."""
        permit = await self._admitted(video)
        if permit is None:
            return False
        # Registered before the first request, so that a cancellation of the job finds it.
        active = ActiveVideo(video, permit, waiters=[video], title=video.title)
        self._active[key_of(video)] = active
        try:
            await self._mark_started(active)
        except BaseException:
            self._release(active)
            raise
        if not active.waiters:
            self._release(active)
            return False
        self._running += 1
        active.task = asyncio.create_task(self._process(active), name=f"video {video.video_id}")
        # A task that is cancelled before its first step runs no `finally`.
        active.task.add_done_callback(lambda _: self._on_done(active))
        return True

    async def _admitted(self, video: DueVideo) -> Permit | None:
        """Wait until a video may start; return None if it joined the same video of another job."""
        if self._join(video):
            return None
        try:
            if video.job.type is JobType.METADATA_ONLY:
                await self._guards.disk.admit_archive()
            else:
                await self._guards.disk.admit()
            permit = await self._permit(video.video_id)
        except BaseException:
            self._queue.returned(video)
            raise
        if self._join(video):
            self._guards.governor.release(permit)
            return None
        return permit

    async def _permit(self, video_id: str) -> Permit:
        """Return a permit within the user's limits, which may change during the wait for it."""
        governor, limits = self._guards.governor, self._guards.limits
        while True:
            await limits.admit(lambda: self._running)
            permit = await governor.admit(source=video_id, queued=True)
            if await limits.admits(self._running):
                return permit
            governor.release(permit)

    async def _mark_started(self, active: ActiveVideo) -> None:
        """Set the job to RUNNING, unless the video was cancelled while it waited."""
        video = active.video
        was_touched = video.generation != self._queue.generation
        if was_touched and not await self._repository.is_queued(video):
            if video in active.waiters:
                active.waiters.remove(video)
            self._queue.returned(video)
        elif await self._queue.states.started(video.job):
            self._queue.refresh(video.job.id)

    def _join(self, video: DueVideo) -> bool:
        active = self._active.get(key_of(video))
        if active is None:
            return False
        active.waiters.append(video)
        with trace(video.job.trace_id):
            log.info(
                "{}: is being archived already, for job {}", video.video_id, active.video.job.id
            )
        return True

    async def _process(self, active: ActiveVideo) -> None:
        name, supervisor = f"the result of {active.video.video_id}", self._guards.supervisor
        try:
            with trace(active.video.job.trace_id):
                outcome = await self._attempt(active)
                await self._report_outcome(outcome, active)
                # Other jobs may join until the video is removed from the table.
                del self._active[key_of(active.video)]
                for waiter in active.waiters:
                    if (own := outcome_for(waiter, outcome, active.video)) is None:
                        continue  # it is returned to the queue
                    with trace(waiter.job.trace_id):
                        await self._record(waiter, own)
                    if self._guards.blocks_all_videos and not self.active_videos_of(waiter.job.id):
                        await self._queue.states.held(waiter.job)
        except Exception as error:  # any class of error: the video stays queued and is retried
            active.pause = supervisor.failed(name, error, active.video.job.id)
        else:
            supervisor.succeeded(name)

    def _on_done(self, active: ActiveVideo) -> None:
        waiters = active.waiters
        if active.pause:
            active.waiters = []
            loop = asyncio.get_running_loop()
            loop.call_later(active.pause, self._return_waiters, waiters)
        self._release(active)
        self._slots.release()
        self._running -= 1
        self._guards.limits.video_ended()

    def _return_waiters(self, waiters: list[DueVideo]) -> None:
        for waiter in waiters:
            self._queue.returned(waiter)

    def _release(self, active: ActiveVideo) -> None:
        self._guards.governor.release(active.permit)
        if self._active.get(key_of(active.video)) is active:
            del self._active[key_of(active.video)]
        self._return_waiters(active.waiters)

    async def _attempt(self, active: ActiveVideo) -> Outcome | YTArchiveError:
        video = active.video
        try:
            # An extraction would succeed while media are refused: then the download is the probe.
            is_about_media = self._guards.governor.snapshot().reason == MEDIA.reason
            if active.permit.is_probe and not is_about_media:
                await self._flow.probe(video.video_id)
                await self._guards.governor.succeeded(active.permit)
            return await self._flow.process(active)
        except YTArchiveError as error:
            return await self._guards.disk.cause_of(error)
        except Exception as error:  # an error of ytarchive must not stop the queue
            log.exception("{}: unexpected failure", video.video_id)
            return await self._guards.disk.cause_of(as_error(error))

    async def _report_outcome(self, outcome: Outcome | YTArchiveError, active: ActiveVideo) -> None:
        governor, video_id = self._guards.governor, active.video.video_id
        if isinstance(outcome, YTArchiveError):
            count_failure(outcome)
            if is_an_answer(outcome):
                await governor.succeeded(active.permit)
            else:
                await governor.failed(outcome, video_id, active.permit)
            if isinstance(outcome, Unavailable):
                await self._guards.ledger.seen_unavailable(video_id, outcome)
        elif outcome.result.status is ResultStatus.SUCCESS:
            await governor.succeeded(active.permit, media=outcome.result.video_downloaded)

    async def _record(self, video: DueVideo, outcome: Outcome | YTArchiveError) -> None:
        if isinstance(outcome, YTArchiveError):
            await self._record_failure(video, outcome)
        elif not (video.is_named and is_marked(outcome)):  # a video that joined late stays queued
            attempts = video.attempts + (outcome.result.status is ResultStatus.SUCCESS)
            result = outcome.result.model_copy(update={"attempts": attempts})
            log.info("{}: {}", video.video_id, result.status)
            await self._store(video, replace(outcome, result=result))

    async def _record_failure(self, video: DueVideo, error: YTArchiveError) -> None:
        failures = video.attempts + 1
        history = [*await self._repository.errors(video), error.detail()][-10:]
        decision = decide(
            error,
            failures,
            video.job.options.max_retries,
            self._settings,
            explained=self._guards.explain(error),
            listed=video.job.playlist_id is not None,
            same_code=sum(each.code == error.code for each in history),
        )
        log.warning("{}: {} ({})", video.video_id, error.message, decision.action)
        if decision.action in {Action.RETRY, Action.WAIT} and decision.until is not None:
            attempts = failures if decision.action is Action.RETRY else video.attempts
            await self._repository.postpone(video, attempts, decision.until, error.reason, history)
            return
        if decision.action is not Action.CANCEL and await self._record_as_stored(video, error):
            return
        is_early = isinstance(error, Postponed)
        if isinstance(error, Postponed):
            await self._guards.ledger.seen_postponed(video.video_id, error, decision.until)
        result = JobResult(
            video_id=video.video_id,
            status=_RESULTS[decision.action],
            message=error.message,
            error_code=error.code,
            reason=error.reason or "unknown",
            attempts=video.attempts if is_early else failures,
            retry_after=decision.until,
        )
        parked = await self._conditions.park(condition_of(error))
        await self._store(video, Outcome(result, errors=history, waits_for=parked))

    async def _record_as_stored(self, video: DueVideo, error: YTArchiveError) -> bool:
        """Record a stored video as skipped, not failed, if only its missing files failed again."""
        if video.job.type is JobType.METADATA_ONLY:
            return False
        stored = await self._flow.stored(video)
        if stored is None:
            return False
        result = skipped_incomplete(stored, video.job.options, error)
        await self._store(video, Outcome(result))
        return True

    async def _store(self, video: DueVideo, outcome: Outcome) -> None:
        stored = await self._repository.set_result(video.job.id, outcome)
        status = outcome.result.status
        VIDEOS.labels(status).inc()
        if stored.was_missing and status is ResultStatus.SUCCESS:
            await self._guards.ledger.seen_available(video.video_id)
        self.on_result(video, status)
        if stored.ends_job:
            self.on_idle_job(video.job.id)


_RESULTS = {
    Action.UNAVAILABLE: ResultStatus.UNAVAILABLE,
    Action.FAIL: ResultStatus.FAILED,
    Action.CANCEL: ResultStatus.CANCELLED,
}
