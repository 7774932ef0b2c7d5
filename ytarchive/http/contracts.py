"""All contracts of a server with all services."""

from ytarchive.common.contract import Contract
from ytarchive.download import DownloadAPI, DownloadListener, StagingAPI
from ytarchive.jobs import EventsAPI, GovernorAPI, JobResultsAPI, JobsAPI, ScheduleAPI
from ytarchive.logging import LoggingAPI
from ytarchive.metadata import MetadataAPI
from ytarchive.storage import ContentAPI, HistoryAPI, MarksAPI, StorageAPI, TrashAPI

CONTRACTS: tuple[type[Contract], ...] = (
    JobsAPI,
    JobResultsAPI,
    GovernorAPI,
    ScheduleAPI,
    EventsAPI,
    DownloadListener,
    MetadataAPI,
    DownloadAPI,
    StagingAPI,
    StorageAPI,
    TrashAPI,
    HistoryAPI,
    ContentAPI,
    MarksAPI,
    LoggingAPI,
)
