"""The real Logging service, in process and over HTTP."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.contract.conftest import Reach
from ytarchive.common.config import load_settings
from ytarchive.common.errors import NotFound, YTArchiveError
from ytarchive.logging import LogBatch, LogEntry, LoggingAPI, LogLevel, LogQuery
from ytarchive.logging.service import LoggingService

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def entry(number: int, level: LogLevel = LogLevel.INFO, service: str = "probe") -> LogEntry:
    return LogEntry(
        timestamp=NOON + timedelta(seconds=number),
        service=service,
        level=level,
        message=f"entry {number}",
        context={"number": number, "deep": {"list": [1, None, "x"]}},
        trace_id=f"trace-{number % 2}",
    )


@pytest.fixture
async def logs(reach: Reach[LoggingAPI], tmp_path: Path) -> AsyncIterator[LoggingAPI]:
    settings = load_settings(
        storage={"base_path": str(tmp_path)}, logging={"retention_days": 36_500}
    )
    async with LoggingService.open(settings) as service:
        yield await reach(LoggingAPI, service)


async def test_an_entry_is_found_as_it_was_sent(logs: LoggingAPI) -> None:
    sent = entry(1)
    assert (await logs.submit_log(sent)).accepted == 1
    assert (await logs.query_logs(LogQuery(service="probe"))).items == [sent]


async def test_filters_are_combined_and_pages_are_consecutive(logs: LoggingAPI) -> None:
    sent = [entry(n, LogLevel.ERROR if n % 3 == 0 else LogLevel.INFO) for n in range(10)]
    assert (await logs.submit_logs(LogBatch(entries=sent))).accepted == 10
    query = LogQuery(
        service="probe",
        level=LogLevel.WARNING,
        trace_id="trace-0",
        text="ENTRY",
        since=NOON,
        until=NOON + timedelta(seconds=8),
    )
    assert (await logs.query_logs(query)).items == [sent[6], sent[0]]
    first = await logs.query_logs(LogQuery(service="probe", limit=7))
    rest = await logs.query_logs(LogQuery(service="probe", limit=7, cursor=first.next_cursor))
    assert [*first.items, *rest.items] == sent[::-1]


async def test_entries_of_one_service(logs: LoggingAPI) -> None:
    await logs.submit_logs(LogBatch(entries=[entry(1, service="one"), entry(2, service="two")]))
    assert [e.service for e in (await logs.service_logs("one", LogQuery())).items] == ["one"]
    both = LogQuery(service="two")
    assert (await logs.service_logs("one", both)).items == []


@pytest.mark.parametrize("service", ["..", "a/b", "%2e", "ü b", "?x=1"])
async def test_an_unknown_service_is_not_found(logs: LoggingAPI, service: str) -> None:
    with pytest.raises(NotFound):
        await logs.service_logs(service, LogQuery())
    nothing = LogQuery(text="what nobody says")
    assert (await logs.service_logs("storage", nothing)).items == []


async def test_an_unknown_cursor_is_refused(logs: LoggingAPI) -> None:
    with pytest.raises(YTArchiveError) as refused:
        await logs.query_logs(LogQuery(cursor="nonsense"))
    assert refused.value.status == 422


async def test_metrics_have_names_and_times(logs: LoggingAPI) -> None:
    await logs.submit_log(entry(1))
    metrics = await logs.get_metrics()
    entries = [m for m in metrics if m.name == "ytarchive_log_entries_total"]
    assert {m.tags["level"] for m in entries} >= {"INFO"}
    assert all(m.timestamp.tzinfo is UTC for m in metrics)


async def test_health_is_reported(logs: LoggingAPI) -> None:
    health = await logs.health()
    assert (health.service, health.status) == ("logging", "healthy")
