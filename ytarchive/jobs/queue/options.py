"""How a job archives its videos."""

from pydantic import Field

from ytarchive.common.profile import ArchiveProfile
from ytarchive.jobs.queue.filtering import VideoFilter

_NO_FILTER = VideoFilter()
"""One object for all jobs: pydantic would copy a default each time."""


class JobOptions(ArchiveProfile):
    """How a job's videos are archived."""

    include_metadata: bool = True
    skip_existing: bool = True
    replace: bool = Field(
        default=False,
        description="Download again what is stored, and accept a file that is worse than the "
        "stored one; audio never replaces a video",
    )
    upgrade: bool = Field(
        default=False,
        description="Fetch the media of a stored video again if it may exist in a better quality; "
        "the stored media is replaced only by a better one",
    )
    output_dir: str | None = Field(
        default=None,
        max_length=1024,
        description="Folder inside the archive; default `storage.videos_dir`",
    )
    max_retries: int = Field(default=3, ge=0, le=100)
    priority: int = Field(
        default=0, ge=-100, le=100, description="Jobs with a higher priority run first"
    )
    full_listing: bool = Field(
        default=False,
        description="List a channel completely instead of only its new videos",
    )
    filter: VideoFilter = Field(
        default_factory=lambda: _NO_FILTER,
        description="Which videos are archived; the others get the result `skipped`",
    )
    refresh_metadata: bool = Field(
        default=False,
        description="For METADATA_ONLY: request metadata even if it is cached",
    )

    @property
    def keeps_stored(self) -> bool:
        """Return whether a stored video is left as it is."""
        return self.skip_existing and not self.replace
