"""Implements the contract of the retention."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from loguru import logger

from ytarchive.common.config import Settings
from ytarchive.common.database import Database
from ytarchive.common.errors import NotFound
from ytarchive.common.models import Page
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.common.scheduler import Duty
from ytarchive.retention.api import RetentionAPI
from ytarchive.retention.gathering import RetentionClients
from ytarchive.retention.models import (
    RemovalsQuery,
    Retention,
    RetentionPreview,
    RetentionRemoval,
    RetentionReport,
    RetentionRequest,
    RetentionRule,
    RunRetention,
)
from ytarchive.retention.planning import plan_of
from ytarchive.retention.repository import SCHEMA, RetentionRepository, StoredRule
from ytarchive.retention.running import RetentionRuns
from ytarchive.subscriptions import Subscription

log = logger.bind(service="jobs")


class RetentionService(RetentionAPI):
    """The retention of one archive."""

    def __init__(self, database: Database, clients: RetentionClients) -> None:
        self._repository = RetentionRepository(database)
        self._clients = clients
        self._runs = RetentionRuns(self._repository, clients)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, clients: RetentionClients) -> AsyncIterator[Self]:
        """Open the retention of an archive."""
        path = settings.storage.state_path / SCHEMA.file
        async with await Database.open(path, SCHEMA) as database:
            yield cls(database, clients)

    @classmethod
    @asynccontextmanager
    async def reading(cls, settings: Settings, clients: RetentionClients) -> AsyncIterator[Self]:
        """Open the retention only for reading."""
        path = settings.storage.state_path / SCHEMA.file
        async with await ReadOnlyDatabase.open(path, SCHEMA) as database:
            yield cls(database, clients)

    @property
    def duties(self) -> list[Duty]:
        """Return the duty that applies rules each day."""
        return [self._runs.duty]

    async def list_retention(self) -> list[Retention]:
        rules, followed = await self._repository.rules(), await self._clients.followed()
        return [_shown(rules[key], each) for key, each in followed.items() if key in rules]

    async def set_retention(self, subscription: str, request: RetentionRule) -> Retention:
        found = await self._clients.subscriptions.get_subscription(subscription)
        await self._repository.set(found.id, request)
        log.info("retention of {}: {}", found.title or found.list_id, request)
        return await self._of(found)

    async def clear_retention(self, subscription: str) -> Retention:
        found = await self._clients.subscriptions.get_subscription(subscription)
        shown = await self._of(found)
        await self._repository.remove(found.id)
        log.info("{} keeps its videos", found.title or found.list_id)
        return shown

    async def _of(self, subscription: Subscription) -> Retention:
        rule = (await self._repository.rules()).get(subscription.id)
        if rule is None:
            name = subscription.title or subscription.list_id
            raise NotFound(f"{name} has no retention rule, and keeps its videos")
        return _shown(rule, subscription)

    async def preview_retention(self, request: RetentionRequest) -> RetentionPreview:
        selection = await self._runs.selected(await self._id(request.subscription))
        situation = await self._runs.situation(selection, is_confirmed=True)
        plan = plan_of(situation)
        await self._repository.record_preview(selection.acting, selection.digest)
        return RetentionPreview(
            removed=plan.removed,
            removed_bytes=sum(each.size_bytes for each in plan.removed),
            kept=plan.kept,
            kept_bytes=sum(each.size_bytes for each in plan.kept),
            purged_items=[each.item_id for each in plan.purged],
            purged_bytes=sum(each.size_bytes for each in plan.purged),
            free_bytes=situation.free_bytes,
            trash_bytes=situation.trash_bytes,
            counted_at=situation.rules[0].counted_at,
        )

    async def run_retention(self, request: RunRetention) -> RetentionReport:
        if request.due:
            return await self._runs.run_due()
        return await self._runs.run(await self._id(request.subscription))

    async def list_removals(self, request: RemovalsQuery) -> Page[RetentionRemoval]:
        return await self._repository.removals(request)

    async def _id(self, subscription: str | None) -> str | None:
        if subscription is None:
            return None
        return (await self._clients.subscriptions.get_subscription(subscription)).id


def _shown(stored: StoredRule, subscription: Subscription) -> Retention:
    return Retention(
        subscription_id=stored.subscription_id,
        list_id=subscription.list_id,
        title=subscription.title,
        rule=stored.rule,
        is_applied=stored.counted_until is not None,
        previewed_at=stored.previewed_at,
        last_run_at=stored.last_run_at,
        last_problem=stored.last_problem,
    )
