"""Models of the governor: its state, and permits for requests to YouTube."""

from dataclasses import dataclass

from pydantic import Field

from ytarchive.common.identifiers import OpaqueId
from ytarchive.common.models import ErrorDetail, Model, Text, UtcDatetime

DIRECT = "direct"
"""The egress of this machine's own address, or of the proxy in the settings."""


class GovernorState(Model):
    """Whether requests to YouTube are allowed at present, and their rate."""

    egress: str = Field(default=DIRECT, description="Name of the egress")
    state: str = Field(
        description='"closed": requests are sent; "open": paused; "probing": one test request'
    )
    reason: str | None = Field(default=None, description="bot_check, rate_limited, ip_blocked, …")
    message: str | None = None
    opened_at: UtcDatetime | None = None
    next_probe_at: UtcDatetime | None = None
    paused_at: UtcDatetime | None = Field(
        default=None, description="When a user paused all new work; null if not paused"
    )
    paused_until: UtcDatetime | None = Field(
        default=None, description="When the pause ends; null if it ends by a request"
    )
    pause_reason: str | None = Field(default=None, description="The user's reason for the pause")
    waiting_reason: str | None = Field(
        default=None,
        description="Why no video of a job starts at present: paused, bot_check, outside_window, "
        "daily_videos, disk_full, …",
    )
    waiting_for: str | None = Field(default=None, description="The same reason for people")
    waiting_until: UtcDatetime | None = Field(default=None, description="When it ends, if known")
    pace: str = Field(description='"polite" or "off"')
    videos_per_hour: int
    ready_videos: int = Field(description="Videos that may start at once at the polite pace")


class PauseRequest(Model):
    """A pause of all new work; without `until` it ends by a request."""

    until: UtcDatetime | None = Field(default=None, description="When work resumes by itself")
    reason: Text | None = Field(
        default=None, max_length=200, description="Shown wherever work is reported as waiting"
    )


UNLIMITED_PAUSE = PauseRequest()


class PermitRequest(Model):
    """A request to YouTube that a service in another process will send by yt-dlp."""

    source: Text = Field(max_length=512, description="A video's or list's id")
    cost: float = Field(
        default=1, ge=0, le=1, description="Share of a video's cost; 0 for one page of a list"
    )


class GivenPermit(Model):
    """A permit for a request to YouTube."""

    permit_id: OpaqueId | None = Field(
        description="Null if a job has a permit for the same video; then no permit has to be ended"
    )
    egress: str = Field(default=DIRECT, description="Name of the egress to use")
    lease: float = Field(description="Seconds until it expires unless it is renewed")


class PermitOutcome(Model):
    """The outcome of a permit; without success and error it is unknown."""

    source: Text = Field(max_length=512)
    succeeded: bool = False
    error: ErrorDetail | None = None


@dataclass(eq=False)
class Permit:
    """A permit, given by `Governor.admit` and ended by `Governor.release`."""

    cost: float
    is_probe: bool = False
    covers: str | None = None
    """The queue's video of the permit: all requests about it are admitted."""
    egress: str = DIRECT
    """Name of the egress to use."""
    is_covered: bool = False
    """An empty permit: the queue has a permit for the same video, and reports the outcome."""
