"""Observes the archive, records notifications, and delivers them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import aiohttp
from loguru import logger
from pydantic import TypeAdapter

from ytarchive.common.cursors import cursor_of, values_of
from ytarchive.common.database import Database
from ytarchive.common.errors import InvalidRequest, YTArchiveError
from ytarchive.common.models import Page, utc_now
from ytarchive.common.notification_settings import NotificationKind, NotificationsConfig
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.common.scheduler import Duty
from ytarchive.notifications.api import NotificationsAPI
from ytarchive.notifications.models import (
    Delivery,
    Message,
    Notification,
    NotificationQuery,
    NotificationTarget,
)
from ytarchive.notifications.observers import (
    Contracts,
    Observer,
    observers_of,
    read,
    written,
)
from ytarchive.notifications.outbox import SCHEMA, DueDelivery, Outbox
from ytarchive.notifications.targets import DeliveryFailed, Target, targets_of

log = logger.bind(service="jobs")

_CURSOR: TypeAdapter[tuple[int]] = TypeAdapter(tuple[int])
_EVERY, _AFTER = 60.0, 20.0
"""Seconds between two runs, and before the first one."""


class NotificationsService(NotificationsAPI):
    """The notifications of one archive."""

    def __init__(
        self,
        outbox: Outbox,
        config: NotificationsConfig,
        targets: Sequence[Target],
        observers: Sequence[Observer],
    ) -> None:
        self._outbox = outbox
        self._config = config
        self._targets = {target.id: target for target in targets}
        self._observers = [each for each in observers if each.kinds & frozenset(config.events)]

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        config: NotificationsConfig,
        state: Path,
        session: aiohttp.ClientSession,
        of: Contracts[Any],
    ) -> AsyncIterator[Self]:
        """Open the notifications of an archive; no file is created without a target."""
        if not config.webhooks and not config.apprise:
            async with cls.reading(config, state, session) as empty:
                yield empty
            return
        observers = observers_of(of, timedelta(minutes=config.digest_minutes))
        async with await Database.open(state / SCHEMA.file, SCHEMA) as database:
            yield cls(Outbox(database), config, targets_of(config, session), observers)

    @classmethod
    @asynccontextmanager
    async def reading(
        cls, config: NotificationsConfig, state: Path, session: aiohttp.ClientSession
    ) -> AsyncIterator[Self]:
        """Open the notifications only for reading."""
        async with await ReadOnlyDatabase.open(state / SCHEMA.file, SCHEMA) as database:
            yield cls(Outbox(database), config, targets_of(config, session), [])

    @property
    def duties(self) -> list[Duty]:
        """Return the duty that observes and delivers; none without a target."""
        return [Duty("notifications", self.run, _EVERY, _AFTER)] if self._targets else []

    async def run(self) -> None:
        """Record what has changed, and deliver what is due.

        An observer or a target that fails does not affect the others. Raises the last failure of an
        observer.
        """
        failure: YTArchiveError | None = None
        for observer in self._observers:
            try:
                await self._observe(observer)
            except YTArchiveError as error:
                failure = error
        await self._deliver()
        await self._outbox.remove_old()
        if failure is not None:
            raise failure

    async def _observe(self, observer: Observer) -> None:
        before = await self._outbox.observed(observer.name)
        seen, messages = await observer.observe(read(before))
        wanted = [each for each in messages if each.kind in self._config.events]
        if wanted or written(seen) != before:
            targets = self._targets.values()
            await self._outbox.record(observer.name, written(seen), wanted, targets)

    async def _deliver(self) -> None:
        by_target: dict[str, list[DueDelivery]] = {}
        for due in await self._outbox.due():
            by_target.setdefault(due.target, []).append(due)
        async with asyncio.TaskGroup() as group:
            for target_id, deliveries in by_target.items():
                group.create_task(self._deliver_to(self._targets.get(target_id), deliveries))

    async def _deliver_to(self, target: Target | None, deliveries: list[DueDelivery]) -> None:
        """Deliver in order; after a failure the others wait for the next run."""
        for due in deliveries:
            if target is None:
                await self._outbox.failed(due, "the settings no longer name it", is_final=True)
                continue
            try:
                await self._send(target, due.message_id, due)
            except DeliveryFailed as failure:
                log.warning("{}: notification not delivered: {}", target.name, failure)
                await self._outbox.failed(due, str(failure), is_final=failure.is_final)
                return
            await self._outbox.delivered(due)

    async def _send(self, target: Target, message_id: str, due: DueDelivery) -> None:
        try:
            async with asyncio.timeout(self._config.timeout):
                await target.send(message_id, due.message, due.created_at)
        except TimeoutError:
            seconds = f"{self._config.timeout:g} seconds"
            raise DeliveryFailed(f"no answer within {seconds}") from None

    async def list_notifications(self, request: NotificationQuery) -> Page[Notification]:
        before = values_of(request.cursor, _CURSOR)[0] if request.cursor else 2**62
        page = await self._outbox.page(request, before)
        if page.next_cursor is None:
            return page
        return page.model_copy(update={"next_cursor": cursor_of(int(page.next_cursor))})

    async def list_notification_targets(self) -> list[NotificationTarget]:
        pending = await self._outbox.pending()
        return [
            NotificationTarget(
                name=target.name,
                pending=len(errors := pending.get(target.id, [])),
                last_delivered_at=await self._outbox.last_delivered(target.id),
                last_error=errors[0] if errors else None,
            )
            for target in self._targets.values()
        ]

    async def test_notifications(self) -> list[Delivery]:
        if not self._targets:
            raise InvalidRequest(
                "no target is configured: set notifications.webhooks or notifications.apprise"
            )
        text = "This is a test. Notifications of this archive arrive here."
        message = Message(NotificationKind.TEST, "Test of ytarchive", text)
        return [await self._test(target, message) for target in self._targets.values()]

    async def _test(self, target: Target, message: Message) -> Delivery:
        due = DueDelivery(0, target.id, 0, message, utc_now())
        try:
            await self._send(target, f"test-{uuid4()}", due)
        except DeliveryFailed as failure:
            return Delivery(target=target.name, attempts=1, error=str(failure))
        return Delivery(target=target.name, attempts=1, delivered_at=utc_now())
