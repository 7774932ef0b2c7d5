"""The subscriptions in subscriptions.db."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ytarchive.common.cursors import id_cursor, require_id_cursor
from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.listing import Listing, read_alone
from ytarchive.common.models import Page, from_micros, to_micros
from ytarchive.common.rows import fields_of, readable
from ytarchive.common.schema import Schema
from ytarchive.jobs import JobOptions
from ytarchive.subscriptions.budget import Cost
from ytarchive.subscriptions.models import (
    CheckResult,
    FirstCheck,
    SourceProblem,
    Subscription,
    SubscriptionsQuery,
    SubscriptionState,
)
from ytarchive.subscriptions.rhythm import NextCheck
from ytarchive.subscriptions.schedules import Schedule

SCHEMA = Schema(
    package="ytarchive.subscriptions",
    durable=True,
    file="subscriptions.db",
    lost_when_older="no channel or playlist is followed. Subscribe again: what is stored is "
    "skipped",
)


NEVER = from_micros(0)


@dataclass(frozen=True)
class Followed:
    """A subscription, as stored."""

    id: str
    list_id: str
    source: str
    title: str
    options: JobOptions
    """Only the given fields are set: the others follow the settings at each job."""
    schedule: Schedule
    first: FirstCheck
    newest: int | None
    state: SubscriptionState
    created_at: datetime
    is_begun: bool
    """Whether the entries that precede it are recorded in jobs.db, if it does not archive them."""
    must_list: bool
    """Whether the next check creates a job in any case."""
    next_check_at: datetime
    next_check_reason: str
    problem: SourceProblem | None = None
    problem_message: str | None = None
    failures: int = 0
    last_check: CheckResult | None = None
    confirmed_at: datetime = NEVER
    uploads: tuple[datetime, ...] = ()
    pages: int = 1
    last_job: str | None = None

    def shown(self, waiting_for: str | None = None) -> Subscription:
        """Return the model that callers get."""
        names = Subscription.model_fields.keys() & vars(self).keys()
        is_active = self.state is SubscriptionState.ACTIVE
        planned = NextCheck(at=self.next_check_at, reason=self.next_check_reason)
        return Subscription(
            **{name: getattr(self, name) for name in names} | {"uploads": list(self.uploads)},
            next_check=planned if is_active else None,
            waiting_for=waiting_for if is_active else None,
        )


class SubscriptionsRepository:
    """Reads and writes subscriptions."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def add(self, followed: Followed) -> bool:
        """Store a new subscription; return False if its list is followed already."""
        return await self.database.execute("add_subscription", _columns(followed)) > 0

    async def of_list(self, list_id: str) -> Followed | None:
        """Return the subscription of a list, or of a source as given."""
        rows = await self.database.fetch_all("subscription_of_list", {"list_id": list_id})
        rows = rows or await self.database.fetch_all("subscriptions_of_source", {"source": list_id})
        return next(iter(_all(rows)), None)

    async def from_id(self, beginning: str) -> list[Followed]:
        """Return at most two subscriptions whose ids begin with a text."""
        values = {"start": beginning, "end": beginning + "~"}
        return _all(await self.database.fetch_all("subscriptions_from_id", values))

    async def get(self, subscription_id: str) -> Followed | None:
        """Return a subscription by its id."""
        rows = await self.database.fetch_all("get_subscription", {"id": subscription_id})
        return next(iter(_all(rows)), None)

    async def due(self, now: datetime, limit: int) -> list[Followed]:
        """Return active subscriptions whose time has come, the longest overdue first."""
        values = {"now": to_micros(now), "limit": limit}
        return _all(await self.database.fetch_all("due_subscriptions", values))

    async def next_due(self) -> datetime | None:
        """Return when the next check is due; None if nothing is followed."""
        row = await self.database.fetch_one("next_due")
        return from_micros(row["next_check_at"]) if row else None

    async def active(self) -> list[Followed]:
        """Return all active subscriptions."""
        return _all(await self.database.fetch_all("active_subscriptions"))

    async def record(self, followed: Followed) -> bool:
        """Store the result of a check; return False if the subscription was edited meanwhile."""
        values = _columns(followed) | _checked(followed)
        return await self.database.execute("record_check", values) > 0

    async def page(self, query: SubscriptionsQuery, waiting_for: str | None) -> Page[Subscription]:
        """Return a page of subscriptions, oldest first."""
        require_id_cursor(query.cursor)

        async def fetch(count: int) -> list[Row]:
            values = query.model_dump(include={"state", "with_problem"})
            values |= {"after": query.cursor or "", "limit": count}
            return await self.database.fetch_all("list_subscriptions", values)

        listing = Listing(
            name=_name,
            place=lambda row: id_cursor(row["id"]),
            read=read_alone(lambda row: _followed(row).shown(waiting_for), _name),
        )
        return await listing.page(query.limit, fetch)

    async def edit(self, followed: Followed) -> None:
        """Store the fields that a user changes."""
        await self.database.execute("edit_subscription", _columns(followed))

    async def remove(self, subscription_id: str) -> None:
        """Remove a subscription."""
        await self.database.execute("remove_subscription", {"id": subscription_id})


