"""Applies rules: removes what a plan contains, on request and each day."""

import asyncio
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from loguru import logger

from ytarchive.common.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    YTArchiveError,
    error_from,
)
from ytarchive.common.models import utc_now
from ytarchive.common.scheduler import Duty
from ytarchive.jobs import RequestedQuery
from ytarchive.retention.gathering import RetentionClients, gathered
from ytarchive.retention.models import PlannedRemoval, RetentionRemoval, RetentionReport
from ytarchive.retention.planning import AppliedRule, Plan, Situation, plan_of
from ytarchive.retention.repository import RetentionRepository, StoredRule
from ytarchive.storage import EmptyTrash, RemoveVideos
from ytarchive.subscriptions import Subscription

log = logger.bind(service="jobs")

DAY = timedelta(days=1)
_LONGEST_STEP = timedelta(days=2)
"""The time by which ages are computed advances by this much in a daily run, at most: a clock that
is a year ahead removes no more than what would be due the day after tomorrow."""
_INTERVAL = 600.0
_AT_ONCE = 20
_ITEMS = 1000


@dataclass(frozen=True)
class Selection:
    """The rules of a run or a preview."""

    acting: Sequence[StoredRule]
    """Those whose videos are removed."""
    agreeing: Sequence[StoredRule]
    """The others that are applied already."""
    followed: Mapping[str, Subscription]

    @property
    def digest(self) -> str:
        """Return a digest of all rules, which a preview and its run have in common."""
        rules = sorted(f"{r.subscription_id} {r.rule.model_dump_json()}" for r in self._all)
        return hashlib.sha256("\n".join(rules).encode()).hexdigest()

    @property
    def _all(self) -> list[StoredRule]:
        return [*self.acting, *self.agreeing]

    def applied(self, *, is_confirmed: bool) -> list[AppliedRule]:
        """Return the rules with the times by which they compute ages.

        `is_confirmed`: a user has seen what the acting rules remove by the present clock.
        """
        now = utc_now()
        acting = [(each, now if is_confirmed else counted_at(each, now)) for each in self.acting]
        others = [(each, counted_at(each, now)) for each in self.agreeing]
        return [self._applied(*each) for each in (*acting, *others)]

    def _applied(self, stored: StoredRule, moment: datetime) -> AppliedRule:
        subscription = self.followed[stored.subscription_id]
        return AppliedRule(
            subscription.id, subscription.list_id, subscription.title, stored.rule, moment
        )

    @property
    def scope(self) -> set[str]:
        """Return the lists whose videos are removed."""
        return {self.followed[each.subscription_id].list_id for each in self.acting}


