"""Runs the queue: so many videos at a time, each of them once, whatever the number of jobs."""

import asyncio
from collections.abc import Callable

from loguru import logger

from ytarchive.common.config import JobsConfig
from ytarchive.common.errors import Postponed, Unavailable, YTArchiveError
from ytarchive.common.faults import as_error
from ytarchive.common.telemetry import VIDEOS
from ytarchive.common.tracing import trace
from ytarchive.jobs.governor.permit import Permit
from ytarchive.jobs.guards.guards import Guards
from ytarchive.jobs.processing.flights import Flight, key_of
from ytarchive.jobs.processing.video_flow import Archived, VideoFlow, spared
from ytarchive.jobs.queue.failures import count_failure
from ytarchive.jobs.queue.models import JobResult, JobType, ResultStatus
from ytarchive.jobs.queue.policy import Action, condition_of, decide, is_an_answer
from ytarchive.jobs.queue.queue import Queue
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.rows import DueVideo, Outcome
from ytarchive.jobs.queue.surroundings import Surroundings

log = logger.bind(service="jobs")

_HISTORY = 10


class Runner:
    """Takes videos from the queue, sends them through the flow, and stores what became of them."""

    def __init__(
        self,
        repository: JobsRepository,
        queue: Queue,
        flow: VideoFlow,
        guards: Guards,
        surroundings: Surroundings,
        settings: JobsConfig,
        places: int,
    ) -> None:
        self._repository = repository
        self._queue = queue
        self._flow = flow
        self._guards = guards
        self._surroundings = surroundings
        self._settings = settings
        self._places = asyncio.Semaphore(places)
        self._flights: dict[tuple[bool, str], Flight] = {}
        self.on_result: Callable[[DueVideo, ResultStatus], None] = lambda *_: None
        self.on_idle_job: Callable[[str], None] = lambda _: None

    def flights_of(self, job_id: str) -> list[Flight]:
        """What is being worked on for a job."""
        return [f for f in self._flights.values() if any(w.job.id == job_id for w in f.waiters)]

    async def turn(self) -> None:
        """Start the next video as soon as one may start and there is a place for it."""
        await self._places.acquire()
        started = False
        try:
            started = await self._start(await self._queue.next())
        finally:
            if not started:
                self._places.release()

    async def finish(self, grace: float) -> None:
        """Let what runs go on for `grace` seconds, then stop it; it stays queued."""
        tasks = [flight.task for flight in self._flights.values() if flight.task]
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def abandon(self, job_id: str) -> None:
        """Stop what only this job waits for."""
        stopped = []
        for flight in self.flights_of(job_id):
            for waiter in [w for w in flight.waiters if w.job.id == job_id]:
                flight.waiters.remove(waiter)
                self._queue.returned(waiter)
            if not flight.waiters and flight.task is not None:
                flight.task.cancel()
                stopped.append(flight.task)
        await asyncio.gather(*stopped, return_exceptions=True)

    async def _start(self, video: DueVideo) -> bool:
        """Start a video, or let it wait for another job's; whether it took the place."""
        permit = await self._admitted(video)
        if permit is None:
            return False
        # Known before anything is asked, so that whoever cancels the job meanwhile finds it.
        flight = Flight(video, permit, waiters=[video], title=video.title)
        self._flights[key_of(video)] = flight
        try:
            await self._mark_started(flight)
        except BaseException:
            self._give_back(flight)
            raise
        if not flight.waiters:
            self._give_back(flight)
            return False
        flight.task = asyncio.create_task(self._fly(flight), name=f"video {video.video_id}")
        # A task that is cancelled before its first step runs no `finally`.
        flight.task.add_done_callback(lambda _: self._landed(flight))
        return True

    async def _admitted(self, video: DueVideo) -> Permit | None:
        """Wait until a video may start; None if it joined the same video of another job."""
        if self._join(video):
            return None
        try:
            if video.job.type is JobType.METADATA_ONLY:
                await self._guards.disk.admit_archive()
            else:
                await self._guards.disk.admit()
            permit = await self._guards.governor.admit(source=video.video_id, queued=True)
        except BaseException:
            self._queue.returned(video)
            raise
        if self._join(video):
            self._guards.governor.leave(permit)
            return None
        return permit

    async def _mark_started(self, flight: Flight) -> None:
        """The job runs now; unless the video was cancelled while it waited."""
        video = flight.video
        was_touched = video.generation != self._queue.generation
        if was_touched and not await self._repository.is_queued(video):
            if video in flight.waiters:
                flight.waiters.remove(video)
            self._queue.returned(video)
        elif await self._queue.states.started(video.job):
            self._queue.refresh(video.job.id)

    def _join(self, video: DueVideo) -> bool:
        flight = self._flights.get(key_of(video))
        if flight is None:
            return False
        flight.waiters.append(video)
        with trace(video.job.trace_id):
            log.info(
                "{}: is being archived already, for job {}", video.video_id, flight.video.job.id
            )
        return True

    async def _fly(self, flight: Flight) -> None:
        name, supervisor = f"the result of {flight.video.video_id}", self._guards.supervisor
        try:
            with trace(flight.video.job.trace_id):
                outcome = await self._attempt(flight)
                await self._tell_others(outcome, flight)
                # A waiter may join until the flight is gone from the table.
                del self._flights[key_of(flight.video)]
                for waiter in flight.waiters:
                    with trace(waiter.job.trace_id):
                        await self._record(waiter, outcome)
                    if self._guards.hold_everything and not self.flights_of(waiter.job.id):
                        await self._queue.states.held(waiter.job)
        except Exception as error:  # of whatever class: the video stays queued, and is tried again
            flight.pause = supervisor.failed(name, error, flight.video.job.id)
        else:
            supervisor.succeeded(name)

    def _landed(self, flight: Flight) -> None:
        waiters = flight.waiters
        if flight.pause:
            flight.waiters = []
            loop = asyncio.get_running_loop()
            loop.call_later(flight.pause, self._return_all, waiters)
        self._give_back(flight)
        self._places.release()

    def _return_all(self, waiters: list[DueVideo]) -> None:
        for waiter in waiters:
            self._queue.returned(waiter)

    def _give_back(self, flight: Flight) -> None:
        self._guards.governor.leave(flight.permit)
        if self._flights.get(key_of(flight.video)) is flight:
            del self._flights[key_of(flight.video)]
        self._return_all(flight.waiters)

    async def _attempt(self, flight: Flight) -> Archived | YTArchiveError:
        video = flight.video
        try:
            if flight.permit.is_probe:
                await self._flow.probe(video.video_id)
                await self._guards.governor.succeeded(flight.permit)
            if video.job.type is JobType.METADATA_ONLY:
                options = video.job.options
                not_before = video.job.created_at if options.refresh_metadata else None
                return await self._flow.describe_only(video.video_id, options.filter, not_before)
            return await self._flow.archive(video, flight.describe)
        except YTArchiveError as error:
            return await self._guards.disk.cause_of(error)
        except Exception as error:  # a fault of ours must not stop the queue
            log.exception("{}: unexpected failure", video.video_id)
            return await self._guards.disk.cause_of(as_error(error))

    async def _tell_others(self, outcome: Archived | YTArchiveError, flight: Flight) -> None:
        governor, video_id = self._guards.governor, flight.video.video_id
        if isinstance(outcome, YTArchiveError):
            count_failure(outcome)
            if is_an_answer(outcome):
                await governor.succeeded(flight.permit)
            else:
                await governor.failed(outcome, video_id, flight.permit)
            if isinstance(outcome, Unavailable):
                await self._guards.ledger.seen_unavailable(video_id, outcome)
        elif outcome.result.status is ResultStatus.SUCCESS:
            await governor.succeeded(flight.permit)

    async def _record(self, video: DueVideo, outcome: Archived | YTArchiveError) -> None:
        if isinstance(outcome, YTArchiveError):
            await self._record_failure(video, outcome)
        else:
            attempts = video.attempts + (outcome.result.status is ResultStatus.SUCCESS)
            result = outcome.result.model_copy(update={"attempts": attempts})
            log.info("{}: {}", video.video_id, result.status)
            await self._store(video, Outcome(result, result.reason, [], outcome.title))

    async def _record_failure(self, video: DueVideo, error: YTArchiveError) -> None:
        failures = video.attempts + 1
        history = [*await self._repository.errors(video), error.detail()][-_HISTORY:]
        decision = decide(
            error,
            failures,
            video.job.options.max_retries,
            self._settings,
            explained=self._guards.explain(error),
            listed=video.job.playlist_id is not None,
            alike=sum(each.code == error.code for each in history),
        )
        log.warning("{}: {} ({})", video.video_id, error.message, decision.action)
        if decision.action in {Action.RETRY, Action.WAIT} and decision.until is not None:
            attempts = failures if decision.action is Action.RETRY else video.attempts
            await self._repository.postpone(video, attempts, decision.until, error.reason, history)
            return
        if decision.action is not Action.CANCEL and await self._spare(video, error):
            return
        is_early = isinstance(error, Postponed)
        if isinstance(error, Postponed):
            await self._guards.ledger.seen_postponed(video.video_id, error, decision.until)
        result = JobResult(
            video_id=video.video_id,
            status=_RESULTS[decision.action],
            message=error.message,
            error_code=error.code,
            attempts=video.attempts if is_early else failures,
        )
        await self._store(
            video,
            Outcome(
                result,
                error.reason or "unknown",
                history,
                waits_for=await self._surroundings.park(condition_of(error)),
                retry_after=decision.until,
            ),
        )

    async def _spare(self, video: DueVideo, error: YTArchiveError) -> bool:
        """Do not let a video fail that is stored, because what it lacked is still missing."""
        if video.job.type is JobType.METADATA_ONLY:
            return False
        stored = await self._flow.stored(video.video_id, video.job.options)
        if stored is None:
            return False
        await self._store(video, Outcome(spared(stored, error), None, []))
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
