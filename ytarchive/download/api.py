"""Contract and models of the Download service."""

from enum import StrEnum
from typing import Any, ClassVar, Protocol

from pydantic import Field

from ytarchive.common.contract import Contract, ServiceContract, endpoint
from ytarchive.common.identifiers import OpaqueId, VideoId
from ytarchive.common.models import Done, ErrorDetail, Model, Text, UtcDatetime
from ytarchive.common.profiles import ProfileRequest
from ytarchive.common.requested_languages import CaptionLanguages
from ytarchive.common.services import ServiceName
from ytarchive.common.side_files import SideFiles
from ytarchive.ytdlp import FormatChoice


class DownloadStatus(StrEnum):
    """The status of a download."""

    QUEUED = "QUEUED"
    DOWNLOADING = "DOWNLOADING"
    MERGING = "MERGING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Return whether the download has ended."""
        return self in {self.COMPLETED, self.FAILED, self.CANCELLED}


class DownloadPhase(StrEnum):
    """The phase of an active download."""

    WAITING = "waiting"
    EXTRACTING = "extracting"
    VIDEO = "video"
    AUDIO = "audio"
    CAPTIONS = "captions"
    THUMBNAIL = "thumbnail"
    MERGING = "merging"
    STORING = "storing"
    DONE = "done"


class DownloadRequest(ProfileRequest):
    """A video to fetch, and its archive profile."""

    video_id: VideoId
    output_path: str | None = Field(
        default=None,
        max_length=1024,
        description="Folder inside the archive that receives the video's own folder; "
        "default `storage.videos_dir`",
    )
    only_missing: SideFiles = Field(
        default=[],
        description="Fetch only these missing files of a stored video, without the media; then "
        "the other options are ignored",
    )
    present: SideFiles = Field(
        default=[], description="With `only_missing`: the side files of the stored video"
    )
    recheck_captions: CaptionLanguages = Field(
        default=[],
        description="Languages of `only_missing` that YouTube did not have before; `auto_captions` "
        "applies to them",
    )
    replace: bool = Field(
        default=False,
        description="Accept a file that is worse than the stored one, which is kept otherwise; "
        "audio never replaces a video",
    )
    max_retries: int = Field(
        default=3, ge=0, le=100, description="Attempts after the first; not used by jobs"
    )
    durable: bool = Field(
        default=True,
        description="Continue the download after a restart of the server, with the same task id; "
        "jobs repeat their requests instead",
    )


class DownloadOutcome(Model):
    """The state of a download and, after its end, its files."""

    task_id: str = Field(description="The `transfer_id` by which Storage finds the files")
    video_id: str
    status: DownloadStatus
    downloaded_bytes: int = Field(
        default=0, description="Bytes so far; in a notification, those received over the network"
    )
    quality: str | None = Field(default=None, description="The chosen quality, as `720p`")
    audio_language: str | None = Field(
        default=None, description="Language of the sound, if it is known"
    )
    remarks: list[str] = Field(
        default=[], description="Differences from the request, as `no captions in de`"
    )
    only_missing: SideFiles = Field(
        default=[], description="The requested missing files of a stored video, without the media"
    )
    missing: SideFiles = Field(
        default=[],
        description="Files that YouTube has and refused; a later download requests them again",
    )
    absent_captions: list[str] = Field(
        default=[], description="Languages that YouTube does not have at present"
    )
    attempts: int = Field(default=0, description="Failed attempts so far; of jobs always 0")

    @property
    def outcome(self) -> dict[str, Any]:
        """Return these fields, without those of a subclass."""
        return {name: getattr(self, name) for name in DownloadOutcome.model_fields}


class DownloadProgress(DownloadOutcome):
    """The progress of a download. `progress_percent` never decreases."""

    progress_percent: float = Field(description="0 to 100, over video, audio and merge")
    total_bytes: int = Field(description="0 while it is not known")
    speed: float = Field(description="Bytes per second")
    eta: int | None = Field(default=None, description="Seconds")
    error: str | None = None
    error_code: str | None = None
    retry_at: UtcDatetime | None = Field(default=None, description="When it is retried")
    phase: DownloadPhase = DownloadPhase.WAITING


class DownloadEvent(DownloadOutcome):
    """The notification of the end of a download (step 7 of the video flow)."""

    finished_at: UtcDatetime
    output_path: str | None = None
    error: ErrorDetail | None = None
    request: DownloadRequest | None = Field(
        default=None, description="The request of a direct download, which belongs to no job"
    )


class VideoFormat(Model):
    """A format that YouTube offers."""

    format_id: str
    extension: str
    quality: str | None = Field(default=None, description="As `720p`; null for audio alone")
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    audio_language: str | None = None
    is_original_sound: bool = Field(
        default=False, description="Whether YouTube marks it as the original"
    )
    is_upscaled: bool = Field(
        default=False, description="Whether YouTube enlarged the uploaded picture"
    )
    bitrate: float | None = Field(default=None, description="kbit/s")
    size_bytes: int | None = None


class FormatsQuery(ProfileRequest):
    """The archive profile whose choice of formats is explained."""


DEFAULT_CHOICE = FormatsQuery()


class VideoFormats(Model):
    """The formats that YouTube offers for a video, and the choice of a profile."""

    video_id: str
    title: Text
    qualities: list[str] = Field(
        description="Distinct picture qualities, highest first; upscaled ones only if all are"
    )
    audio_languages: list[str] = Field(
        default=[], description="Languages of the sound, the original first"
    )
    formats: list[VideoFormat]
    captions: list[str] = Field(description="Languages of captions made by people")
    automatic_captions: list[str]
    choice: FormatChoice | None = Field(
        default=None, description="What would be fetched now; null if there is no media"
    )


class DownloadAPI(ServiceContract, Protocol):
    """Fetch videos with yt-dlp."""

    service: ClassVar[ServiceName] = ServiceName.DOWNLOAD

    @endpoint("POST /download/video", status=202)
    async def start_download(self, request: DownloadRequest) -> DownloadProgress:
        """Start a download; a successful one is stored and registered automatically.

        While requests to YouTube are paused, it waits, QUEUED; `GET /governor` names the reason. An
        equal request for a video that is being downloaded returns the same task; a request with
        other options waits for the earlier one. Raises Conflict while a job downloads the video
        with other options.
        """
        ...

    @endpoint("GET /download/progress/{task_id}")
    async def get_progress(self, task_id: OpaqueId) -> DownloadProgress:
        """Return the progress or the result of a download.

        Raises NotFound: the last thousand direct downloads are known for 90 days, downloads of jobs
        until the process ends.
        """
        ...

    @endpoint("POST /download/cancel/{task_id}")
    async def cancel_download(self, task_id: OpaqueId) -> DownloadProgress:
        """Cancel a download within two seconds. Fetched files are kept for resuming."""
        ...

    @endpoint("GET /download/formats/{video_id}")
    async def get_formats(
        self, video_id: VideoId, request: FormatsQuery = DEFAULT_CHOICE
    ) -> VideoFormats:
        """Return the formats of a video, and those that a profile selects, with reasons.

        Profile and fields are given as in `POST /jobs`. Raises InvalidRequest.
        """
        ...


class DownloadListener(Contract, Protocol):
    """Receives the notifications of finished downloads; implemented by the Jobs service."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("POST /jobs/notifications/download")
    async def download_finished(self, request: DownloadEvent) -> Done:
        """Handle a notification. It may arrive repeatedly or late, with the same effect."""
        ...