class SpentBudget:
    """What checks have used, by day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, day: str, cost: Cost) -> None:
        """Add to what checks have used on a day."""
        values = {"day": day, "requests": cost.requests, "units": cost.units}

        def add(writer: Writer) -> None:
            writer.execute("add_spent", values)
            writer.execute("remove_spent_before", {"day": day})

        await self._database.write(add)

    async def get(self, day: str) -> Cost:
        """Return what checks have used on a day."""
        row = await self._database.fetch_one("get_spent", {"day": day})
        return Cost(row["requests"], row["units"]) if row else Cost(0, 0)


def _all(rows: Iterable[Row]) -> list[Followed]:
    found = (readable(row, _followed, _name(row)) for row in rows)
    return [each for each in found if each is not None]


def _name(row: Row) -> str:
    return f"the subscription {row['id']}"


def _followed(row: Row) -> Followed:
    read = {
        "options": JobOptions.model_validate_json(row["options"]),
        "schedule": Schedule.parse(row["schedule"]),
        "first": FirstCheck(row["first"]),
        "state": SubscriptionState(row["state"]),
        "problem": SourceProblem(row["problem"]) if row["problem"] else None,
        "last_check": _result(row["last_check"]),
        "uploads": tuple(map(from_micros, json.loads(row["upload_times"]))),
    }
    return Followed(**fields_of(Followed, row) | read)


def _result(text: str | None) -> CheckResult | None:
    return CheckResult.model_validate_json(text) if text else None


def _columns(followed: Followed) -> dict[str, Any]:
    return {
        "id": followed.id,
        "list_id": followed.list_id,
        "source": followed.source,
        "title": followed.title,
        "options": followed.options.model_dump_json(exclude_unset=True),
        "schedule": str(followed.schedule),
        "first": followed.first,
        "newest": followed.newest,
        "state": followed.state,
        "created_at": to_micros(followed.created_at),
        "is_begun": followed.is_begun,
        "must_list": followed.must_list,
        "next_check_at": to_micros(followed.next_check_at),
        "next_check_reason": followed.next_check_reason,
    }


def _checked(followed: Followed) -> dict[str, Any]:
    """Return the columns that a check changes."""
    last = followed.last_check
    return {
        "problem": followed.problem,
        "problem_message": followed.problem_message,
        "failures": followed.failures,
        "last_check": last.model_dump_json() if last else None,
        "confirmed_at": to_micros(followed.confirmed_at),
        "upload_times": json.dumps([to_micros(each) for each in followed.uploads]),
        "pages": followed.pages,
        "last_job": followed.last_job,
    }
