"""Decides which videos rules remove. Nothing is read or changed here.

A rule computes with the videos that could be removed: a video that is kept for another reason
neither counts for a limit nor causes the removal of another video.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import ByteSize

from ytarchive.retention.models import (
    KeptReason,
    KeptVideos,
    PlannedRemoval,
    RetentionLimit,
    RetentionRule,
)

UNDO = timedelta(days=1)
"""A rule deletes no item of the trash that is younger."""
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class AppliedRule:
    """The rule of a subscription, as a plan applies it."""

    subscription_id: str
    list_id: str
    title: str
    rule: RetentionRule
    counted_at: datetime
    """The time by which ages are computed."""

    @property
    def name(self) -> str:
        """Return the title of the subscription, or its list."""
        return self.title or self.list_id


@dataclass(frozen=True)
class Protection:
    """Why a video is kept, whatever the rules say."""

    reason: KeptReason
    message: str


@dataclass(frozen=True)
class HeldMedia:
    """A stored video that a subscription with a rule holds."""

    video_id: str
    title: str
    size_bytes: int
    stored_at: datetime
    upload_date: datetime | None
    list_ids: tuple[str, ...]
    protection: Protection | None = None

    @property
    def order(self) -> tuple[datetime, datetime, str]:
        """Return the position from the oldest to the newest; unknown dates are the newest."""
        return self.upload_date or _LATEST, self.stored_at, self.video_id

    def age_at(self, moment: datetime) -> timedelta:
        """Return the time since it was stored, but at most since its upload."""
        return moment - max(self.stored_at, self.upload_date or self.stored_at)


@dataclass(frozen=True)
class TrashedItem:
    """An item of the trash."""

    item_id: str
    size_bytes: int
    moved_at: datetime
    list_ids: tuple[str, ...] = ()
    """The lists with rules that hold its video, if the video was removed."""


@dataclass(frozen=True)
class Situation:
    """What a plan is made of."""

    rules: Sequence[AppliedRule]
    videos: Sequence[HeldMedia]
    """Of the lists of the rules."""
    trash: Sequence[TrashedItem]
    free_bytes: int
    scope: Collection[str]
    """The lists whose videos the plan is about; the other rules are needed for their agreement."""

    @property
    def trash_bytes(self) -> int:
        """Return the size of the trash."""
        return sum(each.size_bytes for each in self.trash)


@dataclass
class Plan:
    """What is removed, what is kept, and which items of the trash are deleted."""

    removed: list[PlannedRemoval] = field(default_factory=list)
    kept: list[KeptVideos] = field(default_factory=list)
    purged: list[TrashedItem] = field(default_factory=list)


Released = Mapping[str, Mapping[str, RetentionLimit]]
"""For each video the lists whose rules release it, with the limits."""


def plan_of(situation: Situation) -> Plan:
    """Return what the rules of a situation remove."""
    rules = {each.list_id: each for each in situation.rules}
    free_to_go = [each for each in situation.videos if each.protection is None]
    released = _released(situation, rules, free_to_go)
    removed = {
        each.video_id for each in free_to_go if set(each.list_ids) <= set(released[each.video_id])
    }
    plan = Plan(purged=_purged(situation, [v for v in free_to_go if v.video_id not in removed]))
    kept: dict[Protection, list[HeldMedia]] = defaultdict(list)
    for video in sorted(situation.videos, key=lambda each: each.order):
        if not set(video.list_ids) & set(situation.scope):
            continue
        if video.video_id in removed:
            plan.removed.append(_removal(video, rules, released[video.video_id]))
        else:
            kept[_reason(video, rules, released[video.video_id])].append(video)
    plan.kept = [_kept(why, videos) for why, videos in kept.items()]
    return plan


def _released(
    situation: Situation, rules: Mapping[str, AppliedRule], videos: Sequence[HeldMedia]
) -> Released:
    released: dict[str, dict[str, RetentionLimit]] = defaultdict(dict)
    for rule in rules.values():
        own = [each for each in videos if rule.list_id in each.list_ids]
        for video, limit in _by_own_limits(rule, own):
            released[video.video_id].setdefault(rule.list_id, limit)
    _release_for_space(situation, rules, videos, released)
    return released


def _by_own_limits(
    applied: AppliedRule, videos: Iterable[HeldMedia]
) -> Iterator[tuple[HeldMedia, RetentionLimit]]:
    """Yield the videos that the age, the number or the size releases."""
    rule, size = applied.rule, 0
    longest = None if rule.max_age_days is None else timedelta(days=rule.max_age_days)
    newest_first = sorted(videos, key=lambda each: each.order, reverse=True)
    for position, video in enumerate(newest_first, 1):
        size += video.size_bytes
        if longest is not None and video.age_at(applied.counted_at) > longest:
            yield video, RetentionLimit.MAX_AGE_DAYS
        if rule.max_videos is not None and position > rule.max_videos:
            yield video, RetentionLimit.MAX_VIDEOS
        if rule.max_bytes is not None and size > rule.max_bytes:
            yield video, RetentionLimit.MAX_BYTES


def _release_for_space(
    situation: Situation,
    rules: Mapping[str, AppliedRule],
    videos: Sequence[HeldMedia],
    released: dict[str, dict[str, RetentionLimit]],
) -> None:
    """Release the oldest videos until enough is free; the trash counts as free.

    The trash includes what the other limits remove in the same run.
    """
    free = situation.free_bytes + situation.trash_bytes
    free += sum(v.size_bytes for v in videos if set(v.list_ids) <= set(released[v.video_id]))
    for video in sorted(videos, key=lambda each: each.order):
        own = released[video.video_id]
        waiting = [each for each in video.list_ids if each not in own]
        needed = [rules[each].rule.min_free_bytes or 0 for each in waiting]
        if needed and free < min(needed):
            own.update(dict.fromkeys(waiting, RetentionLimit.MIN_FREE_BYTES))
            free += video.size_bytes


def _purged(situation: Situation, kept: Sequence[HeldMedia]) -> list[TrashedItem]:
    """Return the oldest items of the trash that limits of space and size delete."""
    rules = [each for each in situation.rules if each.list_id in situation.scope]
    needed = max((each.rule.min_free_bytes or 0 for each in rules), default=0)
    before = min((each.counted_at for each in rules), default=_LATEST) - UNDO
    old = sorted((t for t in situation.trash if t.moved_at <= before), key=lambda t: t.moved_at)
    chosen: dict[str, TrashedItem] = {}
    free = situation.free_bytes
    for item in old:
        if free < needed:
            chosen[item.item_id] = item
            free += item.size_bytes
    for rule in rules:
        if rule.rule.max_bytes is None:
            continue
        trashed = [each for each in situation.trash if rule.list_id in each.list_ids]
        used = sum(each.size_bytes for each in kept if rule.list_id in each.list_ids)
        used += sum(each.size_bytes for each in trashed if each.item_id not in chosen)
        for item in old:
            own = rule.list_id in item.list_ids and item.item_id not in chosen
            if own and used > rule.rule.max_bytes:
                chosen[item.item_id] = item
                used -= item.size_bytes
    return [each for each in old if each.item_id in chosen]


def _removal(
    video: HeldMedia, rules: Mapping[str, AppliedRule], released: Mapping[str, RetentionLimit]
) -> PlannedRemoval:
    first = rules[video.list_ids[0]]
    limit = released[first.list_id]
    return PlannedRemoval(
        video_id=video.video_id,
        title=video.title,
        size_bytes=video.size_bytes,
        stored_at=video.stored_at,
        upload_date=video.upload_date,
        subscription_ids=[rules[each].subscription_id for each in video.list_ids],
        limit=limit,
        reason=_in_words(limit, first.rule),
    )


def _in_words(limit: RetentionLimit, rule: RetentionRule) -> str:
    match limit:
        case RetentionLimit.MAX_AGE_DAYS:
            return f"stored more than {rule.max_age_days:g} days ago"
        case RetentionLimit.MAX_VIDEOS:
            return f"not among the newest {rule.max_videos}"
        case RetentionLimit.MAX_BYTES:
            return f"beyond the newest {_size(rule.max_bytes)}"
        case RetentionLimit.MIN_FREE_BYTES:
            return f"less than {_size(rule.min_free_bytes)} free"


def _size(count: int | None) -> str:
    return ByteSize(count or 0).human_readable(decimal=True, separator=" ")


def _reason(
    video: HeldMedia, rules: Mapping[str, AppliedRule], released: Mapping[str, RetentionLimit]
) -> Protection:
    if video.protection is not None:
        return video.protection
    keeping = next(each for each in video.list_ids if each not in released)
    return Protection(KeptReason.WITHIN_LIMITS, f"within the limits of {rules[keeping].name}")


def _kept(why: Protection, videos: Sequence[HeldMedia]) -> KeptVideos:
    return KeptVideos(
        reason=why.reason,
        message=why.message,
        videos=len(videos),
        size_bytes=sum(each.size_bytes for each in videos),
        example=videos[0].video_id,
    )
