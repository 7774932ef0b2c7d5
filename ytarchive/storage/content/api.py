"""Contract of the file contents of stored videos."""

from typing import Annotated, ClassVar, Protocol

from pydantic import Field

from ytarchive.common.archived_files import Role
from ytarchive.common.content import Content
from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Model
from ytarchive.common.services import ServiceName

_NAME = r"^[^/\\\x00-\x1f\x7f.][^/\\\x00-\x1f\x7f]{0,199}$"
CaptionsName = Annotated[
    str,
    Field(
        pattern=_NAME,
        description="A language in `captions` of the video's location, or the name of the file",
    ),
]
FileName = Annotated[
    str,
    Field(
        pattern=_NAME,
        description="The name of a file of the video, or its role, such as `comments`; the first "
        "file of several with the role",
    ),
]


class VideoFile(Model):
    """A stored file of a video."""

    name: str = Field(description="Without folders")
    role: Role
    language: str | None = Field(default=None, description="Of captions, by BCP 47")
    automatic: bool = Field(default=False, description="Whether YouTube generated the captions")
    format: str = Field(description="As `mp4`, `vtt`, `jpg`")
    media_type: str = Field(description="As `video/mp4`")
    size_bytes: int
    sha256: str = Field(description="Hexadecimal, when the file was stored")


class ContentAPI(Contract, Protocol):
    """Read the files of stored videos."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("GET /storage/videos/{video_id}/files")
    async def list_files(self, video_id: VideoId) -> list[VideoFile]:
        """Return the registered files of a video, the media first. Raises NotFound."""
        ...

    @endpoint("GET /storage/videos/{video_id}/files/{name}")
    async def get_file(self, video_id: VideoId, name: FileName) -> Content:
        """Return a file of a video. Raises NotFound or PathOutsideArchive."""
        ...

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
