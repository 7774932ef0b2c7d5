"""Models of subscriptions."""

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from ytarchive.common.channel_lists import has_newest_first, is_channel, tab_list
from ytarchive.common.errors import InvalidIdentifier
from ytarchive.common.identifiers import PlaylistId, parse_playlist_id
from ytarchive.common.models import Model, UtcDatetime
from ytarchive.jobs import JobOptions, VideoFilter
from ytarchive.subscriptions.exchange import ListForm, UnreadableLine
from ytarchive.subscriptions.rhythm import NextCheck
from ytarchive.subscriptions.schedules import Schedule

_OWN_ID = re.compile(r"[0-9a-f][0-9a-f-]{3,35}")
_DEFAULTS = JobOptions()
_ADAPTIVE = Schedule()
_SINGLE = {
    "skip_existing": "stored videos are never fetched again by a subscription",
    "replace": "stored videos are never fetched again by a subscription",
    "full_listing": "a complete listing takes place every `jobs.full_listing_days`",
    "refresh_metadata": "it is an option of single jobs",
    "output_dir": "it is an option of single jobs",
}
"""Options that a subscription does not have, with the reasons."""


def _parse_reference(text: str) -> str:
    """Return an id or its beginning, or the list that a source means. Raises InvalidIdentifier."""
    if _OWN_ID.fullmatch(text):
        return text
    try:
        source = parse_playlist_id(text)
    except InvalidIdentifier as error:
        expected = "subscription id, playlist or channel"
        message = error.message.replace("playlist or channel", expected)
        raise InvalidIdentifier(message) from None
    return tab_list(source, "") if is_channel(source) else source


def is_own_id(reference: str) -> bool:
    """Return whether a reference is the id of a subscription, or its beginning."""
    return _OWN_ID.fullmatch(reference) is not None


SubscriptionRef = Annotated[
    str,
    AfterValidator(_parse_reference),
    Field(
        description="The id of a subscription or its beginning, or its playlist or channel",
        examples=["@youtube"],
    ),
]
"""A subscription, by its id or by its source."""


class FirstCheck(StrEnum):
    """Which of the videos that precede a subscription are archived."""

    FROM_NOW = "from_now"
    """None."""
    NEWEST = "newest"
    """The newest ones, in a number."""
    ALL = "all"


class SubscriptionState(StrEnum):
    """Whether a subscription is checked."""

    ACTIVE = "active"
    PAUSED = "paused"


class SourceProblem(StrEnum):
    """Why the source of a subscription cannot be followed."""

    GONE = "gone"
    NOT_READABLE = "not_readable"


class CheckSource(StrEnum):
    """The source from which a check got entries."""

    DATA_API = "data_api"
    FEED = "feed"
    YT_DLP = "yt-dlp"


class CheckOutcome(StrEnum):
    """The result of a check."""

    NEW = "new"
    NOTHING_NEW = "nothing_new"
    FAILED = "failed"


class CheckResult(Model):
    """A check of a subscription, and its result."""

    checked_at: UtcDatetime
    outcome: CheckOutcome
    source: CheckSource | None = Field(
        default=None, description="Where the entries are from; null if there was no answer"
    )
    new_videos: int = Field(default=0, description="Entries that Jobs did not know")
    job_id: str | None = Field(default=None, description="The job that archives the new videos")
    message: str = ""


class Subscription(Model):
    """A channel or playlist that the archive follows."""

    id: str
    source: str = Field(description="The channel or playlist, as given")
    list_id: str = Field(description="The playlist that is listed; for a channel its uploads")
    title: str = ""
    options: JobOptions = Field(description="Options of the jobs, with the rules in `filter`")
    schedule: Schedule
    first: FirstCheck
    newest: int | None = None
    state: SubscriptionState
    created_at: UtcDatetime
    problem: SourceProblem | None = None
    problem_message: str | None = None
    failures: int = Field(default=0, description="Failed checks since the last successful one")
    last_check: CheckResult | None = None
    next_check: NextCheck | None = Field(
        default=None, description="When it is checked next, and why then; null if it is paused"
    )
    uploads: list[UtcDatetime] = Field(default=[], description="Known times of the last uploads")
    waiting_for: str | None = Field(
        default=None, description="Why no due check starts at present; null if one can"
    )


