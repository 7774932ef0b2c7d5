"""Contract of the Storage service."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import ServiceContract, endpoint
from ytarchive.common.identifiers import VideoId
from ytarchive.common.media import VideoMetadata
from ytarchive.common.models import Done, Page
from ytarchive.common.services import ServiceName
from ytarchive.storage.intake.models import FormedVideo, FormVideo
from ytarchive.storage.library.existence import ExistsRequest, StoredVideos
from ytarchive.storage.library.models import (
    SaveMetadata,
    SavePlaylist,
    SaveVideo,
    StorageLocation,
    StorageStats,
    StoredVideo,
    VideoExists,
    VideoQuery,
)


class StorageAPI(ServiceContract, Protocol):
    """Store videos and metadata, and list what is stored."""

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

    @endpoint("POST /storage/form")
    async def form_video(self, request: FormVideo) -> FormedVideo:
        """Write the media of a stored video in another container, or with more embedded.

        The archive's own files are used, without a request to YouTube. The checked new file
        replaces the stored one, which is moved to the trash. Raises NotFound, DiskFull, NotWritable
        or FileFailure.
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

    @endpoint("GET /storage/metadata/{video_id}")
    async def get_metadata(self, video_id: VideoId) -> VideoMetadata:
        """Return a video's stored metadata. Raises NotFound."""
        ...

    @endpoint("GET /storage/stats")
    async def get_stats(self) -> StorageStats:
        """Return the totals of the archive."""
        ...
