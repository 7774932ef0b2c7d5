"""Models of the verification."""

from enum import StrEnum

from pydantic import Field

from ytarchive.common.models import Model, UtcDatetime
from ytarchive.common.profile import ArchiveProfile
from ytarchive.storage.store.background import PassState


class VerifyMode(StrEnum):
    """How thoroughly files are checked."""

    QUICK = "quick"
    """Check whether each file exists and has its registered size."""
    FULL = "full"
    """Also check whether its SHA-256 is the registered one."""


class FindingKind(StrEnum):
    """The kind of problem."""

    DAMAGED = "damaged"
    TRUNCATED = "truncated"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    UNREADABLE_ROW = "unreadable_row"
    """A row of `library.db` is damaged; `ytarchive rebuild` repairs the library."""
    FOREIGN = "foreign"
    """A file in the video folders that ytarchive never stored. It is never changed."""

    @property
    def is_loss(self) -> bool:
        """Return whether stored data is damaged or lost."""
        return self is not FindingKind.FOREIGN


class VerifyRequest(Model):
    """Options of a verification. A stopped pass resumes if mode and sample are the same."""

    mode: VerifyMode = VerifyMode.FULL
    sample_percent: float = Field(
        default=100, gt=0, le=100, description="Check this share of the videos, others each time"
    )
    sample_videos: int | None = Field(
        default=None, ge=1, description="Check this many videos; overrides `sample_percent`"
    )
    time_limit: float | None = Field(
        default=None, gt=0, description="Seconds; the next run continues"
    )
    resume: bool = Field(default=True, description="False: begin a new pass in any case")
    quarantine: bool = Field(
        default=False,
        description="Move damaged files to `.ytarchive/quarantine/`, and count them and missing "
        "files as not stored. Otherwise a verification changes nothing",
    )
    repair: bool = Field(
        default=False,
        description="Restore what the archive can restore itself: lists of checksums, and media "
        "with another intact copy. Other damaged files are not moved",
    )
    known_only: bool = Field(default=False, description="Check only the findings of earlier runs")
    accept_foreign: bool = Field(
        default=False, description="Do not report the foreign files of this run again"
    )


class Verification(Model):
    """The current or last pass over the archive."""

    state: PassState
    mode: VerifyMode = VerifyMode.FULL
    sample_percent: float = 100
    error: str | None = None
    started_at: UtcDatetime | None = Field(default=None, description="Start of the pass")
    updated_at: UtcDatetime | None = None
    completed_at: UtcDatetime | None = Field(
        default=None, description="End of the last complete pass"
    )
    videos_total: int = Field(
        default=0,
        description="Videos in the archive when the pass began, including those with only metadata",
    )
    videos_checked: int = Field(
        default=0, description="Videos with all their registered files checked"
    )
    files_checked: int = Field(
        default=0, description="Existing files that were read or, in a quick pass, found"
    )
    bytes_checked: int = Field(default=0, description="Bytes read; 0 in a quick pass")
    findings: dict[FindingKind, int] = Field(
        default_factory=dict, description="Number of open findings by kind"
    )


class Finding(Model):
    """A stored file that has changed or is missing, or a file that was never stored."""

    path: str = Field(
        description="Relative to the archive. Bytes that are not UTF-8 are surrogates, in JSON "
        "`\\udc80` to `\\udcff`. For an unreadable row: its position in `library.db`"
    )
    kind: FindingKind
    video_id: str | None = None
    detail: str
    found_at: UtcDatetime
    is_removed: bool = Field(description="Whether the file no longer counts as stored")
    quarantine_path: str | None = Field(
        default=None, description="Present path of the file, relative to the archive"
    )
    output_path: str | None = Field(
        default=None, description="Folder that contains the video's folder, for a repeated download"
    )
    quality: str | None = Field(default=None, description="Quality of the video, as `720p`")
    profile: ArchiveProfile | None = Field(
        default=None, description="The profile that was requested for the video, if it is known"
    )
    language: str | None = Field(default=None, description="Of captions, by BCP 47")
    format: str | None = Field(default=None, description="As `mp4`, `vtt`; null if unknown")


class FindingQuery(Model):
    """Selects a page of the findings, by path."""

    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(default=None, max_length=16_384)
