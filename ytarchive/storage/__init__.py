"""Storage: the archive on disk, its index, and the work plans."""

from ytarchive.storage.api import (
    ExistsRequest,
    FailedDownload,
    PlanEntry,
    SaveMetadata,
    SavePlaylist,
    SaveVideo,
    StorageAPI,
    StorageLocation,
    StorageStats,
    StoredVideos,
    UnavailableVideo,
    VideoExists,
    WorkPlan,
    WorkPlanQuery,
    WorkPlanRequest,
)

__all__ = [
    "ExistsRequest",
    "FailedDownload",
    "PlanEntry",
    "SaveMetadata",
    "SavePlaylist",
    "SaveVideo",
    "StorageAPI",
    "StorageLocation",
    "StorageStats",
    "StoredVideos",
    "UnavailableVideo",
    "VideoExists",
    "WorkPlan",
    "WorkPlanQuery",
    "WorkPlanRequest",
]
