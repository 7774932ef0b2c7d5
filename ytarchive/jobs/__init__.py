"""Jobs: the durable queue, the processing of its videos, and the registry of services."""

from ytarchive.jobs.api import JobsAPI
from ytarchive.jobs.availability.api import AvailabilityAPI
from ytarchive.jobs.availability.evidence import restore_evidence
from ytarchive.jobs.availability.models import (
    Availability,
    AvailabilityQuery,
    AvailabilityState,
    RestoredAvailability,
)
from ytarchive.jobs.events.api import EventBatch, EventKind, EventQuery, EventsAPI
from ytarchive.jobs.finding.api import FoundId, ShortIdsAPI
from ytarchive.jobs.governor.api import GovernorAPI, PermitsAPI
from ytarchive.jobs.governor.models import UNLIMITED_PAUSE, GovernorState, PauseRequest
from ytarchive.jobs.origins.api import HeldVideo, HeldVideosQuery, OriginsAPI, RequestedQuery
from ytarchive.jobs.planning.api import (
    CompareList,
    KnownListsAPI,
    ListComparison,
    PrecedingVideos,
)
from ytarchive.jobs.planning.lists import PRECEDES
from ytarchive.jobs.profiles.api import NamedProfile, ProfileField, ProfilesAPI
from ytarchive.jobs.profiles.service import ProfilesService
from ytarchive.jobs.queue.filtering import Exclusion, VideoFilter
from ytarchive.jobs.queue.models import (
    FIRST_VIDEOS,
    MAX_SHOWN,
    CreateJob,
    Job,
    JobOptions,
    JobProgress,
    JobQuery,
    JobResult,
    JobStatus,
    JobType,
    JobView,
    ResultStatus,
    VideoProgress,
)
from ytarchive.jobs.queue.repository import SCHEMA as JOBS_SCHEMA
from ytarchive.jobs.registry.api import RegistryAPI
from ytarchive.jobs.registry.models import IN_PROCESS, RegisterService, ServiceRegistry
from ytarchive.jobs.repairing.api import QueuedRepairs, RepairsAPI
from ytarchive.jobs.results.api import JobResultsAPI, ResultsQuery
from ytarchive.jobs.retrying.models import RetriedJob, RetryJobs, RetryReport, RetryWorkPlans
from ytarchive.jobs.schedule.api import ScheduleAPI
