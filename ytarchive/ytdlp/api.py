"""The interface to yt-dlp for the other packages. All failures are errors of `common.errors`."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from pydantic import Field

from ytarchive.common.media import PlaylistVideo, VideoMetadata
from ytarchive.common.models import Model, Text
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.side_files import SideFiles

EXTRACTION_SECONDS = 3600
"""How long a download may continue from an extraction."""

CAPTIONS_NOT_ASKED = "not asked for, because YouTube refuses captions at present"
"""Why captions are missing after YouTube refused further requests for captions."""


class ExtractedVideo(Model):
    """A video as yt-dlp saw it."""

    metadata: VideoMetadata
    info_path: Path = Field(
        description="yt-dlp's whole info JSON in staging; a download started soon continues from it"
    )


class ListedEntries(Model):
    """Some entries of a playlist or channel, with what is known of the list itself."""

    playlist_id: str
    title: Text = ""
    description: Text = ""
    channel_id: str = ""
    channel_title: Text = ""
    handle: str | None = None
    video_count: int | None = None
    videos: list[PlaylistVideo]


class DownloadOrder(Model):
    """One video to fetch into a folder of its own in staging."""

    video_id: str
    folder: Path = Field(description="Kept after a failure, so that the next try resumes")
    profile: ArchiveProfile
    known_captions: list[str] = Field(
        default=[], description="Further captions that YouTube had, automatic ones among them"
    )
    present: SideFiles = Field(default=[], description="Stored already; not fetched again")
    without_media: bool = Field(
        default=False, description="Only captions and thumbnail, for a video that is stored"
    )
    spares_captions: bool = Field(
        default=False, description="None is asked for at present; those there are count as missing"
    )


class Transfer(Model):
    """A moment of a running download. `percent` covers video, audio and merge together."""

    phase: str = Field(description="A DownloadPhase's value")
    percent: float
    downloaded_bytes: int
    total_bytes: int
    speed: float
    eta: int | None = None
    quality: str | None = None
    network_bytes: int = Field(default=0, description="Came over the network this time")


class Downloaded(Model):
    """A finished download: every file below `folder` is complete."""

    folder: Path
    quality: str | None = Field(default=None, description="What was really fetched, as `720p`")
    audio_language: str | None = Field(default=None, description="Of the sound, if it is known")
    network_bytes: int = Field(description="Media bytes that came over the network this time")
    remarks: list[str] = Field(default=[], description="What is not as it was asked for")
    missing: SideFiles = Field(default=[], description="YouTube has them, but they did not come")
    absent_captions: list[str] = Field(
        default=[], description="Languages that YouTube does not have"
    )
    captions_refused: bool = Field(
        default=False, description="YouTube wants to be asked for fewer captions"
    )


class Extractor(Protocol):
    """Sends requests to YouTube without a Data API key."""

    async def extract(self, video_id: str) -> ExtractedVideo:
        """Everything that yt-dlp can tell of a video, without its media."""
        ...

    def list_entries(self, source: str) -> AsyncIterator[ListedEntries]:
        """Return the entries of a playlist id, channel id or @handle in chunks while listing.

        Listing is lazy: the next page is requested when the caller reads the next chunk.
        """
        ...


class Fetcher(Protocol):
    """Fetches videos."""

    async def extract(self, video_id: str) -> ExtractedVideo:
        """Everything that yt-dlp can tell of a video, without its media."""
        ...

    def turn(self, video_id: str) -> AbstractAsyncContextManager[None]:
        """Admit one download within the block; wait until requests may be sent."""
        ...

    async def download(
        self,
        order: DownloadOrder,
        on_progress: Callable[[Transfer], None],
        admit: Callable[[int], None],
    ) -> Downloaded:
        """Fetch a video. Cancelling the task kills the worker and all it started, at once.

        `admit` is told, before the first byte is fetched, how many bytes the download will take on
        the disk at most, beyond those it takes already. What it raises ends the download.
        """
        ...
