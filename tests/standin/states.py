"""Why a video plays or not: the states and YouTube's own words for them."""

from dataclasses import dataclass
from enum import StrEnum


class VideoState(StrEnum):
    """What YouTube answers for a video; each value can be switched to while running."""

    OK = "ok"
    PRIVATE = "private"
    DELETED = "deleted"
    ACCOUNT_TERMINATED = "account_terminated"
    ACCOUNT_CLOSED = "account_closed"
    COPYRIGHT_CLAIM = "copyright_claim"
    GUIDELINES = "guidelines"
    TERMS = "terms"
    MEMBERS_ONLY = "members_only"
    MEMBERS_LEVEL = "members_level"
    AGE_GATED = "age_gated"
    GEO_BLOCKED = "geo_blocked"
    COPYRIGHT_COUNTRY = "copyright_country"
    PAID = "paid"
    PREMIUM = "premium"
    UPCOMING = "upcoming"
    UPCOMING_LIVE = "upcoming_live"
    LIVE = "live"
    POST_LIVE = "post_live"
    PROCESSING = "processing"
    NO_RECORDING = "no_recording"
    DRM = "drm"
    UNAVAILABLE = "unavailable"
    NOT_AVAILABLE = "not_available"
    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_PLAIN = "rate_limited_plain"
    BOT_CHECK = "bot_check"
    CAPTCHA = "captcha"
    IP_BLOCKED = "ip_blocked"
    NO_FORMATS = "no_formats"
    TRAILER = "trailer"
    RELOAD = "reload"
    NOT_ON_APP = "not_on_app"
    OLD_CLIENT = "old_client"
    CONTENT_WARNING = "content_warning"
    UNHEARD_OF = "unheard_of"


@dataclass(frozen=True, slots=True, kw_only=True)
class Playability:
    """The parts of `playabilityStatus` that tell one state from another."""

    status: str
    reason: str = ""
    subreason: str = ""

    @property
    def playable(self) -> bool:
        """Whether formats accompany the status."""
        return self.status == "OK"


GONE = frozenset(
    {
        VideoState.DELETED,
        VideoState.ACCOUNT_TERMINATED,
        VideoState.ACCOUNT_CLOSED,
        VideoState.COPYRIGHT_CLAIM,
        VideoState.GUIDELINES,
        VideoState.TERMS,
    }
)
"""States that listings show as "Deleted video"; the Data API leaves such ids out."""

HIDDEN = GONE | {VideoState.PRIVATE}
"""States whose videos the Data API's `videos` and channel listings do not show."""

LIVE_STATES = frozenset(
    {
        VideoState.UPCOMING,
        VideoState.UPCOMING_LIVE,
        VideoState.LIVE,
        VideoState.POST_LIVE,
        VideoState.PROCESSING,
        VideoState.NO_RECORDING,
    }
)
"""States of broadcasts, which carry `liveStreamingDetails` and `isLiveContent`."""

_GONE_TEXT = "This video is no longer available "
_ERROR = "Video unavailable"
_COMMUNITY = "This helps protect our community. Learn more"

