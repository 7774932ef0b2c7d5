"""Which videos of a list a job archives.

A filter is evaluated on the list's own fields first and then on metadata, always before any media
are fetched. A criterion whose facts are unknown excludes no video.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from ytarchive.common.channel_lists import LONGEST_SHORT, VideoKind, kind_of_list
from ytarchive.common.media import PlaylistVideo, VideoMetadata
from ytarchive.common.models import Model, UtcDatetime

TitlePatterns = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=100)
]


@dataclass(frozen=True)
class Facts:
    """The facts of a video that a filter uses; None: unknown."""

    title: str | None = None
    duration: int | None = None
    uploaded: datetime | None = None
    kind: VideoKind | None = None

    @classmethod
    def of_entry(cls, entry: PlaylistVideo, list_id: str) -> Self:
        """Return the facts that a list shows of one of its videos."""
        return cls(
            title=entry.title if entry.is_available and entry.title else None,
            duration=entry.duration or None,
            kind=kind_of_list(list_id),
        )

    @classmethod
    def of_metadata(cls, metadata: VideoMetadata) -> Self:
        """Return the facts in metadata."""
        return cls(
            title=metadata.title or None,
            duration=metadata.duration,
            uploaded=metadata.upload_date,
            kind=metadata.kind,
        )


class VideoFilter(Model):
    """Which videos a job archives. Without a criterion: all."""

    include_titles: TitlePatterns = Field(
        default=[],
        description="Only titles that contain one of these texts, in any case; `*` matches any "
        "text between two others",
    )
    exclude_titles: TitlePatterns = Field(
        default=[], description="No titles that contain one of these texts"
    )
    min_duration: int | None = Field(default=None, ge=0, description="Seconds")
    max_duration: int | None = Field(default=None, ge=0, description="Seconds")
    since: UtcDatetime | None = Field(
        default=None, description="Only videos uploaded at this time or later"
    )
    until: UtcDatetime | None = Field(
        default=None, description="Only videos uploaded at this time or earlier"
    )
    kinds: list[VideoKind] = Field(
        default=list(VideoKind),
        min_length=1,
        description="`live` includes recordings of live streams",
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

    @model_validator(mode="after")
    def _has_ranges(self) -> Self:
        if self.min_duration is not None and self.max_duration is not None:
            _require_order("duration", self.min_duration <= self.max_duration)
        if self.since is not None and self.until is not None:
            _require_order("date of upload", self.since <= self.until)
        return self

    @property
    def has_criteria(self) -> bool:
        """Return whether a single video can be excluded."""
        return self.model_copy(update={"newest": None}) != VideoFilter()

    def covers(self, later: "VideoFilter") -> bool:
        """Return whether `later` excludes everything that this filter excludes."""
        own, other = (each.model_copy(update={"newest": None}) for each in (self, later))
        if own.since is not None and (other.since is None or other.since < own.since):
            return False
        return own.model_copy(update={"since": None}) == other.model_copy(update={"since": None})

    def exclusion(self, facts: Facts) -> str | None:
        """Return why a video is excluded; None if no known fact excludes it."""
        found = (
            self._of_title(facts.title),
            self._of_duration(facts.duration),
            self._of_date(facts.uploaded),
            None if self._possible(facts) else f"it is a {facts.kind or 'long video'}",
        )
        reason = next(filter(None, found), None)
        return reason and f"excluded by the filter: {reason}"

    def needs_kind(self, facts: Facts) -> bool:
        """Return whether the result depends on the kind of the video, which is unknown."""
        possible = self._possible(facts)
        return facts.kind is None and not possible >= _kinds(facts)

    def _possible(self, facts: Facts) -> set[VideoKind]:
        return _kinds(facts) & set(self.kinds)

    def _of_title(self, title: str | None) -> str | None:
        if title is None:
            return None
        compared = _comparable(title)
        if self.include_titles and not any(_is_in(each, compared) for each in self.include_titles):
            return "its title matches none of the texts"
        excluded = next((each for each in self.exclude_titles if _is_in(each, compared)), None)
        return excluded and f"its title matches {excluded!r}"

    def _of_duration(self, duration: int | None) -> str | None:
        if duration is None:
            return None
        if self.min_duration is not None and duration < self.min_duration:
            return f"it lasts {duration} s, less than {self.min_duration} s"
        if self.max_duration is not None and duration > self.max_duration:
            return f"it lasts {duration} s, more than {self.max_duration} s"
        return None

    def _of_date(self, uploaded: datetime | None) -> str | None:
        if uploaded is None:
            return None
        if self.since is not None and uploaded < self.since:
            return f"it was uploaded on {uploaded:%Y-%m-%d}, before {self.since:%Y-%m-%d}"
        if self.until is not None and uploaded > self.until:
            return f"it was uploaded on {uploaded:%Y-%m-%d}, after {self.until:%Y-%m-%d}"
        return None


def _kinds(facts: Facts) -> set[VideoKind]:
    """Return the kinds that a video may be of."""
    if facts.kind is not None:
        return {facts.kind}
    is_long = facts.duration is not None and facts.duration > LONGEST_SHORT
    return set(VideoKind) - ({VideoKind.SHORT} if is_long else set())


def _is_in(pattern: str, title: str) -> bool:
    """Return whether the texts between the `*` of a pattern are in a title, in this order.

    Each text is searched once, so the time is proportional to the length of the pattern.
    """
    position = 0
    for part in _comparable(pattern).split("*"):
        found = title.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return True


def _comparable(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _require_order(name: str, in_order: bool) -> None:
    if not in_order:
        raise ValueError(f"the lowest {name} is above the highest")
