"""Checks subscriptions for new videos, and creates the jobs that archive them.

Jobs alone records which videos were seen, and a check is repeated if it was interrupted: so nothing
is missed, and a job that lists the same playlist already is used instead of another one.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.channel_lists import is_newest_first
from ytarchive.common.events import SubscriptionChecked, publish
from ytarchive.common.media import PlaylistVideo
from ytarchive.common.models import utc_now
from ytarchive.jobs import CompareList, KnownListsAPI, ListComparison, PrecedingVideos
from ytarchive.subscriptions.budget import Cost
from ytarchive.subscriptions.job_requests import JobRequests, chosen_first
from ytarchive.subscriptions.looking import Entries, Looker
from ytarchive.subscriptions.models import (
    CheckOutcome,
    CheckResult,
    CheckSource,
    SourceProblem,
)
from ytarchive.subscriptions.outage import Outage
from ytarchive.subscriptions.pacing import Pacing
from ytarchive.subscriptions.repository import Followed, SubscriptionsRepository
from ytarchive.subscriptions.rhythm import DAILY, NextCheck
from ytarchive.subscriptions.schedules import ScheduleKind

log = logger.bind(service="jobs")

_KEPT_UPLOADS = 20
_BEFORE_GONE = 3
"""Failed checks of a source, over more than a day, until it counts as gone."""
_PAUSES = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))
"""Of a source that YouTube refuses, after the first, second and later refusals."""
_FIRST_RETRY = timedelta(minutes=10)
_LAST_RETRY = timedelta(days=1)
_HELD_BACK = "limits of the rules held videos back; a job requests them again"
_GENERAL = (errors.Blocked, errors.QuotaExceeded, errors.ServiceUnavailable, errors.ServiceTimeout)
"""Failures that concern no single source: all checks wait."""


@dataclass(frozen=True)
class _Found:
    """What a check found."""

    followed: Followed
    source: CheckSource
    pages: int
    new: dict[str, datetime | None]
    job_id: str | None = None
    message: str = ""
    starts_at: datetime | None = None


class Checker:
    """Checks one subscription at a time."""

    def __init__(
        self,
        repository: SubscriptionsRepository,
        requests: JobRequests,
        lists: KnownListsAPI,
        looker: Looker,
        pacing: Pacing,
    ) -> None:
        self._repository = repository
        self._requests = requests
        self._lists = lists
        self._looker = looker
        self._pacing = pacing
        self._turn = asyncio.Lock()
        self.outage = Outage()

    async def restore_outage(self) -> None:
        """Continue an outage that began in an earlier process."""
        followed = await self._repository.active()
        self.outage.restore({each.id: each.last_check for each in followed if each.last_check})

    async def check(self, subscription_id: str, *, only_due: bool = False) -> Followed | None:
        """Check a subscription and return it; None if it no longer exists, or is not due.

        Raises RequestsPaused or another error that concerns all subscriptions; a failure of the
        subscription's own source is its result.
        """
        async with self._turn:
            followed = await self._repository.get(subscription_id)
            if followed is None or (only_due and followed.next_check_at > utc_now()):
                return None
            try:
                checked = await self._checked(followed)
            except _GENERAL as error:
                self.outage.pause(error.message, _end_of(error))
                raise
            except errors.YTArchiveError as error:
                checked = await self._failed(followed, error)
                self.outage.failed(followed.id, error.message)
            else:
                self.outage.succeeded()
            is_recorded = await self._repository.record(checked)
            _publish(checked)
            return checked if is_recorded else await self._repository.get(subscription_id)

    async def _checked(self, followed: Followed) -> Followed:
        expected = followed.pages
        by_api = await self._pacing.may_use_units(expected)
        reserved = Cost(expected, expected if by_api else 0)
        await self._pacing.spend(reserved)
        look = self._look if followed.is_begun else self._begin
        found = await look(followed, by_api=by_api)
        followed, is_new = found.followed, bool(found.new) or found.job_id is not None
        units = found.pages if found.source is CheckSource.DATA_API else 0
        await self._pacing.spend(Cost(found.pages - expected, units - reserved.units))
        now = utc_now()
        result = CheckResult(
            checked_at=now,
            outcome=CheckOutcome.NEW if is_new else CheckOutcome.NOTHING_NEW,
            source=found.source,
            new_videos=len(found.new),
            job_id=found.job_id,
            message=found.message,
        )
        followed = replace(
            followed,
            is_begun=True,
            must_list=False,
            problem=None,
            problem_message=None,
            failures=0,
            last_check=result,
            last_job=found.job_id or followed.last_job,
            confirmed_at=followed.confirmed_at if found.source is CheckSource.FEED else now,
        )
        planned = await self._pacing.next_check(followed, found.starts_at)
        if found.job_id is not None and followed.options.filter.has_limits:
            planned = _not_later_than_tomorrow(followed, planned, now)
        return _planned(followed, planned)

    async def _look(self, followed: Followed, *, by_api: bool) -> _Found:
        """Look for entries that Jobs does not know, and create a job if there are any."""
        pages, known, source = 0, ListComparison(), CheckSource.YT_DLP
        new: dict[str, datetime | None] = {}
        async for entries in self._looker.newest(followed, by_api=by_api):
            pages, source = pages + 1, entries.source
            followed = _with_entries(followed, entries)
            known = await self._compare(followed, entries.videos)
            new |= _among(entries.videos, known.unknown)
            if new or is_newest_first(followed.list_id):
                break
        followed = replace(_with_detected(followed, new), pages=max(pages, 1))
        job_id = None
        if new or followed.must_list or known.held_back:
            job_id = await self._requests.job(followed, known)
        message = _HELD_BACK if known.held_back and not new else ""
        return _Found(followed, source, pages, new, job_id, message, known.starts_at)

    async def _begin(self, followed: Followed, *, by_api: bool) -> _Found:
        """Record the entries that precede a subscription; create a job for the chosen ones."""
        videos: list[PlaylistVideo] = []
        pages, source = 0, CheckSource.YT_DLP
        async for entries in self._looker.pages(followed, by_api=by_api):
            pages, source = pages + 1, entries.source
            followed = _with_entries(followed, entries)
            videos += entries.videos
        chosen = chosen_first(followed, videos)
        before = [each.video_id for each in videos if each.video_id not in chosen]
        request = PrecedingVideos(video_ids=before, since=followed.created_at)
        await self._lists.record_preceding(followed.list_id, request)
        known = await self._compare(followed, videos)
        new = _among(videos, known.unknown)
        followed = replace(followed, pages=1 if is_newest_first(followed.list_id) else pages)
        backfill = ListComparison(listed_by=known.listed_by)
        job_id = await self._requests.job(followed, backfill) if new else None
        return _Found(followed, source, pages, new, job_id)

    async def _compare(self, followed: Followed, videos: Iterable[PlaylistVideo]) -> ListComparison:
        ids = list(dict.fromkeys(each.video_id for each in videos))
        request = CompareList(video_ids=ids, job_id=followed.last_job)
        return await self._lists.compare_list(followed.list_id, request)

    async def _failed(self, followed: Followed, error: errors.YTArchiveError) -> Followed:
        now, failures = utc_now(), followed.failures + 1
        result = CheckResult(checked_at=now, outcome=CheckOutcome.FAILED, message=error.message)
        changes: dict[str, Any] = {"failures": failures, "last_check": result}
        if isinstance(error, errors.Unavailable):
            pause = _PAUSES[min(failures, len(_PAUSES)) - 1]
            if failures >= _BEFORE_GONE:
                changes |= {"problem": _problem(error), "problem_message": error.message}
        else:
            pause = min(_FIRST_RETRY * 2 ** min(failures - 1, 10), _LAST_RETRY)
        log.info("{} could not be checked: {}", followed.list_id, error.message)
        planned = NextCheck(at=now + pause, reason=f"the last check failed: {error.message}")
        return _planned(replace(followed, **changes), planned)


def _publish(checked: Followed) -> None:
    last = checked.last_check
    if last is not None:
        publish(
            SubscriptionChecked(
                subscription_id=checked.id,
                list_id=checked.list_id,
                outcome=last.outcome.value,
                new_videos=last.new_videos,
                job_id=last.job_id,
                next_check_at=checked.next_check_at,
            )
        )


def _planned(followed: Followed, planned: NextCheck) -> Followed:
    return replace(followed, next_check_at=planned.at, next_check_reason=planned.reason)


def _not_later_than_tomorrow(followed: Followed, planned: NextCheck, now: datetime) -> NextCheck:
    """Return a time at which the limits of a job allow more videos."""
    if followed.schedule.kind is not ScheduleKind.ADAPTIVE or planned.at <= now + DAILY:
        return planned
    reason = "the rules limit the videos of a job or day; checked every day while jobs are created"
    return NextCheck(at=now + DAILY, reason=reason)


def _among(videos: Iterable[PlaylistVideo], video_ids: Iterable[str]) -> dict[str, datetime | None]:
    """Return those of some entries, with the times at which they were added."""
    wanted = set(video_ids)
    return {each.video_id: each.added_at for each in videos if each.video_id in wanted}


def _with_entries(followed: Followed, entries: Entries) -> Followed:
    """Return a subscription with the title and the upload times of some entries."""
    times = [each.added_at for each in entries.videos if each.added_at is not None]
    title = followed.title or entries.title
    return replace(followed, title=title, uploads=_merged(followed.uploads, times))


def _with_detected(followed: Followed, new: dict[str, datetime | None]) -> Followed:
    """Return a subscription in which new entries without a time count as uploaded now."""
    if not new or any(new.values()):
        return followed
    return replace(followed, uploads=_merged(followed.uploads, [utc_now()]))


def _merged(known: Iterable[datetime], more: Iterable[datetime]) -> tuple[datetime, ...]:
    return tuple(sorted({*known, *more})[-_KEPT_UPLOADS:])


def _problem(error: errors.YTArchiveError) -> SourceProblem:
    is_gone = isinstance(error, errors.SourceGone | errors.DeletedVideo)
    return SourceProblem.GONE if is_gone else SourceProblem.NOT_READABLE


def _end_of(error: errors.YTArchiveError) -> datetime | None:
    """Return when a pause of all requests ends, if the error names the time."""
    at = error.details.get("retry_at") or error.details.get("resets_at")
    return datetime.fromisoformat(at) if isinstance(at, str) else None
