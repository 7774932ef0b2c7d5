"""The Jobs service: the API over the queue."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from time import monotonic

from loguru import logger

from ytarchive.common.config import Settings
from ytarchive.common.contract import Contract
from ytarchive.common.database import Database, Writer
from ytarchive.common.errors import Conflict, NotFound
from ytarchive.common.events import current_bus
from ytarchive.common.hosts import known_hosts
from ytarchive.common.models import Done, HealthCheck, Page
from ytarchive.common.paths import require_place_for_videos
from ytarchive.common.profiles import resolved
from ytarchive.common.scheduler import Duty, Scheduler
from ytarchive.common.supervision import Supervisor
from ytarchive.common.tracing import current_trace_id, new_trace_id, trace
from ytarchive.download import DownloadEvent, DownloadListener
from ytarchive.jobs.api import JobsAPI
from ytarchive.jobs.availability.api import AvailabilityAPI
from ytarchive.jobs.availability.service import AvailabilityLedger
from ytarchive.jobs.events.api import EventsAPI
from ytarchive.jobs.events.service import EventsService
from ytarchive.jobs.finding.api import ShortIdsAPI
from ytarchive.jobs.finding.service import ShortIdsService
from ytarchive.jobs.governor.api import GovernorAPI, PermitsAPI
from ytarchive.jobs.governor.gate import GovernedGate
from ytarchive.jobs.governor.service import GovernorService, Permits
from ytarchive.jobs.guards.clients import ServiceClients
from ytarchive.jobs.guards.guards import Guards, guards_of
from ytarchive.jobs.limits.rules import RuleLimits
from ytarchive.jobs.origins.api import OriginsAPI
from ytarchive.jobs.origins.service import OriginsService
from ytarchive.jobs.planning.api import KnownListsAPI
from ytarchive.jobs.planning.planner import Planner
from ytarchive.jobs.planning.service import KnownListsService
from ytarchive.jobs.processing.direct import DirectDownloads, DirectRetries
from ytarchive.jobs.processing.download_waiter import DownloadWaiter
from ytarchive.jobs.processing.engine import Engine, concurrent_videos
from ytarchive.jobs.processing.progress import ProgressReader
from ytarchive.jobs.processing.runner import Runner
from ytarchive.jobs.processing.video_flow import VideoFlow
from ytarchive.jobs.processing.work_plans import WorkPlanReporter
from ytarchive.jobs.profiles.api import ProfilesAPI
from ytarchive.jobs.profiles.service import ProfilesService
from ytarchive.jobs.queue.models import FIRST_VIDEOS, CreateJob, Job, JobQuery, JobView
from ytarchive.jobs.queue.policy import longest_waits
from ytarchive.jobs.queue.pruning import Pruner
from ytarchive.jobs.queue.queue import Queue
from ytarchive.jobs.queue.repository import SCHEMA, JobsRepository
from ytarchive.jobs.queue.requeueing import OpenJobs, Requeueing
from ytarchive.jobs.queue.retry_conditions import RetryConditions
from ytarchive.jobs.rechecking.rechecks import QualityRechecks
from ytarchive.jobs.registry.api import RegistryAPI
from ytarchive.jobs.registry.service import HealthProbe, Registry
from ytarchive.jobs.repairing.api import RepairsAPI
from ytarchive.jobs.repairing.service import RepairService
from ytarchive.jobs.results.api import JobResultsAPI
from ytarchive.jobs.results.service import JobResultsService
from ytarchive.jobs.retrying.models import RetryJobs, RetryReport, RetryWorkPlans
from ytarchive.jobs.retrying.parked_retries import ParkedRetryWatcher
from ytarchive.jobs.retrying.retries import Retries
from ytarchive.jobs.schedule.api import ScheduleAPI
from ytarchive.jobs.schedule.service import ScheduleService

log = logger.bind(service="jobs")


class JobsService(JobsAPI, DownloadListener):
    """Create, watch and retry archive jobs."""

    def __init__(
        self,
        database: Database,
        clients: ServiceClients,
        settings: Settings,
        guards: Guards,
        probe: HealthProbe,
        scheduler: Scheduler,
    ) -> None:
        self._started = monotonic()
        self._open_jobs: OpenJobs | None = None
        self._supervisors = [guards.supervisor]
        self._pruner = Pruner(database, clients.storage, settings.jobs.keep_days)
        self._scheduler = scheduler
        self.events: EventsAPI = EventsService(current_bus())
        self._repository = repository = JobsRepository(database)
        self._settings, self._clients, self._guards = settings, clients, guards
        self.availability: AvailabilityAPI = guards.ledger
        self.gate = GovernedGate(guards.governor)
        """The gate for requests of this process that belong to no job."""
        self.permits = Permits(self.gate)
        self._waiter = DownloadWaiter(clients.download, settings.jobs.notification_timeout)
        self.registry = Registry(database, probe, known_hosts(settings))
        self._queue = Queue(self._repository)
        flow = VideoFlow(clients, self._waiter, RuleLimits(self._repository.database))
        conditions, profiles = RetryConditions(settings.network), settings.profiles
        slots, jobs = concurrent_videos(settings), settings.jobs
        runner = Runner(self._repository, self._queue, flow, guards, conditions, jobs, slots)
        reporter = WorkPlanReporter(self._repository, clients.plans)
        planner = Planner(self._repository, clients, guards, jobs)
        parts = (repository, self._queue, planner, runner, reporter, guards)
        self._engine = Engine(*parts, clients.staging)
        self._direct = self._direct_downloads(conditions)
        requeueing = Requeueing(database, self._engine.job_changed)
        self.governor = GovernorService(guards.governor, guards.waits, requeueing, guards.current)
        self._retries = Retries(repository, requeueing, clients.plans, self.governor, profiles)
        self._repairs = RepairService(self.create_job, clients.verification, clients.adoption)
        self._parked_retries = ParkedRetryWatcher(repository, requeueing, conditions, reporter)
        self._progress = ProgressReader(repository, runner, self._waiter, clients.download, guards)

    def _direct_downloads(self, conditions: RetryConditions) -> DirectDownloads:
        changed, ledger = self._engine.job_changed, self._guards.ledger
        return DirectDownloads(self._repository, self._clients.storage, ledger, conditions, changed)

    @cached_property
    def rechecks(self) -> QualityRechecks:
        """Return what requests fresh videos again in a better quality."""
        clients, database = self._clients, self._repository.database
        parts = (clients.storage, clients.marks, self._create, self._settings)
        return QualityRechecks(database, *parts)

    @property
    def direct_retries(self) -> DirectRetries:
        """Return the retry policy of direct downloads."""
        return DirectRetries(self._settings.jobs, self._guards.explain)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings,
        state_path: Path,
        clients: ServiceClients,
        probe: HealthProbe,
        scheduler: Scheduler | None = None,
        *,
        whole_queue: bool,
    ) -> AsyncIterator["JobsService"]:
        """Open the queue and process it until the block ends.

        `whole_queue`: False processes only the jobs passed to `work_on`.
        """
        async with await Database.open(state_path / "jobs.db", SCHEMA) as database:
            guards = await guards_of(database, settings, clients)
            scheduler = scheduler or Scheduler(in_server=whole_queue)
            service = cls(database, clients, settings, guards, probe, scheduler)
            await service.registry.load()
            if not whole_queue:
                service._queue.restrict_to(set())
                service._open_jobs = OpenJobs(database)
            await service._engine.start(longest_waits(settings.jobs), scheduler)
            if whole_queue:
                service._add(service._repairs.duty)
                service._add(service.rechecks.duty)
                service._parked_retries.listen_to(guards.ledger)
                service._add(service._pruner.duty)
            service._add(service.registry.duty(settings.jobs.health_interval))
            service._add(guards.ledger.duty)
            service._add(service._parked_retries.duty)
            try:
                yield service
            finally:
                await service._engine.stop(settings.jobs.shutdown_grace)
                await guards.governor.save()

    @property
    def ledger(self) -> AvailabilityLedger:
        """Return what receives evidence of availability from packages above the services."""
        return self._guards.ledger

    def add_duties(self, duties: Iterable[Duty]) -> None:
        """Run the duties of packages above the services."""
        for duty in duties:
            self._add(duty)

    def watch(self, supervisor: Supervisor) -> None:
        """Show the problems of a package above the services in the health of Jobs."""
        self._supervisors.append(supervisor)

    def _add(self, duty: Duty) -> None:
        self._scheduler.add(duty, self._guards.supervisor)

    def subjects(self) -> Mapping[type[Contract], Contract]:
        """Return the implementations of the other contracts of Jobs."""
        return {
            JobResultsAPI: JobResultsService(self._repository),
            ShortIdsAPI: ShortIdsService(self.list_jobs, self._clients.plans),
            RepairsAPI: self._repairs,
            GovernorAPI: self.governor,
            PermitsAPI: self.permits,
            AvailabilityAPI: self.availability,
            RegistryAPI: self.registry,
            EventsAPI: self.events,
            KnownListsAPI: KnownListsService(self._repository.database),
            OriginsAPI: OriginsService(self._repository.database),
            ProfilesAPI: ProfilesService(self._settings.profiles),
            ScheduleAPI: ScheduleService(self._scheduler, self.registry),
        }

    def work_on(self, job_id: str) -> None:
        """Process a job, if not the whole queue is processed."""
        self._queue.allow(job_id)
        self._add(self._pruner.duty)

    async def create_job(self, request: CreateJob) -> Job:
        return await self._create(request)

    async def _create(
        self,
        request: CreateJob,
        title: str | None = None,
        also: Callable[[Writer], None] | None = None,
    ) -> Job:
        options = resolved(request.options, self._settings.profiles)
        request = request.model_copy(update={"options": options})
        if request.options.output_dir:
            alone = request.video_ids[0] if len(request.video_ids) == 1 else None
            require_place_for_videos(request.options.output_dir, self._settings.storage, alone)
        known = self._open_jobs and await self._open_jobs.continued(request)
        if known:
            self._engine.job_changed(known)
            return await self._found(known)
        trace_id = current_trace_id() or new_trace_id()
        job = await self._repository.create(request, trace_id, title, also)
        with trace(trace_id):
            log.debug("job {} queued: {}", job.id, request.type)
        self._engine.job_created(job)
        return job

    async def get_job(self, job_id: str, request: JobView = FIRST_VIDEOS) -> Job:
        return await self._progress.fill(await self._found(job_id, expand=request.expand))

    async def list_jobs(self, request: JobQuery) -> Page[Job]:
        page = await self._repository.page(request)
        items = [await self._progress.fill(job) for job in page.items]
        return page.model_copy(update={"items": items})

    async def retry_job(self, job_id: str) -> Job:
        job = await self._found(job_id, expand=False)
        if not job.status.is_final:
            raise Conflict(f"job {job_id} is still {job.status}")
        incomplete = job.progress.failed + job.progress.unavailable + job.progress.cancelled
        relist = job.playlist_id is not None and (job.error is not None or job.progress.listing)
        if not incomplete and not relist:
            raise Conflict(f"job {job_id} has no video to retry: all succeeded")
        if await self._repository.requeue(job_id, relist=relist) < 0:
            raise Conflict(f"job {job_id} is already being retried")
        log.info("job {} queued again", job_id)
        self._engine.job_changed(job_id)
        return await self._found(job_id)

    async def retry_jobs(self, request: RetryJobs) -> RetryReport:
        if request.job_id is not None:
            await self._found(request.job_id, expand=False)
        return await self._retries.of_jobs(request)

    async def retry_work_plans(self, request: RetryWorkPlans) -> RetryReport:
        return await self._retries.of_work_plans(request)

    async def cancel_job(self, job_id: str) -> Job:
        await self._found(job_id, expand=False)
        if not await self._repository.cancel(job_id):
            raise Conflict(f"job {job_id} has already ended")
        await self._engine.cancel_work(job_id)
        log.info("job {} cancelled", job_id)
        return await self._found(job_id)

    async def download_finished(self, request: DownloadEvent) -> Done:
        log.debug("{}: download {}", request.video_id, request.status.lower())
        if not await self._waiter.deliver(request):
            # Answered after the commit; Download stores the result until then.
            await self._direct.finished(request)
        return Done()

    async def health(self) -> HealthCheck:
        checks = {"database": await self._repository.database.is_usable()}
        problems = {
            name: problem for each in self._supervisors for name, problem in each.problems().items()
        }
        held = await self._guards.current()
        return HealthCheck.of(
            self.service,
            checks,
            since=self._started,
            problems=problems,
            waiting_for=held.message if held else None,
        )

    async def _found(self, job_id: str, *, expand: bool | None = None) -> Job:
        job = await self._repository.job(job_id, expand=expand)
        if job is None:
            raise NotFound(f"there is no job {job_id}")
        return job
