"""Implements the contract of the subscriptions."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.channel_lists import channel_and_tab, is_own_list
from ytarchive.common.config import Settings
from ytarchive.common.database import Database
from ytarchive.common.identifiers import new_id
from ytarchive.common.models import Page, utc_now
from ytarchive.common.profiles import resolved
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.jobs import JobOptions, JobsAPI
from ytarchive.metadata import MetadataAPI, PlaylistPageQuery
from ytarchive.subscriptions.api import SubscriptionsAPI
from ytarchive.subscriptions.models import (
    EditSubscription,
    FirstCheck,
    RemovedSubscription,
    Subscribe,
    Subscription,
    SubscriptionsQuery,
    SubscriptionState,
    is_own_id,
)
from ytarchive.subscriptions.repository import SCHEMA, Followed, SubscriptionsRepository

log = logger.bind(service="jobs")

_AT_ONCE = "its first check is due"


@dataclass(frozen=True)
class FollowingClients:
    """The services that subscriptions call."""

    jobs: JobsAPI
    metadata: MetadataAPI


class SubscriptionsService(SubscriptionsAPI):
    """Follow channels and playlists. Created by `SubscriptionsService.open`."""

    def __init__(self, database: Database, clients: FollowingClients, settings: Settings) -> None:
        self._repository = SubscriptionsRepository(database)
        self._metadata = clients.metadata
        self._settings = settings

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, clients: FollowingClients) -> AsyncIterator[Self]:
        """Yield the service; the end of the block closes its database."""
        path = settings.storage.state_path / SCHEMA.file
        async with await Database.open(path, SCHEMA) as database:
            yield cls(database, clients, settings)

    @classmethod
    @asynccontextmanager
    async def reading(cls, settings: Settings, clients: FollowingClients) -> AsyncIterator[Self]:
        """Yield the service for reading; operations that change something raise NotWritable."""
        path = settings.storage.state_path / SCHEMA.file
        async with await ReadOnlyDatabase.open(path, SCHEMA) as database:
            yield cls(database, clients, settings)

    async def subscribe(self, request: Subscribe) -> Subscription:
        resolved(request.options, self._settings.profiles)  # refuses an unknown profile
        list_id, title = await self._resolved(request.source)
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
        return followed.shown()

    async def list_subscriptions(self, request: SubscriptionsQuery) -> Page[Subscription]:
        return await self._repository.page(request, None)

    async def get_subscription(self, subscription: str) -> Subscription:
        return (await self._found(subscription)).shown()

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

    async def remove_subscription(self, subscription: str) -> RemovedSubscription:
        followed = await self._found(subscription)
        await self._repository.remove(followed.id)
        log.info("{} ({}) is no longer followed", followed.title, followed.list_id)
        return RemovedSubscription(id=followed.id, title=followed.title)

    async def _changed(self, followed: Followed, changes: Mapping[str, Any]) -> Subscription:
        changed = replace(followed, **changes)
        await self._repository.edit(changed)
        return changed.shown()

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
