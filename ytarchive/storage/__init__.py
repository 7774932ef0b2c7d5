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
from ytarchive.storage.rebuild import Rebuilt, rebuild_library
from ytarchive.storage.space import has_room
from ytarchive.storage.verify_models import (
    Finding,
    FindingKind,
    FindingQuery,
    Verification,
    VerifyMode,
    VerifyRequest,
    VerifyState,
)

__all__ = [
    "ExistsRequest",
    "FailedDownload",
    "Finding",
    "FindingKind",
    "FindingQuery",
    "PlanEntry",
    "Rebuilt",
    "SaveMetadata",
    "SavePlaylist",
    "SaveVideo",
    "StorageAPI",
    "StorageLocation",
    "StorageStats",
    "StoredVideos",
    "UnavailableVideo",
    "Verification",
    "VerifyMode",
    "VerifyRequest",
    "VerifyState",
    "VideoExists",
    "WorkPlan",
    "WorkPlanQuery",
    "WorkPlanRequest",
    "has_room",
    "rebuild_library",
]
