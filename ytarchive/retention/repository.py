"""The rules and the removals in retention.db."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from ytarchive.common.cursors import cursor_of, values_of
from ytarchive.common.database import Database, Row
from ytarchive.common.listing import Listing, read_alone
from ytarchive.common.models import Page, to_micros, utc_now
from ytarchive.common.rows import all_readable, fields_of, row_of
from ytarchive.common.schema import Schema
from ytarchive.retention.models import (
    RemovalsQuery,
    RetentionLimit,
    RetentionRemoval,
    RetentionRule,
)

SCHEMA = Schema(
    package="ytarchive.retention",
    durable=True,
    file="retention.db",
    lost_when_older="no subscription has a retention rule, and nothing is removed. Set the rules "
    "again",
)
_CURSOR: TypeAdapter[tuple[int]] = TypeAdapter(tuple[int])


@dataclass(frozen=True)
class StoredRule:
    """The rule of a subscription, as stored."""

    subscription_id: str
    rule: RetentionRule
    previewed_at: datetime | None = None
    preview: str | None = None
    counted_until: datetime | None = None
    """The time by which ages were computed; None if it is not applied yet."""
    last_run_at: datetime | None = None
    last_problem: str | None = None


class RetentionRepository:
    """Reads and writes rules and removals."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rules(self) -> dict[str, StoredRule]:
        """Return the rules by the ids of their subscriptions."""
        rows = await self._database.fetch_all("all_rules")
        return {each.subscription_id: each for each in all_readable(rows, _rule, _rule_name)}

    async def set(self, subscription_id: str, rule: RetentionRule) -> None:
        """Store a rule; a changed one is not applied before its next preview and run."""
        await self._database.execute("set_rule", _key(subscription_id, rule))

    async def remove(self, subscription_id: str) -> None:
        """Remove the rule of a subscription."""
        await self._database.execute("remove_rule", {"subscription_id": subscription_id})

    async def record_preview(self, rules: Iterable[StoredRule], preview: str) -> None:
        """Record that rules were previewed. A rule that was changed meanwhile is left out."""
        await self._update("record_preview", rules, {"now": _now(), "preview": preview})

    async def apply(self, rules: Iterable[StoredRule]) -> None:
        """Record that rules are applied each day from now on."""
        await self._update("apply_rule", rules, {"now": _now()})

    async def end_run(self, rules: Iterable[StoredRule], counted: dict[str, datetime]) -> None:
        """Record a complete run, and the times by which ages were computed."""
        rows = [
            _key(each.subscription_id, each.rule)
            | {"now": _now(), "counted_until": to_micros(counted[each.subscription_id])}
            for each in rules
        ]
        await self._database.write(lambda writer: writer.execute_many("end_run", rows))

    async def fail_run(self, rules: Iterable[StoredRule], problem: str) -> None:
        """Record why a run ended early."""
        await self._update("fail_run", rules, {"problem": problem})

    async def _update(
        self, statement: str, rules: Iterable[StoredRule], values: dict[str, Any]
    ) -> None:
        rows = [_key(each.subscription_id, each.rule) | values for each in rules]
        await self._database.write(lambda writer: writer.execute_many(statement, rows))

    async def add_removal(self, removal: RetentionRemoval, stored_at: datetime) -> None:
        """Record a removal, before it takes place."""
        row = row_of(removal) | {"stored_at": to_micros(stored_at), "limit_name": removal.limit}
        del row["limit"]
        await self._database.execute("add_removal", row)

    async def withdraw_removals(self, stored: Iterable[tuple[str, datetime]]) -> None:
        """Delete the records of removals that did not take place: their media is still stored."""
        rows = [{"video_id": each, "stored_at": to_micros(moment)} for each, moment in stored]
        await self._database.write(lambda writer: writer.execute_many("withdraw_removal", rows))

    async def removals(self, query: RemovalsQuery) -> Page[RetentionRemoval]:
        """Return a page of removals, newest first."""
        before = values_of(query.cursor, _CURSOR)[0] if query.cursor else 2**62

        async def fetch(count: int) -> list[Row]:
            return await self._database.fetch_all(
                "list_removals", {"before": before, "limit": count}
            )

        return await _REMOVALS.page(query.limit, fetch)


def _now() -> int:
    return to_micros(utc_now())


def _key(subscription_id: str, rule: RetentionRule) -> dict[str, Any]:
    return {"subscription_id": subscription_id, "rule": rule.model_dump_json()}


def _rule(row: Row) -> StoredRule:
    rule = {"rule": RetentionRule.model_validate_json(row["rule"])}
    return StoredRule(**fields_of(StoredRule, row) | rule)


def _rule_name(row: Row) -> str:
    return f"the retention rule of subscription {row['subscription_id']}"


def _removal(row: Row) -> RetentionRemoval:
    limit = {"limit": RetentionLimit(row["limit_name"])}
    return RetentionRemoval(**fields_of(RetentionRemoval, row) | limit)


def _removal_name(row: Row) -> str:
    return f"the removal of {row['video_id']}"


_REMOVALS = Listing(
    name=_removal_name,
    place=lambda row: row["id"] if isinstance(row["id"], int) else None,
    read=read_alone(_removal, _removal_name),
    cursor=cursor_of,
)
