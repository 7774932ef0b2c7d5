"""Implements the contract of the subscriptions."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

from loguru import logger
from pydantic import ValidationError

from ytarchive.common import errors
from ytarchive.common.channel_lists import channel_and_tab, is_channel_name, is_own_list, tab_list
from ytarchive.common.config import Settings
from ytarchive.common.contract import invalid_request
from ytarchive.common.database import Database
from ytarchive.common.identifiers import new_id
from ytarchive.common.models import Page, every_item, utc_now
from ytarchive.common.profiles import resolved
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.common.scheduler import ScheduledDuty, Scheduler
from ytarchive.common.supervision import Supervisor
from ytarchive.jobs import GovernorAPI, JobOptions, JobsAPI, KnownListsAPI
from ytarchive.metadata import MetadataAPI, PlaylistPageQuery
from ytarchive.subscriptions.api import SubscriptionsAPI
from ytarchive.subscriptions.checks import Checker
from ytarchive.subscriptions.exchange import ListedSource, read_list, write_opml
from ytarchive.subscriptions.job_requests import JobRequests
from ytarchive.subscriptions.looking import Looker
from ytarchive.subscriptions.models import (
    CheckDue,
    ChecksReport,
    EditSubscription,
    ExportedSubscriptions,
    FirstCheck,
    ImportedSubscriptions,
    ImportSubscriptions,
    Preview,
    PreviewRequest,
    RefusedSource,
    RemovedSubscription,
    Subscribe,
    SubscribeOptions,
    Subscription,
    SubscriptionsQuery,
    SubscriptionState,
    is_own_id,
)
from ytarchive.subscriptions.pacing import Pacing
from ytarchive.subscriptions.previewing import Previewer
from ytarchive.subscriptions.repository import SCHEMA, Followed, SubscriptionsRepository
from ytarchive.subscriptions.running import DueChecks

log = logger.bind(service="jobs")

_AT_ONCE = "its first check is due"


@dataclass(frozen=True)
class FollowingClients:
    """The services that subscriptions call."""

    jobs: JobsAPI
    lists: KnownListsAPI
    governor: GovernorAPI
    metadata: MetadataAPI


class SubscriptionsService(SubscriptionsAPI):
    """Follow channels and playlists. Created by `SubscriptionsService.open`."""

    def __init__(self, database: Database, clients: FollowingClients, settings: Settings) -> None:
        self._repository = SubscriptionsRepository(database)
        self._metadata = clients.metadata
        self._settings = settings
        self._pacing = pacing = Pacing(self._repository, settings.subscriptions)
        looker = Looker(clients.metadata, clients.governor)
        requests = JobRequests(clients.jobs, settings.profiles)
        self._checker = Checker(self._repository, requests, clients.lists, looker, pacing)
        self._previewer = Previewer(clients.metadata, clients.lists, looker)
        self._due = DueChecks(self._repository, self._checker, pacing)
        self._scheduled: ScheduledDuty | None = None
        self.supervisor = Supervisor(self.service)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, clients: FollowingClients, scheduler: Scheduler
    ) -> AsyncIterator[Self]:
        """Yield the service; a server checks subscriptions until the end of the block."""
        path = settings.storage.state_path / SCHEMA.file
        async with await Database.open(path, SCHEMA) as database:
            service = cls(database, clients, settings)
            await service._checker.restore_outage()
            service._scheduled = scheduler.add(service._due.duty, service.supervisor)
            try:
                yield service
            finally:
                await service.supervisor.stop()

    @classmethod
    @asynccontextmanager
    async def reading(cls, settings: Settings, clients: FollowingClients) -> AsyncIterator[Self]:
        """Yield the service for reading; operations that change something raise NotWritable."""
        path = settings.storage.state_path / SCHEMA.file
        async with await ReadOnlyDatabase.open(path, SCHEMA) as database:
            yield cls(database, clients, settings)

    async def subscribe(self, request: Subscribe) -> Subscription:
        resolved(request.options, self._settings.profiles)  # refuses an unknown profile
        return await self._follow(request, *await self._resolved(request.source))

    async def _follow(self, request: Subscribe, list_id: str, title: str) -> Subscription:
        now = utc_now()
        followed = Followed(
            id=new_id(),
            list_id=list_id,
            source=request.source,
            title=title,
            options=request.options,
            schedule=request.schedule,
            first=request.first,
            newest=request.newest,
            state=SubscriptionState.ACTIVE,
            created_at=now,
            is_begun=request.first is FirstCheck.ALL,
            must_list=request.first is FirstCheck.ALL,
            next_check_at=now,
            next_check_reason=_AT_ONCE,
        )
        if not await self._repository.add(followed):
            raise await self._conflict(list_id)
        log.info("{} ({}) is followed", followed.title or list_id, list_id)
        self._check_soon()
        return followed.shown()

    async def import_subscriptions(self, request: ImportSubscriptions) -> ImportedSubscriptions:
        resolved(request.options, self._settings.profiles)
        read = await asyncio.to_thread(read_list, request.content.encode(), request.form)
        common = {name: getattr(request, name) for name in SubscribeOptions.model_fields}
        added, known, refused = [], [], []
        for each in read.sources:
            try:
                one = Subscribe(source=each.source, **common)
                list_id = _list_without_request(each.source)
                found = (list_id, each.title) if list_id else await self._resolved(each.source)
                await self._follow(one, *found)
                added.append(each.source)
            except errors.Conflict:
                known.append(each.source)
            except ValidationError as error:
                reason = invalid_request(error).message
                refused.append(RefusedSource(source=each.source, reason=reason))
            except errors.YTArchiveError as error:
                refused.append(RefusedSource(source=each.source, reason=error.message))
        return ImportedSubscriptions(
            added=added, known=known, refused=refused, unreadable=read.unreadable
        )

    async def export_subscriptions(self) -> ExportedSubscriptions:
        sources = [
            ListedSource(source=each.source, title=each.title)
            async for each in every_item(self.list_subscriptions, SubscriptionsQuery(limit=500))
        ]
        return ExportedSubscriptions(opml=write_opml(sources), count=len(sources))

    async def preview_subscription(self, subscription: str, request: PreviewRequest) -> Preview:
        return await self._previewer.preview(await self._found(subscription), request)

    async def list_subscriptions(self, request: SubscriptionsQuery) -> Page[Subscription]:
        return await self._repository.page(request, await self._due.waiting_for())

    async def get_subscription(self, subscription: str) -> Subscription:
        followed = await self._found(subscription)
        return followed.shown(await self._due.waiting_for())

    async def edit_subscription(self, subscription: str, request: EditSubscription) -> Subscription:
        followed = await self._found(subscription)
        changes: dict[str, Any] = {}
        if request.options is not None:
            options = _merged(followed.options, request.options)
            resolved(options, self._settings.profiles)
            changes |= {"options": options, "must_list": True}
        if request.all_videos:
            changes |= {"first": FirstCheck.ALL, "newest": None, "is_begun": True}
            changes["must_list"] = True
        if request.schedule is not None:
            changes["schedule"] = request.schedule
        if changes:
            changes |= {"next_check_at": utc_now(), "next_check_reason": "it was edited"}
        return await self._changed(followed, changes)

    async def pause_subscription(self, subscription: str) -> Subscription:
        followed = await self._found(subscription)
        return await self._changed(followed, {"state": SubscriptionState.PAUSED})

    async def resume_subscription(self, subscription: str) -> Subscription:
        followed = await self._found(subscription)
        if followed.state is SubscriptionState.ACTIVE:
            return followed.shown()
        changes = {"next_check_at": utc_now(), "next_check_reason": "it was resumed"}
        return await self._changed(followed, changes | {"state": SubscriptionState.ACTIVE})

    async def check_subscription(self, subscription: str) -> Subscription:
        followed = await self._found(subscription)
        checked = await self._checker.check(followed.id)
        return (checked or followed).shown(await self._due.waiting_for())

    async def check_due(self, request: CheckDue) -> ChecksReport:
        checked = await self._due.run(request.limit)
        waiting_for = await self._due.waiting_for()
        return ChecksReport(
            checked=[each.shown(waiting_for) for each in checked],
            due=await self._due.count_due(),
            waiting_for=waiting_for,
        )

    async def remove_subscription(self, subscription: str) -> RemovedSubscription:
        followed = await self._found(subscription)
        await self._repository.remove(followed.id)
        log.info("{} ({}) is no longer followed", followed.title, followed.list_id)
        return RemovedSubscription(id=followed.id, title=followed.title)

    async def _changed(self, followed: Followed, changes: Mapping[str, Any]) -> Subscription:
        changed = replace(followed, **changes)
        await self._repository.edit(changed)
        self._check_soon()
        return changed.shown(await self._due.waiting_for())

    def _check_soon(self) -> None:
        if self._scheduled is not None:
            self._scheduled.run_now()

    async def _resolved(self, source: str) -> tuple[str, str]:
        """Return the id of the list that a source means, and its title, from YouTube."""
        page = await self._metadata.get_playlist_page(source, PlaylistPageQuery(describe=False))
        if page.next_cursor is not None:
            query = PlaylistPageQuery(cursor=page.next_cursor)
            await self._metadata.end_listing(page.playlist_id, query)
        is_of_channel = channel_and_tab(source) is not None or is_own_list(page.playlist_id)
        return page.playlist_id, (is_of_channel and page.channel_title) or page.title

    async def _found(self, reference: str) -> Followed:
        if not is_own_id(reference):
            found = await self._repository.of_list(reference)
            if found is None:
                raise errors.NotFound(f"{reference} is not followed")
            return found
        matching = await self._repository.from_id(reference)
        if not matching:
            raise errors.NotFound(f"there is no subscription {reference}")
        if len(matching) > 1:
            names = ", ".join(each.id for each in matching)
            raise errors.InvalidIdentifier(
                f"several subscriptions begin with {reference!r}: {names}"
            )
        return matching[0]

    async def _conflict(self, list_id: str) -> errors.Conflict:
        known = await self._repository.of_list(list_id)
        title = known.title if known and known.title else list_id
        return errors.Conflict(
            f"{title} is followed already; change its subscription instead",
            subscription_id=known.id if known else None,
        )


def _merged(before: JobOptions, given: JobOptions) -> JobOptions:
    """Return options with the given fields changed; a filter is replaced as a whole."""
    fields = before.model_dump(exclude_unset=True) | given.model_dump(exclude_unset=True)
    return JobOptions.model_validate(fields)


def _list_without_request(source: str) -> str | None:
    """Return the list that a source means, if it has an id; None for a name."""
    named = channel_and_tab(source)
    if named is None:
        return source
    return None if is_channel_name(named[0]) else tab_list(*named)