class RetentionRuns:
    """The runs of one archive, one at a time."""

    def __init__(self, repository: RetentionRepository, clients: RetentionClients) -> None:
        self._repository = repository
        self._clients = clients
        self._turn = asyncio.Lock()
        self.duty = Duty("retention of videos", self.run_due, _INTERVAL, 60.0, due=self.next_due)

    async def next_due(self) -> datetime | None:
        """Return when a rule is applied next; None if none is applied."""
        rules = await self._repository.rules()
        now = utc_now()
        return min((_due(each, now) for each in rules.values() if _is_applied(each)), default=None)

    async def selected(self, subscription_id: str | None) -> Selection:
        """Return the rule of a subscription, or all. Raises InvalidRequest if there is none."""
        rules, followed = await self._read()
        acting = [each for each in rules if subscription_id in {None, each.subscription_id}]
        if not acting:
            raise InvalidRequest("no retention rule is set: `ytarchive retention set` sets one")
        agreeing = [each for each in rules if each not in acting and _is_applied(each)]
        return Selection(acting, agreeing, followed)

    async def situation(self, selection: Selection, *, is_confirmed: bool) -> Situation:
        """Return the present state of the videos that a selection concerns."""
        applied = selection.applied(is_confirmed=is_confirmed)
        return await gathered(self._clients, applied, selection.followed, selection.scope)

    async def run(self, subscription_id: str | None) -> RetentionReport:
        """Apply rules that were previewed, and each day from now on.

        Raises InvalidRequest, Conflict without a preview, or what Storage raises.
        """
        async with self._turn:
            selection = await self.selected(subscription_id)
            _require_preview(selection)
            await self._repository.apply(selection.acting)
            return await self._run(selection, is_confirmed=True)

    async def run_due(self) -> RetentionReport:
        """Apply the rules that were applied before, and not within the last day."""
        async with self._turn:
            rules, followed = await self._read()
            now = utc_now()
            applied = [each for each in rules if _is_applied(each)]
            acting = [each for each in applied if _due(each, now) <= now]
            if not acting:
                return RetentionReport(removed=[])
            agreeing = [each for each in applied if each not in acting]
            return await self._run(Selection(acting, agreeing, followed), is_confirmed=False)

    async def _read(self) -> tuple[list[StoredRule], Mapping[str, Subscription]]:
        """Return the rules, without those of removed subscriptions, and all subscriptions."""
        rules, followed = await self._repository.rules(), await self._clients.followed()
        return [each for key, each in rules.items() if key in followed], followed

    async def _run(self, selection: Selection, *, is_confirmed: bool) -> RetentionReport:
        try:
            situation = await self.situation(selection, is_confirmed=is_confirmed)
            plan = plan_of(situation)
            # A run that was killed may have recorded a removal that did not take place.
            stored = [(each.video_id, each.stored_at) for each in situation.videos]
            await self._repository.withdraw_removals(stored)
            done, changed = await self._execute(plan, selection)
        except YTArchiveError as error:
            await self._repository.fail_run(selection.acting, error.message)
            raise
        counted = {each.subscription_id: each.counted_at for each in situation.rules}
        await self._repository.end_run(selection.acting, counted)
        removed_bytes = sum(each.size_bytes for each in done)
        if done or plan.purged:
            log.info("retention removed {} videos, {} bytes", len(done), removed_bytes)
        return RetentionReport(
            removed=done,
            removed_bytes=removed_bytes,
            purged_items=len(plan.purged),
            purged_bytes=sum(each.size_bytes for each in plan.purged),
            kept=plan.kept,
            changed=changed,
        )

    async def _execute(
        self, plan: Plan, selection: Selection
    ) -> tuple[list[PlannedRemoval], list[str]]:
        """Delete the old trash, then remove the videos. Return these, and the changed ones."""
        items = iter([each.item_id for each in plan.purged])
        while some := list(islice(items, _ITEMS)):
            await self._clients.trash.empty_trash(EmptyTrash(item_ids=some))
        done: list[PlannedRemoval] = []
        changed: list[str] = []
        removals = iter(plan.removed)
        while chunk := list(islice(removals, _AT_ONCE)):
            query = RequestedQuery(video_ids=[each.video_id for each in chunk])
            requested = (await self._clients.origins.find_requested(query)).video_ids
            for each in chunk:
                if await self._remove(each, selection.followed, requested):
                    done.append(each)
                else:
                    changed.append(each.video_id)
        return done, changed

    async def _remove(
        self, planned: PlannedRemoval, followed: Mapping[str, Subscription], kept: Collection[str]
    ) -> bool:
        """Remove a video; return False if it has changed, or was requested meanwhile."""
        if planned.video_id in kept:
            return False
        subscription = followed[planned.subscription_ids[0]]
        title = subscription.title or subscription.list_id
        removal = RetentionRemoval(
            video_id=planned.video_id,
            title=planned.title,
            subscription_id=subscription.id,
            subscription_title=title,
            limit=planned.limit,
            reason=planned.reason,
            size_bytes=planned.size_bytes,
            removed_at=utc_now(),
        )
        await self._repository.add_removal(removal, planned.stored_at)
        request = RemoveVideos(
            video_ids=[planned.video_id],
            stored_at=planned.stored_at,
            detail=f"retention of {title}: {planned.reason}"[:500],
        )
        [result] = (await self._clients.trash.remove_videos(request)).videos
        if result.error is None:
            log.info("{}: removed by the retention of {}", planned.video_id, title)
            return True
        await self._repository.withdraw_removals([(planned.video_id, planned.stored_at)])
        if result.error.code in {Conflict.code, NotFound.code}:
            return False
        raise error_from(result.error)


def counted_at(stored: StoredRule, now: datetime) -> datetime:
    """Return the time by which a rule computes ages: the present, with limited steps."""
    before = stored.counted_until
    return now if before is None or now < before else min(now, before + _LONGEST_STEP)


def _is_applied(stored: StoredRule) -> bool:
    return stored.counted_until is not None


def _due(stored: StoredRule, now: datetime) -> datetime:
    """Return when a rule is applied next; at once if the clock was set back."""
    last = stored.last_run_at
    return last + DAY if last is not None and last <= now else now


def _require_preview(selection: Selection) -> None:
    now = utc_now()
    for each in selection.acting:
        is_recent = each.previewed_at is not None and now - DAY <= each.previewed_at <= now
        if not is_recent or each.preview != selection.digest:
            raise Conflict(
                "these rules were not previewed in the last 24 hours: `ytarchive retention "
                "preview` shows what they remove, then repeat the command"
            )
