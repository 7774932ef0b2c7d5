"""Rows of notifications: written together with what they report, and sent afterwards."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.models import Page, from_micros, to_micros, utc_now
from ytarchive.common.notification_settings import NotificationKind
from ytarchive.common.rows import moment_of
from ytarchive.common.schema import Schema
from ytarchive.notifications.models import Delivery, Message, Notification, NotificationQuery
from ytarchive.notifications.targets import Target

SCHEMA = Schema(
    package="ytarchive.notifications",
    durable=True,
    file="notifications.db",
    in_backups=False,
    lost_when_older="notifications that were not sent yet are lost",
)
_KEPT = timedelta(days=30)
_RETRIED_FOR = timedelta(days=3)
_FIRST_RETRY, _LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=6)


@dataclass(frozen=True)
class DueDelivery:
    """A delivery whose time has come."""

    notification_id: int
    target: str
    attempts: int
    message: Message
    created_at: datetime

    @property
    def message_id(self) -> str:
        """Return an id that is the same at each attempt, and unique among archives."""
        return f"{to_micros(self.created_at)}-{self.notification_id}"


class Outbox:
    """The notifications that were sent or are to be sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def observed(self, name: str) -> str | None:
        """Return the recorded state of an observer; None before its first run."""
        row = await self._database.fetch_one("observed", {"name": name})
        return str(row["state"]) if row else None

    async def record(
        self, name: str, state: str, messages: Sequence[Message], targets: Collection[Target]
    ) -> None:
        """Record what an observer has seen and its messages, in one commit."""
        now = to_micros(utc_now())

        def transaction(writer: Writer) -> None:
            writer.execute("observe", {"name": name, "state": state})
            for message in messages:
                added = writer.fetch_one(
                    "add_notification",
                    {
                        "kind": message.kind,
                        "title": message.title,
                        "body": message.body,
                        "now": now,
                    },
                )
                for target in targets:
                    row = {"target": target.id, "name": target.name, "now": now}
                    writer.execute("add_delivery", row | {"notification_id": added and added["id"]})

        await self._database.write(transaction)

    async def due(self) -> list[DueDelivery]:
        """Return the next deliveries whose time has come."""
        rows = await self._database.fetch_all("due_deliveries", {"now": to_micros(utc_now())})
        return [
            DueDelivery(
                row["notification_id"],
                row["target"],
                row["attempts"],
                Message(NotificationKind(row["kind"]), row["title"], row["body"]),
                from_micros(row["created_at"]),
            )
            for row in rows
        ]

    async def delivered(self, due: DueDelivery) -> None:
        """Record that a notification was delivered."""
        await self._end(due, delivered_at=utc_now())

    async def failed(self, due: DueDelivery, error: str, *, is_final: bool = False) -> None:
        """Record a failed attempt, and when the next one is due; none after three days."""
        pause = min(_FIRST_RETRY * 2 ** min(due.attempts, 10), _LONGEST_RETRY)
        next_at = utc_now() + pause
        is_over = is_final or next_at - due.created_at > _RETRIED_FOR
        await self._end(due, error=error, next_at=None if is_over else next_at)

    async def _end(
        self,
        due: DueDelivery,
        *,
        delivered_at: datetime | None = None,
        next_at: datetime | None = None,
        error: str | None = None,
    ) -> None:
        await self._database.execute(
            "end_delivery",
            {
                "notification_id": due.notification_id,
                "target": due.target,
                "delivered_at": delivered_at and to_micros(delivered_at),
                "next_at": next_at and to_micros(next_at),
                "error": error,
            },
        )

    async def page(self, request: NotificationQuery, before: int) -> Page[Notification]:
        """Return the notifications before an id."""
        rows = await self._database.fetch_all(
            "notification_page", {"before": before, "limit": request.limit + 1}
        )
        shown = rows[: request.limit]
        ids = json.dumps([row["id"] for row in shown])
        deliveries = await self._database.fetch_all("deliveries_of", {"ids": ids})
        more = len(rows) > request.limit
        return Page(
            items=[_notification(row, deliveries) for row in shown],
            next_cursor=str(shown[-1]["id"]) if more else None,
        )

    async def pending(self) -> dict[str, list[str | None]]:
        """Return the errors of undelivered notifications by the ids of their targets."""
        found: dict[str, list[str | None]] = {}
        for row in await self._database.fetch_all("pending_deliveries"):
            found.setdefault(row["target"], []).append(row["error"])
        return found

    async def last_delivered(self, target: str) -> datetime | None:
        """Return when a target last received a notification."""
        row = await self._database.fetch_one("last_delivery", {"target": target})
        return moment_of(row["delivered_at"]) if row else None

    async def remove_old(self) -> None:
        """Remove notifications of more than 30 days ago."""
        before = to_micros(utc_now() - _KEPT)
        await self._database.execute("remove_old_notifications", {"before": before})


def _notification(row: Row, deliveries: Sequence[Row]) -> Notification:
    return Notification(
        id=row["id"],
        kind=NotificationKind(row["kind"]),
        title=row["title"],
        body=row["body"],
        created_at=from_micros(row["created_at"]),
        deliveries=[
            Delivery(
                target=each["name"],
                attempts=each["attempts"],
                delivered_at=moment_of(each["delivered_at"]),
                next_attempt_at=moment_of(each["next_at"]),
                error=each["error"],
            )
            for each in deliveries
            if each["notification_id"] == row["id"]
        ],
    )
