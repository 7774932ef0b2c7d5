"""The services that Jobs calls."""

from dataclasses import dataclass

from ytarchive.download import DownloadAPI, StagingAPI
from ytarchive.metadata import MetadataAPI
from ytarchive.storage import (
    AdoptionAPI,
    ChannelsAPI,
    HistoryAPI,
    MarksAPI,
    StorageAPI,
    VerificationAPI,
    WorkPlansAPI,
)


@dataclass(frozen=True)
class ServiceClients:
    """The services, in this process or another."""

    metadata: MetadataAPI
    download: DownloadAPI
    storage: StorageAPI
    plans: WorkPlansAPI
    verification: VerificationAPI
    history: HistoryAPI | None = None
    """Receives evidence of availability, if set."""
    staging: StagingAPI | None = None
    """Cleans up partial downloads of cancelled jobs, if set."""
    channels: ChannelsAPI | None = None
    """Receives the metadata of listed channels, if set."""
    adoption: AdoptionAPI | None = None
    """Lists adopted videos without metadata, if set."""
    marks: MarksAPI | None = None
    """Excludes marked videos from quality rechecks, if set."""
