"""Contract and models of the Storage service."""

from typing import Any, ClassVar, Protocol

from pydantic import Field, model_validator

from ytarchive.common.contract import ServiceContract, endpoint
from ytarchive.common.identifiers import CaptionLanguages, OpaqueId, VideoId
from ytarchive.common.media import PlaylistMetadata, SideFiles, VideoMetadata
from ytarchive.common.models import Done, Model, Page, UtcDatetime
from ytarchive.common.services import ServiceName
from ytarchive.storage.library.query_models import (
    SearchQuery,
    SearchResults,
    StoredVideo,
    VideoQuery,
)
from ytarchive.storage.verify.models import Finding, FindingQuery, Verification, VerifyRequest
from ytarchive.storage.work_plans.models import PlanEntry, WorkPlan, WorkPlanQuery, WorkPlanRequest


class StorageLocation(Model):
    """Where a video lies. Paths are absolute; what is not stored is null."""

    video_id: str
    video_path: str | None = None
    metadata_path: str
    has_metadata: bool = Field(default=True, description="Whether there is a file at that path")
    thumbnail_path: str | None = None
    captions_dir: str | None = None
    size_bytes: int = Field(default=0, description="All files of the video")
    stored_at: UtcDatetime
    quality: str | None = Field(default=None, description="What was fetched, as `720p`")
    missing: SideFiles = Field(
        default=[], description="What YouTube did not give; the next download asks for it again"
    )
    damaged: list[str] = Field(
        default=[], description="Files that are damaged, by `verify`; relative to the archive"
    )
    captions: list[str] = Field(default=[], description="Languages of the stored captions")
    due_captions: list[str] = Field(
        default=[], description="Languages that YouTube did not have, due to be looked for again"
    )
    kept_reason: str | None = Field(
        default=None, description="Why a download did not replace the stored file, if it did not"
    )


class SaveMetadata(Model):
    """A video's metadata; the bare model is accepted too."""

    metadata: VideoMetadata

    @model_validator(mode="before")
    @classmethod
    def _wrapped(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if "metadata" in data:
            return {name: value for name, value in data.items() if name != "video_id"}
        return {"metadata": data}


class SavePlaylist(Model):
    """A playlist's metadata, as it was listed: whole, or in parts while it is being listed."""

    playlist: PlaylistMetadata
    draft: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="Gathers a long list over several calls; position 0 begins it anew",
    )
    unfinished: bool = Field(
        default=False, description="More of the draft follows; the last call writes the file"
    )
    newest_only: bool = Field(
        default=False,
        description="Entries that only the stored file has follow these, which are newer",
    )


