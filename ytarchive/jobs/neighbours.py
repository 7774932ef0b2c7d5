"""The services that Jobs calls."""

from dataclasses import dataclass

from ytarchive.download import DownloadAPI
from ytarchive.metadata import MetadataAPI
from ytarchive.storage import StorageAPI


@dataclass(frozen=True)
class Neighbours:
    """In this process or another: Jobs cannot tell."""

    metadata: MetadataAPI
    download: DownloadAPI
    storage: StorageAPI