PLAYABILITY = {
    VideoState.OK: Playability(status="OK"),
    VideoState.PRIVATE: Playability(
        status="LOGIN_REQUIRED",
        reason="Private video",
        subreason="Sign in if you've been granted access to this video",
    ),
    VideoState.DELETED: Playability(
        status="ERROR", reason=_ERROR, subreason="This video has been removed by the uploader"
    ),
    VideoState.ACCOUNT_TERMINATED: Playability(
        status="ERROR",
        reason=_ERROR,
        subreason=_GONE_TEXT
        + "because the YouTube account associated with this video has been terminated.",
    ),
    VideoState.ACCOUNT_CLOSED: Playability(
        status="ERROR",
        reason=_ERROR,
        subreason=_GONE_TEXT + "because the uploader has closed their YouTube account.",
    ),
    VideoState.COPYRIGHT_CLAIM: Playability(
        status="ERROR",
        reason=_ERROR,
        subreason=_GONE_TEXT + "due to a copyright claim by Stand-in Records.",
    ),
    VideoState.GUIDELINES: Playability(
        status="ERROR",
        reason=_ERROR,
        subreason="This video has been removed for violating YouTube's Community Guidelines",
    ),
    VideoState.TERMS: Playability(
        status="ERROR",
        reason=_ERROR,
        subreason="This video has been removed for violating YouTube's Terms of Service",
    ),
    VideoState.MEMBERS_ONLY: Playability(
        status="UNPLAYABLE",
        reason="Join this channel to get access to members-only content like this video, "
        "and other exclusive perks.",
    ),
    VideoState.MEMBERS_LEVEL: Playability(
        status="UNPLAYABLE",
        reason="This video is available to this channel's members on level: Gold "
        "(or any higher level). Join this channel to get access to members-only content.",
    ),
    VideoState.AGE_GATED: Playability(
        status="LOGIN_REQUIRED",
        reason="Sign in to confirm your age",
        subreason="This video may be inappropriate for some users.",
    ),
    VideoState.GEO_BLOCKED: Playability(
        status="UNPLAYABLE",
        reason=_ERROR,
        subreason="The uploader has not made this video available in your country",
    ),
    VideoState.COPYRIGHT_COUNTRY: Playability(
        status="UNPLAYABLE",
        reason=_ERROR,
        subreason="This video contains content from Stand-in Records, "
        "who has blocked it in your country on copyright grounds",
    ),
    VideoState.PAID: Playability(
        status="UNPLAYABLE", reason="This video requires payment to watch."
    ),
    VideoState.PREMIUM: Playability(
        status="UNPLAYABLE", reason="This video is only available to Music Premium members"
    ),
    VideoState.UPCOMING: Playability(status="LIVE_STREAM_OFFLINE", reason="Premieres in {wait}"),
    VideoState.UPCOMING_LIVE: Playability(
        status="LIVE_STREAM_OFFLINE", reason="This live event will begin in {wait}."
    ),
    VideoState.LIVE: Playability(status="OK"),
    VideoState.POST_LIVE: Playability(status="OK"),
    VideoState.PROCESSING: Playability(
        status="UNPLAYABLE", reason="We're processing this video. Check back later."
    ),
    VideoState.NO_RECORDING: Playability(
        status="UNPLAYABLE", reason="This live stream recording is not available."
    ),
    VideoState.DRM: Playability(status="OK"),
    VideoState.UNAVAILABLE: Playability(status="ERROR", reason=_ERROR),
    VideoState.NOT_AVAILABLE: Playability(status="ERROR", reason="This video is not available"),
    VideoState.RATE_LIMITED: Playability(
        status="UNPLAYABLE",
        reason=_ERROR,
        # The curly apostrophe is YouTube's own.
        subreason="This content isn\N{RIGHT SINGLE QUOTATION MARK}t available, try again later.",
    ),
    VideoState.RATE_LIMITED_PLAIN: Playability(
        status="UNPLAYABLE",
        reason=_ERROR,
        subreason="This content isn't available, try again later.",
    ),
    VideoState.BOT_CHECK: Playability(
        status="LOGIN_REQUIRED",
        reason="Sign in to confirm you\N{RIGHT SINGLE QUOTATION MARK}re not a bot",
        subreason=_COMMUNITY,
    ),
    VideoState.CAPTCHA: Playability(status="UNPLAYABLE", reason=_ERROR),
    VideoState.IP_BLOCKED: Playability(status="UNPLAYABLE", reason=_ERROR),
    VideoState.NO_FORMATS: Playability(status="OK"),
    VideoState.TRAILER: Playability(
        status="UNPLAYABLE", reason="This video requires payment to watch."
    ),
    VideoState.RELOAD: Playability(status="UNPLAYABLE", reason="The page needs to be reloaded."),
    VideoState.NOT_ON_APP: Playability(
        status="UNPLAYABLE",
        reason="The following content is not available on this app.",
        subreason="Watch on the latest version of YouTube.",
    ),
    VideoState.OLD_CLIENT: Playability(
        status="ERROR", reason="YouTube is no longer supported in this application or device."
    ),
    VideoState.CONTENT_WARNING: Playability(
        status="CONTENT_CHECK_REQUIRED",
        reason="The following content may contain suicide or self-harm topics",
        subreason="Viewer discretion is advised.",
    ),
    VideoState.UNHEARD_OF: Playability(
        status="ERROR", reason="This video is resting", subreason="Nobody has read this before."
    ),
}
