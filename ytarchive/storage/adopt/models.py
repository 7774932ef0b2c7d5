"""Models of the adoption."""

from enum import StrEnum

from pydantic import Field

from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Model, UtcDatetime
from ytarchive.storage.store.background import PassState


class AdoptMethod(StrEnum):
    """How the files get into the archive."""

    LINK = "link"
    """Hard links: no space is used, and the archive shares the content with the folder."""
    MOVE = "move"
    """The files are removed from the folder after the video is registered."""
    COPY = "copy"


class Outcome(StrEnum):
    """What the adoption did with a file."""

    ADOPTED = "adopted"
    """The archive has the file. In a dry run: it would be adopted."""
    DUPLICATE = "duplicate"
    """The archive or the folder has another copy of the video, which is used."""
    NOT_RECOGNISED = "not_recognised"
    """The file stays where it is; the report has the reason."""


class AdoptRequest(Model):
    """A folder with videos of yt-dlp or of another program."""

    folder: str = Field(
        min_length=1,
        max_length=2048,
        description="Absolute path of a folder of the server's machine, below a folder of "
        "`storage.allowed_roots`",
    )
    method: AdoptMethod = AdoptMethod.LINK
    dry_run: bool = Field(default=False, description="Only report; the archive is not changed")


class Adoption(Model):
    """The current or last adoption."""

    state: PassState
    folder: str | None = None
    method: AdoptMethod = AdoptMethod.LINK
    dry_run: bool = False
    error: str | None = None
    started_at: UtcDatetime | None = None
    updated_at: UtcDatetime | None = None
    completed_at: UtcDatetime | None = None
    is_listed: bool = Field(default=False, description="Whether all files of the folder are listed")
    files_found: int = 0
    videos_found: int = Field(default=0, description="Videos with a media file in the folder")
    videos_done: int = 0
    videos_adopted: int = 0
    bytes_adopted: int = 0
    files: dict[Outcome, int] = Field(
        default_factory=dict, description="Number of files by outcome, so far"
    )
    shares_content: bool = Field(
        default=False,
        description="Whether adopted files are hard links: a change of a file in the folder "
        "changes the archive's file too",
    )


class AdoptedFile(Model):
    """A file of the folder, and what the adoption did with it."""

    path: str = Field(
        description="Relative to the folder. Bytes that are not UTF-8 are surrogates, in JSON "
        "`\\udc80` to `\\udcff`. A path that ends with `/` is a folder that was not examined"
    )
    size_bytes: int
    outcome: Outcome
    detail: str = Field(description="The reason, or where the file is in the archive")
    video_id: str | None = None
    layout: str | None = Field(
        default=None, description="The program whose naming the file has, as `yt-dlp`"
    )


class AdoptedFileQuery(Model):
    """Selects a page of the report, by path."""

    outcome: Outcome | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(default=None, max_length=16_384)


class UndescribedVideos(Model):
    """Adopted videos without metadata."""

    video_ids: list[VideoId] = Field(max_length=1000)
