"""Models of the governor: whether YouTube may be asked, and permits to ask it."""

from pydantic import Field

from ytarchive.common.identifiers import OpaqueId
from ytarchive.common.models import ErrorDetail, Model, Text, UtcDatetime

DIRECT = "direct"
"""The egress that is this machine's own address, or the one proxy of the settings."""


class GovernorState(Model):
    """Whether YouTube may be asked at present, and how fast."""

    egress: str = Field(default=DIRECT, description="The address that this holds for, by its name")
    state: str = Field(description='"closed": work goes on; "open": paused; "probing": one try')
    reason: str | None = Field(default=None, description="bot_check, rate_limited, ip_blocked, …")
    message: str | None = None
    opened_at: UtcDatetime | None = None
    next_probe_at: UtcDatetime | None = None
    paused_at: UtcDatetime | None = Field(
        default=None, description="When somebody paused all new work; null: nobody did"
    )
    pace: str = Field(description='"polite" or "off"')
    videos_per_hour: int
    ready_videos: int = Field(description="Videos that may start at once at the polite pace")


class PermitRequest(Model):
    """What a service that runs apart is about to ask YouTube by yt-dlp."""

    source: Text = Field(max_length=512, description="A video's or list's id")
    is_video: bool = Field(default=True, description="False for one page of a list")


class GivenPermit(Model):
    """Leave to ask YouTube."""

    permit_id: OpaqueId | None = Field(
        description="Null if a job asks about the same video: then there is nothing to give back"
    )
    egress: str = Field(default=DIRECT, description="The address to ask from, by its name")
    lease: float = Field(description="Seconds after which it ends by itself unless it is renewed")


class PermitOutcome(Model):
    """How it went. Without success and error nothing was learned of YouTube."""

    source: Text = Field(max_length=512)
    succeeded: bool = False
    error: ErrorDetail | None = None
