"""The services that Jobs calls."""

from dataclasses import dataclass

from ytarchive.download import DownloadAPI, StagingAPI
from ytarchive.metadata import MetadataAPI
from ytarchive.storage import HistoryAPI, StorageAPI, WorkPlansAPI


@dataclass(frozen=True)
class ServiceClients:
    """In this process or another: Jobs cannot tell."""

    metadata: MetadataAPI
    download: DownloadAPI
    storage: StorageAPI
    plans: WorkPlansAPI
    history: HistoryAPI | None = None
    """Gets evidence of availability, if it is given."""
    staging: StagingAPI | None = None
    """Is told of videos whose jobs were cancelled, if it is given."""