class SubscriptionsQuery(Model):
    """Which subscriptions to list."""

    state: SubscriptionState | None = None
    with_problem: bool = Field(default=False, description="Only those whose source has a problem")
    limit: int = Field(default=100, ge=1, le=500)
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before")


class _Chosen(Model):
    """The fields of a subscription that a request chooses."""

    @staticmethod
    def _check(options: JobOptions) -> None:
        for name, reason in _SINGLE.items():
            if getattr(options, name) != getattr(_DEFAULTS, name):
                raise ValueError(f"a subscription does not have the option {name}: {reason}")
        if options.filter.newest is not None or options.filter.only_new:
            raise ValueError("the videos of the first check are chosen by `first`")


class SubscribeOptions(_Chosen):
    """How a subscription is followed."""

    options: JobOptions = Field(
        default_factory=lambda: _DEFAULTS, description="Options of the jobs, with the rules"
    )
    schedule: Schedule = Field(
        default_factory=lambda: _ADAPTIVE,
        description="`adaptive`, `every 6h`, `cron 30 6 * * * Europe/Berlin`, or the fields",
    )
    first: FirstCheck = FirstCheck.FROM_NOW
    newest: int | None = Field(
        default=None, ge=1, le=100_000, description="For `newest`: the number of videos"
    )

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.newest is None) is (self.first is FirstCheck.NEWEST):
            raise ValueError("`newest` is needed with `first: newest`, and only then")
        self._check(self.options)
        return self


class Subscribe(SubscribeOptions):
    """A channel or playlist to follow."""

    source: PlaylistId

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.newest is not None and not has_newest_first(self.source):
            raise ValueError("`newest` needs a channel: a playlist can have any order")
        return self


class EditSubscription(_Chosen):
    """The fields of a subscription to change; the others stay."""

    options: JobOptions | None = Field(
        default=None, description="Only the given options and rules are changed"
    )
    schedule: Schedule | None = None
    all_videos: bool = Field(
        default=False, description="Archive the videos that precede the subscription too"
    )

    @model_validator(mode="after")
    def _is_allowed(self) -> Self:
        if self.options is not None:
            self._check(self.options)
        return self


class RemovedSubscription(Model):
    """A removed subscription; its videos are kept."""

    id: str
    title: str


class CheckDue(Model):
    """How many due checks to run."""

    limit: int = Field(default=10, ge=1, le=200)


class ChecksReport(Model):
    """The subscriptions that were checked, and what is left."""

    checked: list[Subscription]
    due: int = Field(description="Checks that are still due, at most 200 are counted")
    waiting_for: str | None = Field(
        default=None, description="Why no further check starts at present"
    )


class PreviewRequest(Model):
    """Which entries to show, and which rules to apply."""

    limit: int = Field(default=30, ge=1, le=100, description="The first entries of the list")
    filter: VideoFilter | None = Field(
        default=None, description="Rules to try instead of those of the subscription"
    )


class PreviewEntry(Model):
    """An entry of a list, and whether it would be archived."""

    video_id: str
    title: str = ""
    is_taken: bool
    rule: str | None = Field(default=None, description="The field of the filter that leaves it out")
    reason: str | None = Field(default=None, description="Why it would be left out")
    is_certain: bool = Field(
        description="false: metadata that is not known yet can exclude the video"
    )


class Preview(Model):
    """What the rules of a subscription take and leave out."""

    entries: list[PreviewEntry]


class ImportSubscriptions(SubscribeOptions):
    """A list of channels and playlists to follow, with options for all of them."""

    content: str = Field(
        max_length=4 * 2**20, description="The text of the list: OPML, CSV, or one source per line"
    )
    form: ListForm | None = Field(default=None, description="Default: recognised by the content")


class RefusedSource(Model):
    """A source of a list that is not followed, and the reason."""

    source: str
    reason: str


class ImportedSubscriptions(Model):
    """The result of an import."""

    added: list[str] = Field(description="The sources that are followed now")
    known: list[str] = Field(description="The sources that were followed already")
    refused: list[RefusedSource]
    unreadable: list[UnreadableLine]


class ExportedSubscriptions(Model):
    """All subscriptions in a form that other programs read."""

    opml: str
    count: int
