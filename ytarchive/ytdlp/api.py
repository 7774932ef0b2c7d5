"""The interface to yt-dlp for the other packages. All failures are errors of `common.errors`."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from pydantic import Field

from ytarchive.common.media import PlaylistHeading, PlaylistVideo, VideoMetadata
from ytarchive.common.models import Model
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.side_files import SideFiles

EXTRACTION_SECONDS = 3600
"""Lifetime of an extraction from which a download can continue."""

CAPTIONS_NOT_ASKED = "not requested, because YouTube refuses captions at present"
"""Why captions are missing after YouTube refused further requests for captions."""


class ExtractedVideo(Model):
    """The result of an extraction."""

    metadata: VideoMetadata
    info_path: Path = Field(
        description="yt-dlp's whole info JSON in staging; later downloads continue from it"
    )


class ListedEntries(PlaylistHeading):
    """Some entries of a playlist or channel, with metadata of the list."""

    handle: str | None = None
    channel_description: str = ""
    avatar_url: str | None = None
    banner_url: str | None = None
    video_count: int | None = None
    videos: list[PlaylistVideo]


class DownloadOrder(Model):
    """An order to fetch a video into its folder in staging."""

    video_id: str
    folder: Path = Field(description="Kept after a failure, so that the next attempt resumes")
    profile: ArchiveProfile
    known_captions: list[str] = Field(
        default=[], description="Other captions that YouTube has, including automatic ones"
    )
    present: SideFiles = Field(default=[], description="Already stored; not fetched again")
    without_media: bool = Field(
        default=False, description="Only captions and thumbnail, for a stored video"
    )
    omits_captions: bool = Field(
        default=False,
        description="Captions are not requested at present; existing ones count as missing",
    )


class Transfer(Model):
    """The progress of a download. `percent` covers video, audio and merge together."""

    phase: str = Field(description="The value of a DownloadPhase")
    percent: float
    downloaded_bytes: int
    total_bytes: int
    speed: float
    eta: int | None = None
    quality: str | None = None
    network_bytes: int = Field(default=0, description="Received over the network by this attempt")


class Downloaded(Model):
    """A finished download: every file below `folder` is complete."""

    folder: Path
    quality: str | None = Field(default=None, description="The fetched quality, as `720p`")
    audio_language: str | None = Field(
        default=None, description="Language of the sound, if it is known"
    )
    network_bytes: int = Field(description="Media bytes received over the network by this attempt")
    remarks: list[str] = Field(default=[], description="Differences from the request")
    missing: SideFiles = Field(
        default=[], description="Side files that YouTube has and did not deliver"
    )
    absent_captions: list[str] = Field(
        default=[], description="Requested languages that YouTube does not have"
    )
    captions_refused: bool = Field(
        default=False, description="YouTube refuses further requests for captions"
    )


class Extractor(Protocol):
    """Sends requests to YouTube without a Data API key."""

    async def extract(self, video_id: str) -> ExtractedVideo:
        """Return yt-dlp's information about a video, without media."""
        ...

    def list_entries(self, source: str) -> AsyncGenerator[ListedEntries, None]:
        """Return the entries of a playlist id, channel id or @handle in chunks while listing.

        Listing is lazy: the next page is requested when the caller reads the next chunk.
        """
        ...

    def page_turn(self, source: str) -> AbstractAsyncContextManager[None]:
        """Admit one request about a list within the block, which yt-dlp does not send itself.

        It receives the exceptions of the block. Raises RequestsPaused.
        """
        ...


class Fetcher(Protocol):
    """Fetches videos."""

    async def extract(self, video_id: str) -> ExtractedVideo:
        """Return yt-dlp's information about a video, without media."""
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
        """Fetch a video. Cancelling the task kills the worker and its child processes at once.

        Before the first byte, `admit` gets the maximum of further bytes on the disk. Its exception
        ends the download.
        """
        ...