class SaveVideo(Model):
    """A finished video to take in: a folder of staged files, or a file already in the archive."""

    video_id: VideoId
    staged_path: str | None = Field(
        default=None, description="Folder in staging; its files move to their place at once"
    )
    video_path: str | None = Field(
        default=None, description="A media file inside the archive, registered where it lies"
    )
    output_path: str | None = Field(
        default=None,
        description="Folder inside the archive that gets the video's folder; default "
        "`storage.videos_dir`",
    )
    quality: str | None = None
    only_missing: SideFiles = Field(
        default=[],
        description="The folder has no media: of these, which the stored video lacks, it has what "
        "there is; it goes where the media is",
    )
    missing: SideFiles = Field(
        default=[], description="What YouTube has and did not give, to be asked for again"
    )
    absent_captions: CaptionLanguages = Field(
        default=[],
        description="Languages that were requested and that YouTube does not have at present",
    )
    replace: bool = Field(
        default=False,
        description="Accept a file that is worse than the stored one; audio never replaces a video",
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> "SaveVideo":
        if (self.staged_path is None) == (self.video_path is None):
            raise ValueError("give either staged_path or video_path")
        if self.only_missing and self.staged_path is None:
            raise ValueError("only_missing needs staged_path")
        return self


class VideoExists(Model):
    """Whether a video is stored. `exists` means its media file; metadata may be there alone."""

    video_id: str
    exists: bool
    location: StorageLocation | None = None


class ExistsRequest(Model):
    """Many videos to look for."""

    video_ids: list[VideoId] = Field(max_length=10_000)
    caption_languages: CaptionLanguages = Field(
        default=[],
        description="A video that lacked one of these counts as incomplete when it is due to be "
        "looked for again",
    )
    look_again: bool = Field(
        default=False, description="A video without captions in one of these is incomplete now"
    )


class StoredVideos(Model):
    """Those of the videos asked for that are stored."""

    video_ids: list[str]
    incomplete: list[str] = Field(
        default=[],
        description="Those of them that lack what YouTube did not give, or captions that are due "
        "to be looked for again",
    )
    undescribed: list[str] = Field(
        default=[], description="Those of them whose metadata is not stored"
    )
    unreachable: list[str] = Field(
        default=[],
        description="Registered videos whose files cannot be looked at now, as on a stale share: "
        "whether they are stored is not known",
    )


class StorageStats(Model):
    """What the archive holds; kept as counters, so it costs the same at any size."""

    total_videos: int = Field(description="Videos whose media file is stored")
    incomplete_videos: int = Field(
        default=0, description="Those of them that lack captions or thumbnail YouTube did not give"
    )
    total_metadata: int = Field(description="Videos whose metadata is stored")
    total_playlists: int
    total_files: int = Field(description="Files of stored videos, lists of digests included")
    total_size_bytes: int = Field(description="Bytes of these files")
    work_plans: int
    search_pending: int = Field(
        default=0, description="Videos that the search index does not have yet, or not as they are"
    )
    base_path: str
    free_bytes: int = Field(description="Free space on the archive's file system")
    capacity_bytes: int
    min_free_bytes: int = Field(default=0, description="Space that downloads must leave free")
    is_low_on_space: bool = Field(
        default=False, description="Whether less than that is free, so that none may start"
    )


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

        Raises Conflict when a part does not follow those before: the draft was lost by a restart.
        """
        ...

    @endpoint("POST /storage/save/video", status=201)
    async def save_video(self, request: SaveVideo) -> StorageLocation:
        """Take in a finished video: checksums, sync, rename, registration, in this order.

        Raises PathOutsideArchive, NotFound, IntegrityFailure (the download is not finished),
        DiskFull, NotWritable or FileFailure. It may be repeated.
        """
        ...

    @endpoint("GET /storage/exists/{video_id}")
    async def video_exists(self, video_id: VideoId) -> VideoExists:
        """Whether a video is stored, and where."""
        ...

    @endpoint("POST /storage/exists")
    async def videos_exist(self, request: ExistsRequest) -> StoredVideos:
        """Which of many videos are stored."""
        ...

    @endpoint("GET /storage/videos")
    async def list_videos(self, request: VideoQuery) -> Page[StoredVideo]:
        """Stored videos, sorted and filtered.

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
        """A video's stored metadata. Raises NotFound."""
        ...

    @endpoint("POST /storage/work-plan", status=201)
    async def create_work_plan(self, request: WorkPlanRequest) -> WorkPlan:
        """Make a work plan, or extend the one that the list or else the job has.

        Raises NotFound for an unknown `plan_id`, Conflict if the job has another plan.
        """
        ...

    @endpoint("GET /storage/work-plans")
    async def list_work_plans(self, request: WorkPlanQuery) -> Page[PlanEntry]:
        """All work plans, newest first."""
        ...

    @endpoint("GET /storage/work-plans/{plan_id}")
    async def get_work_plan(self, plan_id: OpaqueId) -> WorkPlan:
        """One work plan. Raises NotFound."""
        ...

    @endpoint("GET /storage/stats")
    async def get_stats(self) -> StorageStats:
        """What the archive holds."""
        ...

    @endpoint("POST /storage/verify", status=202)
    async def start_verification(self, request: VerifyRequest) -> Verification:
        """Begin to verify what is stored, or go on where the last run ended.

        Raises Conflict if a verification is running.
        """
        ...

    @endpoint("GET /storage/verify")
    async def get_verification(self) -> Verification:
        """How far the verification is, and how much it found."""
        ...

    @endpoint("GET /storage/verify/findings")
    async def list_findings(self, request: FindingQuery) -> Page[Finding]:
        """What is not as it was stored, ordered by path."""
        ...

    @endpoint("POST /storage/verify/cancel")
    async def cancel_verification(self) -> Verification:
        """Stop the verification; the next run goes on from there. Raises Conflict if none runs."""
        ...
