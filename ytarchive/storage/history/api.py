"""Contract of the history of videos."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Done
from ytarchive.common.services import ServiceName
from ytarchive.storage.history.models import HistoryEntry, VideoHistory


class HistoryAPI(Contract, Protocol):
    """Record and read the history of a video: versions, numbers, side files and evidence."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("GET /storage/history/{video_id}")
    async def get_history(self, video_id: VideoId) -> list[HistoryEntry]:
        """Return the entries of a video's history, oldest first; empty if there is none."""
        ...

    @endpoint("GET /storage/history/{video_id}/versions")
    async def get_versions(self, video_id: VideoId) -> VideoHistory:
        """Return the versions of a video's metadata with their differences, and its history.

        Raises NotFound if nothing is known of the video.
        """
        ...

    @endpoint("POST /storage/history/{video_id}", status=201)
    async def add_history(self, video_id: VideoId, request: HistoryEntry) -> Done:
        """Append an entry to the history of a video. The call is idempotent."""
        ...
