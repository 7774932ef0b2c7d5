"""Models of the verification of what is stored."""

from enum import StrEnum

from pydantic import Field

from ytarchive.common.models import Model, UtcDatetime


class VerifyMode(StrEnum):
    """How closely files are looked at."""

    QUICK = "quick"
    """Whether each file is there and has its size."""
    FULL = "full"
    """Also whether its SHA-256 is the one it had when it was stored."""


class VerifyState(StrEnum):
    """Where the verification stands."""

    NEVER = "never"
    RUNNING = "running"
    STOPPED = "stopped"
    """The time was up, it was cancelled, or the process ended; the next run goes on from there."""
    COMPLETE = "complete"
    FAILED = "failed"


class FindingKind(StrEnum):
    """What is wrong with a file."""

    DAMAGED = "damaged"
    TRUNCATED = "truncated"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    FOREIGN = "foreign"
    """It lies in the archive's video folders, but it was never stored. It is never touched."""


class VerifyRequest(Model):
    """What to verify. A pass that was stopped goes on if mode and sample are those it had."""

    mode: VerifyMode = VerifyMode.FULL
    sample_percent: float = Field(
        default=100, gt=0, le=100, description="Check this share of the videos, others each time"
    )
    time_limit: float | None = Field(
        default=None, gt=0, description="Seconds; what is left is for the next run"
    )
    resume: bool = Field(default=True, description="False: begin a new pass in any case")
    quarantine: bool = Field(
        default=False,
        description="Move damaged files to `.ytarchive/quarantine/`, and count them and missing "
        "ones as not stored. Without it a verification changes nothing",
    )
    known_only: bool = Field(
        default=False, description="Look again only at what earlier runs have found"
    )


class Verification(Model):
    """The present or last pass over the archive."""

    state: VerifyState
    mode: VerifyMode = VerifyMode.FULL
    sample_percent: float = 100
    error: str | None = None
    started_at: UtcDatetime | None = Field(default=None, description="When the pass began")
    updated_at: UtcDatetime | None = None
    completed_at: UtcDatetime | None = Field(
        default=None, description="When a pass last came to its end"
    )
    videos_total: int = Field(
        default=0,
        description="In the archive when the pass began, those with metadata alone included",
    )
    videos_checked: int = Field(default=0, description="Left out ones of a sample included")
    files_checked: int = 0
    bytes_checked: int = Field(default=0, description="Bytes hashed, or of sizes compared")
    findings: dict[FindingKind, int] = Field(
        default_factory=dict, description="How many of each kind are open"
    )


class Finding(Model):
    """A file that is not as it was stored, or that was never stored."""

    path: str = Field(description="Relative to the archive")
    kind: FindingKind
    video_id: str | None = None
    detail: str
    found_at: UtcDatetime
    is_removed: bool = Field(description="Whether the file no longer counts as stored")
    quarantine_path: str | None = Field(
        default=None, description="Where the file is now, relative to the archive"
    )
    output_path: str | None = Field(
        default=None, description="Folder that has the video's folder; to fetch it again there"
    )
    quality: str | None = Field(default=None, description="What the video had, as `720p`")


class FindingQuery(Model):
    """Which page of the findings, by path."""

    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(default=None, max_length=4096)
