"""Contract of the file contents of stored videos."""

from typing import Annotated, ClassVar, Protocol

from pydantic import Field

from ytarchive.common.content import Content
from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import VideoId
from ytarchive.common.services import ServiceName

CaptionsName = Annotated[
    str,
    Field(
        pattern=r"^[^/\\\x00-\x1f\x7f.][^/\\\x00-\x1f\x7f]{0,199}$",
        description="A language in `captions` of the video's location, or the name of the file",
    ),
]


class ContentAPI(Contract, Protocol):
    """Read the media, the thumbnail and the captions of stored videos."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("GET /storage/videos/{video_id}/media")
    async def get_media(self, video_id: VideoId) -> Content:
        """Return the media file of a video.

        Raises NotFound if the video is not stored or its file is missing, or PathOutsideArchive.
        """
        ...

    @endpoint("GET /storage/videos/{video_id}/thumbnail")
    async def get_thumbnail(self, video_id: VideoId) -> Content:
        """Return the thumbnail of a video. Raises NotFound or PathOutsideArchive."""
        ...

    @endpoint("GET /storage/videos/{video_id}/captions/{name}")
    async def get_captions(self, video_id: VideoId, name: CaptionsName) -> Content:
        """Return captions of a video. Raises NotFound or PathOutsideArchive."""
        ...

    @endpoint("GET /storage/videos/{video_id}/captions/{name}/cleaned")
    async def get_cleaned_captions(self, video_id: VideoId, name: CaptionsName) -> Content:
        """Return captions of a video as WebVTT in which each line appears once.

        YouTube's automatic captions repeat each line. Raises NotFound or PathOutsideArchive.
        """
        ...
