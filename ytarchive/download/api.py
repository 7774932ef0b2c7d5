"""Contract and models of the Download service."""

from enum import StrEnum
from typing import ClassVar, Protocol

from pydantic import Field

from ytarchive.common.contract import Contract, ServiceContract, endpoint
from ytarchive.common.identifiers import CaptionLanguages, OpaqueId, VideoId
from ytarchive.common.models import Done, ErrorDetail, Model, Text, UtcDatetime
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.services import ServiceName
from ytarchive.common.side_files import SideFiles


class DownloadStatus(StrEnum):
    """Where a download stands."""

    QUEUED = "QUEUED"
    DOWNLOADING = "DOWNLOADING"
    MERGING = "MERGING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Return whether nothing more will happen."""
        return self in {self.COMPLETED, self.FAILED, self.CANCELLED}


class DownloadPhase(StrEnum):
    """What a running download is doing."""

    WAITING = "waiting"
    EXTRACTING = "extracting"
    VIDEO = "video"
    AUDIO = "audio"
    CAPTIONS = "captions"
    THUMBNAIL = "thumbnail"
    MERGING = "merging"
    STORING = "storing"
    DONE = "done"


_ONLY_MISSING = "Without the media: only these, which the stored video lacks"
_ABSENT = "Languages that YouTube does not have; people may add them later"
_MISSING = "What YouTube has and did not give; to be asked for again another time"


class DownloadRequest(ArchiveProfile):
    """A video to fetch, and its archive profile."""

    video_id: VideoId
    output_path: str | None = Field(
        default=None,
        max_length=1024,
        description="Folder inside the archive that receives the video's own folder; "
        "default `storage.videos_dir`",
    )
    only_missing: SideFiles = Field(
        default=[], description=f"{_ONLY_MISSING}; then the other options do not matter"
    )
    present: SideFiles = Field(
        default=[], description="With `only_missing`: what the stored video has beside its media"
    )
    sought_captions: CaptionLanguages = Field(
        default=[],
        description="Those languages of `only_missing` that YouTube did not have; for them "
        "`auto_captions` matters",
    )
    replace: bool = Field(
        default=False,
        description="Accept a file that is worse than the stored one, which is kept otherwise; "
        "audio never replaces a video",
    )
    max_retries: int = Field(
        default=3, ge=0, le=100, description="Attempts after the first; not used by jobs"
    )
    survives_restart: bool = Field(
        default=True,
        description="Taken up again after a restart of the server, under the same task id; "
        "Jobs, which asks again by itself, does without",
    )


class DownloadProgress(Model):
    """How far a download is. `progress_percent` never goes backwards."""

    task_id: str
    video_id: str
    status: DownloadStatus
    progress_percent: float = Field(description="0 to 100, over video, audio and merge")
    downloaded_bytes: int
    total_bytes: int = Field(description="0 while it is not known")
    speed: float = Field(description="Bytes a second")
    eta: int | None = Field(default=None, description="Seconds")
    error: str | None = None
    error_code: str | None = None
    attempts: int = Field(default=0, description="Failed attempts so far")
    retry_at: UtcDatetime | None = Field(default=None, description="When it is tried again")
    phase: DownloadPhase = DownloadPhase.WAITING
    quality: str | None = Field(default=None, description="What was really chosen, as `720p`")
    audio_language: str | None = Field(default=None, description="Of the sound, if it is known")
    remarks: list[str] = Field(
        default=[], description="What is not as it was asked for, as `no captions in de`"
    )
    only_missing: SideFiles = Field(default=[], description=_ONLY_MISSING)
    missing: SideFiles = Field(default=[], description=_MISSING)
    absent_captions: list[str] = Field(default=[], description=_ABSENT)


class DownloadEvent(Model):
    """What the Download service tells when a download has ended (step 7 of the video flow)."""

    task_id: str = Field(description="The `transfer_id` under which Storage takes the files")
    video_id: str
    status: DownloadStatus
    finished_at: UtcDatetime
    output_path: str | None = None
    quality: str | None = Field(default=None, description="What was really fetched, as `720p`")
    audio_language: str | None = Field(default=None, description="Of the sound, if it is known")
    downloaded_bytes: int = Field(default=0, description="Bytes that came over the network")
    remarks: list[str] = Field(
        default=[], description="What is not as it was asked for, as `no captions in de`"
    )
    only_missing: SideFiles = Field(default=[], description=_ONLY_MISSING)
    missing: SideFiles = Field(default=[], description=_MISSING)
    absent_captions: list[str] = Field(default=[], description=_ABSENT)
    error: ErrorDetail | None = None
    attempts: int = Field(default=0, description="Failed attempts of a direct download")
    request: DownloadRequest | None = Field(
        default=None, description="Of a direct download, which no job requested"
    )


class VideoFormat(Model):
    """One format that YouTube offers."""

    format_id: str
    extension: str
    quality: str | None = Field(default=None, description="As `720p`; null for audio alone")
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    audio_language: str | None = None
    is_original_sound: bool = Field(default=False, description="Whether YouTube marks it so")
    is_upscaled: bool = Field(
        default=False, description="Whether YouTube enlarged the uploaded picture"
    )
    bitrate: float | None = Field(default=None, description="kbit/s")
    size_bytes: int | None = None


class VideoFormats(Model):
    """What YouTube offers of a video."""

    video_id: str
    title: Text
    qualities: list[str] = Field(
        description="Distinct picture qualities, highest first; upscaled ones only if all are"
    )
    audio_languages: list[str] = Field(
        default=[], description="Languages of the sound, that of the original first"
    )
    formats: list[VideoFormat]
    captions: list[str] = Field(description="Languages of captions made by people")
    automatic_captions: list[str]


class DownloadAPI(ServiceContract, Protocol):
    """Fetch videos with yt-dlp."""

    service: ClassVar[ServiceName] = ServiceName.DOWNLOAD

    @endpoint("POST /download/video", status=202)
    async def start_download(self, request: DownloadRequest) -> DownloadProgress:
        """Start a download; it is stored and registered by itself when it ends well.

        While requests to YouTube are paused, it waits, QUEUED; `GET /governor` names the reason.
        """
        ...

    @endpoint("GET /download/progress/{task_id}")
    async def get_progress(self, task_id: OpaqueId) -> DownloadProgress:
        """Return how far it is, or how it ended.

        Raises NotFound: direct downloads are known for 90 days and the last thousand of them, those
        of jobs as long as the process runs.
        """
        ...

    @endpoint("POST /download/cancel/{task_id}")
    async def cancel_download(self, task_id: OpaqueId) -> DownloadProgress:
        """Stop it within two seconds. What was fetched is kept for a later resume."""
        ...

    @endpoint("GET /download/formats/{video_id}")
    async def get_formats(self, video_id: VideoId) -> VideoFormats:
        """Return what YouTube offers of a video."""
        ...


class DownloadListener(Contract, Protocol):
    """Whoever wants to hear of finished downloads; the Jobs service does."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("POST /jobs/notifications/download")
    async def download_finished(self, request: DownloadEvent) -> Done:
        """Take notice. It may come twice, or late; the effect is the same."""
        ...
