"""Storage: the archive on disk, its index, and the work plans."""

from ytarchive.storage.adopt.api import AdoptionAPI
from ytarchive.storage.adopt.models import (
    AdoptedFile,
    AdoptedFileQuery,
    Adoption,
    AdoptMethod,
    AdoptRequest,
    Outcome,
    UndescribedVideos,
)
from ytarchive.storage.api import StorageAPI
from ytarchive.storage.bins.models import (
    BinName,
    Emptied,
    EmptyTrash,
    Restored,
    RestoreItem,
    TrashedFile,
    TrashItem,
    TrashQuery,
)
from ytarchive.storage.channels.api import ChannelsAPI
from ytarchive.storage.channels.models import SaveChannel, StoredChannel
from ytarchive.storage.content.api import ContentAPI, VideoFile
from ytarchive.storage.export.api import ExportAPI
from ytarchive.storage.export.models import (
    ExportedFile,
    ExportedVideo,
    ExportFormat,
    ExportQuery,
    WrittenBag,
)
from ytarchive.storage.export.writing import open_export, write_bag
from ytarchive.storage.feeds.api import FeedsAPI
from ytarchive.storage.feeds.models import (
    AddPodcastFeed,
    FeedKind,
    PodcastFeed,
    PodcastFeedAddress,
    PodcastFeedQuery,
    RemovedPodcastFeed,
    RotatePodcastFeed,
)
from ytarchive.storage.feeds.repository import SCHEMA as FEEDS_SCHEMA
from ytarchive.storage.feeds.service import FeedSettings
from ytarchive.storage.history.api import HistoryAPI
from ytarchive.storage.history.comparing import Verdict
from ytarchive.storage.history.models import (
    FieldChange,
    HistoryEntry,
    HistoryKind,
    VideoHistory,
    VideoVersion,
)
from ytarchive.storage.history.records import availability_history
from ytarchive.storage.identity.folder_state import Access, lost_library
from ytarchive.storage.identity.opening import Initialized, initialize, is_creatable, open_identity
from ytarchive.storage.identity.state import lost_queue
from ytarchive.storage.intake.models import FormedVideo, FormVideo
from ytarchive.storage.library.existence import ExistsRequest, StoredVideos
from ytarchive.storage.library.models import (
    SaveMetadata,
    SavePlaylist,
    SaveVideo,
    SortOrder,
    StorageLocation,
    StorageStats,
    StoredVideo,
    VideoExists,
    VideoQuery,
    VideoSort,
)
from ytarchive.storage.library.repository import SCHEMA as LIBRARY_SCHEMA
from ytarchive.storage.maintenance.marks import restore_marks
from ytarchive.storage.maintenance.rebuild import Rebuilt, rebuild_library
from ytarchive.storage.marks.api import MarksAPI
from ytarchive.storage.marks.download_archive import ArchiveLines, read_download_archive
from ytarchive.storage.marks.models import (
    KnownMarked,
    KnownVideos,
    MarkedVideo,
    MarksQuery,
    VideoMarks,
)
from ytarchive.storage.refreshes.api import RefreshesAPI
from ytarchive.storage.refreshes.models import (
    DueQuery,
    DueRefreshes,
    LostQuery,
    LostVideo,
    RecordedRefresh,
    RefreshAnswer,
    UsedBudget,
)
from ytarchive.storage.search.api import SearchAPI
from ytarchive.storage.search.index import SCHEMA as SEARCH_SCHEMA
from ytarchive.storage.search.models import FoundVideo, Hit, HitField, SearchQuery, SearchResults
from ytarchive.storage.store.background import PassState
from ytarchive.storage.store.local import LocalMediaStore
from ytarchive.storage.store.media_store import FileKind, FileState, MediaStore
from ytarchive.storage.trash.api import TrashAPI
from ytarchive.storage.trash.models import Removed, RemovedVideo, RemoveVideos
from ytarchive.storage.verify.api import VerificationAPI
from ytarchive.storage.verify.models import (
    Finding,
    FindingKind,
    FindingQuery,
    Verification,
    VerifyMode,
    VerifyRequest,
)
from ytarchive.storage.views.api import ViewsAPI
from ytarchive.storage.views.models import (
    AddView,
    LinkMethod,
    RemovedView,
    SyncView,
    View,
    ViewPolicy,
    Views,
    ViewSync,
)
from ytarchive.storage.views.repository import SCHEMA as VIEWS_SCHEMA
from ytarchive.storage.work_plans.api import WorkPlansAPI
from ytarchive.storage.work_plans.models import (
    FailedDownload,
    PlanEntry,
    UnavailableVideo,
    WorkPlan,
    WorkPlanQuery,
    WorkPlanRequest,
)
