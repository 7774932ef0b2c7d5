"""Which videos of a list a job archives.

A filter is evaluated on the list's own fields first and then on metadata, always before any media
are fetched. A criterion whose facts are unknown excludes no video.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from pydantic import Field, model_validator

from ytarchive.common.channel_lists import LONGEST_SHORT, VideoKind, kinds_of_list
from ytarchive.common.languages import covered
from ytarchive.common.media import PlaylistVideo, VideoMetadata
from ytarchive.common.models import Model, UtcDatetime, utc_now
from ytarchive.common.requested_languages import AudioLanguage
from ytarchive.common.setting_types import Size
from ytarchive.jobs.queue.patterns import Patterns, first_match


class Exclusion(NamedTuple):
    """Why a filter excludes a video."""

    rule: str
    """The field of the filter."""
    reason: str


@dataclass(frozen=True)
class Facts:
    """The facts of a video that a filter uses; None: unknown."""

    title: str | None = None
    duration: int | None = None
    uploaded: datetime | None = None
    kind: VideoKind | None = None
    possible_kinds: frozenset[VideoKind] = frozenset(VideoKind)
    """The kinds of the videos of the list that has the video."""
    description: str | None = None
    language: str | None = None
    is_for_members: bool | None = None

    @classmethod
    def of_entry(cls, entry: PlaylistVideo, list_id: str) -> Self:
        """Return the facts that a list shows of one of its videos."""
        return cls(
            title=entry.title if entry.is_available and entry.title else None,
            duration=entry.duration or None,
            possible_kinds=kinds_of_list(list_id),
            is_for_members=entry.members_only or None,
        )

    @classmethod
    def of_metadata(cls, metadata: VideoMetadata) -> Self:
        """Return the facts in metadata."""
        return cls(
            title=metadata.title or None,
            duration=metadata.duration,
            uploaded=metadata.upload_date,
            kind=metadata.kind,
            description=metadata.description,
            language=metadata.language,
            is_for_members=metadata.members_only,
        )


class VideoFilter(Model):
    """Which videos a job archives. Without a criterion: all."""

    include_titles: Patterns = Field(
        default=[],
        description="Only titles that contain one of these texts, in any case; `*` matches any "
        "text between two others, and `/…/` is a regular expression, which may take 0.1 s",
    )
    exclude_titles: Patterns = Field(
        default=[], description="No titles that contain one of these texts"
    )
    include_descriptions: Patterns = Field(
        default=[], description="Only descriptions that contain one of these texts"
    )
    exclude_descriptions: Patterns = Field(
        default=[], description="No descriptions that contain one of these texts"
    )
    min_duration: int | None = Field(default=None, ge=0, description="Seconds")
    max_duration: int | None = Field(default=None, ge=0, description="Seconds")
    since: UtcDatetime | None = Field(
        default=None, description="Only videos uploaded at this time or later"
    )
    until: UtcDatetime | None = Field(
        default=None, description="Only videos uploaded at this time or earlier"
    )
    max_age_days: float | None = Field(
        default=None, gt=0, le=36_600, description="Only videos that are not older"
    )
    kinds: list[VideoKind] = Field(
        default=list(VideoKind),
        min_length=1,
        description="`live` includes recordings of live streams; a `premiere` is a video that was "
        "first shown at an announced time",
    )
    languages: list[AudioLanguage] = Field(
        default=[],
        max_length=50,
        description="Only videos in one of these languages, if the language is known",
    )
    members_only: bool | None = Field(
        default=None,
        description="false: no videos for members of the channel; true: only these; null: all",
    )
    newest: int | None = Field(
        default=None,
        ge=1,
        description="Only this many of a channel's newest videos that the list's own fields do "
        "not exclude; the listing stops there",
    )

    only_new: bool = Field(
        default=False,
        description="Only videos that came to the list after it was first followed by a "
        "subscription that does not archive earlier ones",
    )

    max_videos: int | None = Field(
        default=None, ge=1, description="A job archives at most this many videos of its list"
    )
    max_videos_per_day: int | None = Field(
        default=None, ge=1, description="At most this many videos of the list in a day, local time"
    )
    max_bytes: Size | None = Field(
        default=None, ge=1, description="A job fetches no further video after this many bytes"
    )
    max_bytes_per_day: Size | None = Field(
        default=None, ge=1, description="No further video of the list in a day after so many bytes"
    )

    @model_validator(mode="after")
    def _has_ranges(self) -> Self:
        if self.min_duration is not None and self.max_duration is not None:
            _require_order("duration", self.min_duration <= self.max_duration)
        if self.since is not None and self.until is not None:
            _require_order("date of upload", self.since <= self.until)
        return self

    @property
    def has_criteria(self) -> bool:
        """Return whether a single video can be excluded by its facts."""
        return self.model_copy(update={"newest": None, **_LIMITS}) != VideoFilter()

    @property
    def has_limits(self) -> bool:
        """Return whether the number or size of the videos is limited."""
        return any(getattr(self, name) is not None for name in _LIMITS)

    def covers(self, later: "VideoFilter") -> bool:
        """Return whether `later` excludes everything that this filter excludes."""
        if self.since is not None and (later.since is None or later.since < self.since):
            return False
        # Videos do not become younger.
        age, allowed = self.max_age_days, later.max_age_days
        if age is not None and (allowed is None or allowed > age):
            return False
        own, other = (each.model_copy(update=_MOVING) for each in (self, later))
        return own == other

    def exclusion(self, facts: Facts, now: datetime | None = None) -> Exclusion | None:
        """Return why a video is excluded; None if no known fact excludes it."""
        found = (
            self._of_text("title", facts.title),
            self._of_text("description", facts.description),
            self._of_duration(facts.duration),
            self._of_date(facts.uploaded, now or utc_now()),
            self._of_kind(facts),
            self._of_audience(facts),
        )
        first = next(filter(None, found), None)
        return first and first._replace(reason=f"excluded by the filter: {first.reason}")

    def exclusion_of_entry(self, entry: PlaylistVideo, list_id: str) -> Exclusion | None:
        """Return why a list's own fields exclude an entry; None if they do not."""
        return self.exclusion(Facts.of_entry(entry, list_id))

    def exclusion_of_video(self, metadata: VideoMetadata) -> Exclusion | None:
        """Return why metadata exclude a video; None if they do not."""
        return self.exclusion(Facts.of_metadata(metadata))

    def needs_kind(self, facts: Facts) -> bool:
        """Return whether the result depends on the kind of the video, which is unknown."""
        possible = self._possible(facts)
        return facts.kind is None and not possible >= _kinds(facts)

    def _possible(self, facts: Facts) -> set[VideoKind]:
        return _kinds(facts) & set(self.kinds)

    def _of_text(self, name: str, text: str | None) -> Exclusion | None:
        if text is None:
            return None
        included = self.include_titles if name == "title" else self.include_descriptions
        if included and first_match(included, text) is None:
            return Exclusion(f"include_{name}s", f"its {name} matches none of the texts")
        excluded = self.exclude_titles if name == "title" else self.exclude_descriptions
        if (found := first_match(excluded, text)) is None:
            return None
        return Exclusion(f"exclude_{name}s", f"its {name} matches {found!r}")

    def _of_duration(self, duration: int | None) -> Exclusion | None:
        if duration is None:
            return None
        lasts = f"it lasts {duration} s"
        if self.min_duration is not None and duration < self.min_duration:
            return Exclusion("min_duration", f"{lasts}, less than {self.min_duration} s")
        if self.max_duration is not None and duration > self.max_duration:
            return Exclusion("max_duration", f"{lasts}, more than {self.max_duration} s")
        return None

    def _of_date(self, uploaded: datetime | None, now: datetime) -> Exclusion | None:
        if uploaded is None:
            return None
        day, age = f"it was uploaded on {uploaded:%Y-%m-%d}", self.max_age_days
        if self.since is not None and uploaded < self.since:
            return Exclusion("since", f"{day}, before {self.since:%Y-%m-%d}")
        if self.until is not None and uploaded > self.until:
            return Exclusion("until", f"{day}, after {self.until:%Y-%m-%d}")
        if age is not None and now - uploaded > timedelta(days=age):
            return Exclusion("max_age_days", f"{day}, more than {age:g} days ago")
        return None

    def _of_kind(self, facts: Facts) -> Exclusion | None:
        is_possible = bool(self._possible(facts))
        if is_possible:
            return None
        listed = facts.possible_kinds - {VideoKind.PREMIERE}
        kind = facts.kind or (next(iter(listed)) if len(listed) == 1 else "long video")
        return Exclusion("kinds", f"it is a {kind}")

    def _of_audience(self, facts: Facts) -> Exclusion | None:
        spoken = [facts.language] if facts.language else []
        if self.languages and spoken and not any(covered(each, spoken) for each in self.languages):
            return Exclusion("languages", f"its language is {facts.language}")
        if self.members_only is None or facts.is_for_members in {None, self.members_only}:
            return None
        audience = "only" if facts.is_for_members else "not only"
        return Exclusion("members_only", f"it is {audience} for members of the channel")


_LIMITS = dict.fromkeys(("max_videos", "max_videos_per_day", "max_bytes", "max_bytes_per_day"))
_MOVING = {"newest": None, "since": None, "max_age_days": None, **_LIMITS}
"""Criteria that exclude other videos at another time."""


def _kinds(facts: Facts) -> set[VideoKind]:
    """Return the kinds that a video may be of."""
    if facts.kind is not None:
        return {facts.kind}
    is_long = facts.duration is not None and facts.duration > LONGEST_SHORT
    return set(facts.possible_kinds) - ({VideoKind.SHORT} if is_long else set())


def _require_order(name: str, in_order: bool) -> None:
    if not in_order:
        raise ValueError(f"the lowest {name} is above the highest")
