"""All contracts of a server with all services."""

from ytarchive.common.contract import Contract
from ytarchive.download import DownloadAPI, DownloadListener, StagingAPI
from ytarchive.jobs import (
    AvailabilityAPI,
    EventsAPI,
    GovernorAPI,
    JobResultsAPI,
    JobsAPI,
    PermitsAPI,
    RegistryAPI,
    RepairsAPI,
    ScheduleAPI,
    ShortIdsAPI,
)
from ytarchive.logging import LoggingAPI
from ytarchive.maintenance import MaintenanceAPI
from ytarchive.metadata import MetadataAPI
from ytarchive.storage import (
    ContentAPI,
    HistoryAPI,
    MarksAPI,
    SearchAPI,
    StorageAPI,
    TrashAPI,
    VerificationAPI,
    WorkPlansAPI,
)

CONTRACTS: tuple[type[Contract], ...] = (
    JobsAPI,
    JobResultsAPI,
    ShortIdsAPI,
    RepairsAPI,
    GovernorAPI,
    PermitsAPI,
    AvailabilityAPI,
    RegistryAPI,
    ScheduleAPI,
    EventsAPI,
    DownloadListener,
    MetadataAPI,
    DownloadAPI,
    StagingAPI,
    StorageAPI,
    SearchAPI,
    WorkPlansAPI,
    VerificationAPI,
    TrashAPI,
    HistoryAPI,
    ContentAPI,
    MarksAPI,
    MaintenanceAPI,
    LoggingAPI,
)
