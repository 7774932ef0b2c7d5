"""`manifest.json`: what `rebuild` cannot derive from the files of a video.

It lists all files of the folder except itself and `checksums.sha256`, and changes only when the
files, or what is missing, change.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Self, TypeVar

from pydantic import Field

from ytarchive.common.archived_files import TRANSFER, ArchivedFile, Role, Transferred
from ytarchive.common.errors import FileFailure, NotFound
from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Model, Text, UtcDatetime
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.side_files import SideFiles
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.layout import MANIFEST, FileTypes, recorded_quality
from ytarchive.storage.store.store_folder import StoreFolder

M = TypeVar("M", bound=Model)

_LARGEST = 4 * 2**20


@dataclass(frozen=True)
class Facts:
    """What the library knows of a stored video besides its files."""

    quality: str | None
    missing: list[str] = field(default_factory=list)
    """Files that YouTube did not provide."""
    profile: ArchiveProfile | None = None
    """What was requested; None if unknown."""
    absent_captions: list[str] = field(default_factory=list)
    """Languages that YouTube did not have."""
    stored_at: datetime | None = None
    """When the media was stored; None in manifests from before it was recorded."""


class ManifestFile(ArchivedFile):
    """A file of a video with its size and digest."""

    size_bytes: int
    sha256: str = Field(description="Hexadecimal")

    @classmethod
    def of(cls, file: StoredFile) -> Self:
        """Return a stored file with the digest that it should have."""
        known = {name: getattr(file, name) for name in cls.model_fields}
        return cls(**known | {"sha256": file.registered_sha256})


class Manifest(Model):
    """The content of `manifest.json`."""

    version: Literal[1] = 1
    video_id: VideoId
    source_url: str | None = Field(
        default=None, description="Address from which the media was fetched"
    )
    fetched_at: UtcDatetime | None = Field(default=None, description="When the media was fetched")
    format_ids: str | None = Field(default=None, description="Of YouTube, as `137+140`")
    yt_dlp_version: Text | None = None
    profile: ArchiveProfile | None = Field(default=None, description="The requested profile")
    quality: str | None = Field(default=None, description="The fetched quality, as `720p`")
    files: list[ManifestFile]
    missing: SideFiles = Field(default=[], description="Side files that YouTube refused")
    absent_captions: list[Text] = Field(
        default=[], description="Languages that YouTube did not have"
    )
    stored_at: UtcDatetime | None = Field(default=None, description="When the media was stored")

    @classmethod
    def of(
        cls,
        video_id: str,
        facts: Facts,
        files: list[StoredFile],
        source: "Transferred | Manifest | None",
    ) -> Self:
        """Return the manifest of a video's future files.

        `source`: what was recorded when the media was fetched.
        """
        media = next((file.name for file in files if file.role is Role.MEDIA), "")
        quality = recorded_quality(media, facts.quality)
        return cls(
            video_id=video_id,
            source_url=source.source_url if source else None,
            fetched_at=source.fetched_at if source else None,
            format_ids=source.format_ids if source else None,
            yt_dlp_version=source.yt_dlp_version if source else None,
            files=[ManifestFile.of(file) for file in files],
            **vars(facts) | {"quality": quality},
        )

    @property
    def facts(self) -> Facts:
        """Return what it records of the video besides the files."""
        return Facts(self.quality, self.missing, self.profile, self.absent_captions, self.stored_at)

    def encoded(self) -> bytes:
        """Return the content of the file."""
        return self.model_dump_json(indent=1).encode() + b"\n"


async def manifest_in(folder: StoreFolder) -> Manifest | None:
    """Return the manifest of a folder; None if it has none that can be read."""
    return await _read(folder, MANIFEST, Manifest)


async def transferred_in(folder: StoreFolder) -> Transferred | None:
    """Return what a worker recorded of the files in a staging folder; None if it is not there."""
    return await _read(folder, TRANSFER, Transferred)


async def _read(folder: StoreFolder, name: str, model: type[M]) -> M | None:
    try:
        return model.model_validate_json(await folder.store.read(folder.key(name), _LARGEST))
    except (NotFound, FileFailure, ValueError):  # a link, or a larger file
        return None


def types_in(*lists: Transferred | Manifest | None) -> FileTypes:
    """Return the types of the listed files; later lists take precedence."""
    return FileTypes((file.name, file) for each in lists if each is not None for file in each.files)
