"""Storage: the archive on disk, its index, and the work plans."""

from ytarchive.storage.api import (
    ExistsRequest,
    SaveMetadata,
    SavePlaylist,
    SaveVideo,
    StorageAPI,
    StorageLocation,
    StorageStats,
    StoredVideos,
    VideoExists,
)
from ytarchive.storage.identity.opening import Initialized, initialize, open_identity
from ytarchive.storage.identity.standing import Access
from ytarchive.storage.plan_models import (
    FailedDownload,
    PlanEntry,
    UnavailableVideo,
    WorkPlan,
    WorkPlanQuery,
    WorkPlanRequest,
)
from ytarchive.storage.query_models import (
    FoundVideo,
    Hit,
    HitField,
    SearchQuery,
    SearchResults,
    SortOrder,
    StoredVideo,
    VideoQuery,
    VideoSort,
)
from ytarchive.storage.rebuild import Rebuilt, rebuild_library
from ytarchive.storage.verify.models import (
    Finding,
    FindingKind,
    FindingQuery,
    Verification,
    VerifyMode,
    VerifyRequest,
    VerifyState,
)

__all__ = [
    "Access",
    "ExistsRequest",
    "FailedDownload",
    "Finding",
    "FindingKind",
    "FindingQuery",
    "FoundVideo",
    "Hit",
    "HitField",
    "Initialized",
    "PlanEntry",
    "Rebuilt",
    "SaveMetadata",
    "SavePlaylist",
    "SaveVideo",
    "SearchQuery",
    "SearchResults",
    "SortOrder",
    "StorageAPI",
    "StorageLocation",
    "StorageStats",
    "StoredVideo",
    "StoredVideos",
    "UnavailableVideo",
    "Verification",
    "VerifyMode",
    "VerifyRequest",
    "VerifyState",
    "VideoExists",
    "VideoQuery",
    "VideoSort",
    "WorkPlan",
    "WorkPlanQuery",
    "WorkPlanRequest",
    "initialize",
    "open_identity",
    "rebuild_library",
]
