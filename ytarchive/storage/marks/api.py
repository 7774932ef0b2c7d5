"""Contract of the marks of videos."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Page
from ytarchive.common.services import ServiceName
from ytarchive.storage.marks.models import (
    KnownMarked,
    KnownVideos,
    MarkedVideo,
    MarksQuery,
    VideoMarks,
)


class MarksAPI(Contract, Protocol):
    """Set and read the marks of videos."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("GET /storage/marks")
    async def list_marks(self, request: MarksQuery) -> Page[MarkedVideo]:
        """List videos with marks, by id."""
        ...

    @endpoint("POST /storage/marks/known")
    async def mark_known(self, request: KnownVideos) -> KnownMarked:
        """Mark videos as known elsewhere, so that lists do not fetch them.

        Stored videos are not marked, and a video that has this mark keeps its place.
        """
        ...

    @endpoint("GET /storage/marks/{video_id}")
    async def get_marks(self, video_id: VideoId) -> MarkedVideo:
        """Return the marks of a video; all are unset if there are none."""
        ...

    @endpoint("PUT /storage/marks/{video_id}")
    async def set_marks(self, video_id: VideoId, request: VideoMarks) -> MarkedVideo:
        """Replace the marks of a video, which need not be stored; its place in views stays.

        Raises Conflict for another episode number than that of its place, and for the mark
        `removed` of a stored video.
        """
        ...
