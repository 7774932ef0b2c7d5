"""Models of the verification."""

from enum import StrEnum

from pydantic import Field

from ytarchive.common.models import Model, UtcDatetime


class VerifyMode(StrEnum):
    """How thoroughly files are checked."""

    QUICK = "quick"
    """Check whether each file exists and has its registered size."""
    FULL = "full"
    """Also check whether its SHA-256 is the registered one."""


class VerifyState(StrEnum):
    """The state of the verification."""

    NEVER = "never"
    RUNNING = "running"
    STOPPED = "stopped"
    """It was cancelled, its time limit was reached, or the process ended; the next run resumes."""
    COMPLETE = "complete"
    FAILED = "failed"


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
        default=None, ge=1, description="Check so many videos; overrides `sample_percent`"
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
    repair: bool = Field(
        default=False,
        description="Restore what the archive itself can restore: lists of checksums, and media of "
        "which another copy is intact. Other damaged files stay in their place",
    )
    known_only: bool = Field(
        default=False, description="Look again only at what earlier runs have found"
    )
    accept_foreign: bool = Field(
        default=False, description="Later runs no longer report the foreign files of this one"
    )


class Verification(Model):
    """The current or last pass over the archive."""

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
    videos_checked: int = Field(
        default=0, description="Videos of which every registered file was checked"
    )
    files_checked: int = Field(
        default=0, description="Files that were there and were read, or in a quick pass looked up"
    )
    bytes_checked: int = Field(default=0, description="Bytes read; 0 in a quick pass")
    findings: dict[FindingKind, int] = Field(
        default_factory=dict, description="How many of each kind are open"
    )


class Finding(Model):
    """A stored file that has changed or is missing, or a file that was never stored."""

    path: str = Field(
        description="Relative to the archive. Bytes that are not UTF-8 are surrogates, in JSON "
        "`\\udc80` to `\\udcff`. Of an unreadable row: its place in `library.db`"
    )
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
    language: str | None = Field(default=None, description="Of captions, by BCP 47")
    format: str | None = Field(default=None, description="As `mp4`, `vtt`; null if unknown")


class FindingQuery(Model):
    """Selects a page of the findings, by path."""

    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(default=None, max_length=16_384)
