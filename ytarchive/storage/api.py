"""Contract of the Storage service."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import ServiceContract, endpoint
from ytarchive.common.identifiers import OpaqueId, VideoId
from ytarchive.common.media import VideoMetadata
from ytarchive.common.models import Done, Page
from ytarchive.common.services import ServiceName
from ytarchive.storage.library.models import (
    ExistsRequest,
    SaveMetadata,
    SavePlaylist,
    SaveVideo,
    StorageLocation,
    StorageStats,
    StoredVideo,
    StoredVideos,
    VideoExists,
    VideoQuery,
)
from ytarchive.storage.search.models import SearchQuery, SearchResults
from ytarchive.storage.verify.models import Finding, FindingQuery, Verification, VerifyRequest
from ytarchive.storage.work_plans.models import PlanEntry, WorkPlan, WorkPlanQuery, WorkPlanRequest


class StorageAPI(ServiceContract, Protocol):
    """The archive on disk, its index, and the work plans."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("POST /storage/save/metadata", status=201)
    async def save_metadata(self, request: SaveMetadata) -> StorageLocation:
        """Write a video's metadata to `metadata/videos/<id>.json`."""
        ...

    @endpoint("POST /storage/save/playlist", status=201)
    async def save_playlist(self, request: SavePlaylist) -> Done:
        """Write a playlist's metadata to `metadata/playlists/<id>.json`.

        Raises Conflict if a part does not follow the previous one: a restart lost the draft.
        """
        ...

    @endpoint("POST /storage/save/video", status=201)
    async def save_video(self, request: SaveVideo) -> StorageLocation:
        """Store a finished video: checksums, sync, rename, registration, in this order.

        The call is idempotent. Raises PathOutsideArchive, NotFound, IntegrityFailure (the download
        is not finished), DiskFull, NotWritable or FileFailure.
        """
        ...

    @endpoint("GET /storage/exists/{video_id}")
    async def video_exists(self, video_id: VideoId) -> VideoExists:
        """Return whether a video is stored, and where."""
        ...

    @endpoint("POST /storage/exists")
    async def videos_exist(self, request: ExistsRequest) -> StoredVideos:
        """Return which of the given videos are stored."""
        ...

    @endpoint("GET /storage/videos")
    async def list_videos(self, request: VideoQuery) -> Page[StoredVideo]:
        """List stored videos, sorted and filtered.

        Raises InvalidRequest for a cursor of another list.
        """
        ...

    @endpoint("GET /storage/search")
    async def search(self, request: SearchQuery) -> SearchResults:
        """Find videos by words in titles, descriptions and captions.

        Raises InvalidRequest for a cursor of another search.
        """
        ...

    @endpoint("GET /storage/metadata/{video_id}")
    async def get_metadata(self, video_id: VideoId) -> VideoMetadata:
        """Return a video's stored metadata. Raises NotFound."""
        ...

    @endpoint("POST /storage/work-plan", status=201)
    async def create_work_plan(self, request: WorkPlanRequest) -> WorkPlan:
        """Create a work plan, or extend the plan of the list or, without one, of the job.

        Raises NotFound for an unknown `plan_id`, Conflict if the job has another plan.
        """
        ...

    @endpoint("GET /storage/work-plans")
    async def list_work_plans(self, request: WorkPlanQuery) -> Page[PlanEntry]:
        """List all work plans, newest first."""
        ...

    @endpoint("GET /storage/work-plans/{plan_id}")
    async def get_work_plan(self, plan_id: OpaqueId) -> WorkPlan:
        """Return one work plan. Raises NotFound."""
        ...

    @endpoint("GET /storage/stats")
    async def get_stats(self) -> StorageStats:
        """Return the totals of the archive."""
        ...

    @endpoint("POST /storage/verify", status=202)
    async def start_verification(self, request: VerifyRequest) -> Verification:
        """Start a verification of the archive, or resume the one that the last run stopped.

        Raises Conflict if a verification is running.
        """
        ...

    @endpoint("GET /storage/verify")
    async def get_verification(self) -> Verification:
        """Return the progress of the verification and the number of findings."""
        ...

    @endpoint("GET /storage/verify/findings")
    async def list_findings(self, request: FindingQuery) -> Page[Finding]:
        """List the findings of the verification, ordered by path."""
        ...

    @endpoint("POST /storage/verify/cancel")
    async def cancel_verification(self) -> Verification:
        """Stop the verification; the next run resumes it. Raises Conflict if none is running."""
        ...
