import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from loguru import logger

from tests.unit.logging.lines import lines_below
from tests.waiting import eventually
from ytarchive.common.config import Settings, load_settings
from ytarchive.common.database import Database
from ytarchive.common.errors import DatabaseUnsupported, InvalidRequest
from ytarchive.common.models import utc_now
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.common.schema import create
from ytarchive.common.telemetry import VIDEOS
from ytarchive.common.tracing import trace
from ytarchive.logging import LogBatch, LogEntry, LogLevel, LogQuery
from ytarchive.logging.repository import SCHEMA, LogRepository, _parameters, _statement
from ytarchive.logging.service import LoggingService

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
KEY = "AIza" + "x" * 35


def entry(number: int, **fields: object) -> LogEntry:
    values = {"timestamp": NOON + timedelta(seconds=number), "service": "jobs"}
    return LogEntry.model_validate(values | {"message": f"entry {number}"} | fields)


async def found(service: LoggingService, /, **query: object) -> list[str]:
    page = await service.query_logs(LogQuery.model_validate(query))
    return [item.message for item in page.items]


@pytest.fixture
async def filled(service: LoggingService) -> LoggingService:
    """Twelve entries: three services, two traces, four levels, not in the order of their times."""
    entries = [
        entry(
            number,
            service=["jobs", "metadata", "storage"][number % 3],
            level=list(LogLevel)[number % 4],
            trace_id=f"trace-{number % 2}" if number < 8 else None,
        )
        for number in range(12)
    ]
    await service.submit_logs(LogBatch(entries=entries[6:]))
    await service.submit_logs(LogBatch(entries=entries[:6]))
    return service


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, range(11, -1, -1)),
        ({"service": "metadata"}, [10, 7, 4, 1]),
        ({"level": "INFO"}, [11, 10, 9, 7, 6, 5, 3, 2, 1]),
        ({"level": "ERROR"}, [11, 7, 3]),
        ({"trace_id": "trace-1"}, [7, 5, 3, 1]),
        ({"trace_id": "trace-1", "service": "jobs", "level": "ERROR"}, [3]),
        ({"service": "storage", "level": "WARNING"}, [11, 2]),
        ({"text": "ENTRY 1"}, [11, 10, 1]),
        ({"since": NOON + timedelta(seconds=3), "until": NOON + timedelta(seconds=5)}, [5, 4, 3]),
        ({"trace_id": "nobody's"}, []),
        ({"service": "nobody"}, []),
    ],
)
async def test_each_filter_finds_what_it_should_newest_first(
    filled: LoggingService, query: dict[str, object], numbers: list[int]
) -> None:
    assert await found(filled, **query) == [f"entry {number}" for number in numbers]


@pytest.mark.parametrize("query", [{}, {"service": "jobs"}, {"level": "WARNING"}, {"text": "e"}])
async def test_pages_show_every_entry_once(
    filled: LoggingService, query: dict[str, object]
) -> None:
    """Also when entries have the same moment, and new ones come in between."""
    same = [entry(5, message=f"same {number}") for number in range(5)]
    await filled.submit_logs(LogBatch(entries=same))
    wanted = await found(filled, **query)
    paged: list[str] = []
    cursor = None
    while True:
        page = await filled.query_logs(
            LogQuery.model_validate({**query, "limit": 2} | {"cursor": cursor})
        )
        paged += [item.message for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        await filled.submit_log(entry(100, level=LogLevel.ERROR))
    assert paged == wanted


async def test_a_follower_gets_each_entry_once_in_order_of_arrival(
    filled: LoggingService,
) -> None:
    async def more(cursor: str | None, **query: object) -> tuple[list[str], str | None]:
        asked = LogQuery.model_validate({"follow": True, "cursor": cursor} | query)
        page = await filled.query_logs(asked)
        return [item.message for item in page.items], page.next_cursor

    begun = await more(None)
    assert begun[0] == []
    assert (await more(begun[1]))[0] == []
    sent = [entry(at, message=f"at {at}", trace_id="t") for at in (3, 50, -(10**8), 3)]
    await filled.submit_logs(LogBatch(entries=sent))
    found, last = await more(begun[1])
    assert found == ["at 3", "at 50", "at -100000000", "at 3"]
    assert (await more(last))[0] == []
    first, place = await more(begun[1], limit=3)
    assert first + (await more(place, limit=3))[0] == found
    await filled.submit_log(entry(60, service="storage", level=LogLevel.ERROR))
    assert (await more(begun[1], level="ERROR"))[0] == ["entry 60"]
    assert (await more(begun[1], service="storage", text="60"))[0] == ["entry 60"]
    assert (await more(begun[1], trace_id="t", since=NOON, limit=1))[0] == ["at 3"]


async def test_following_continues_after_all_entries_were_removed(
    service: LoggingService,
) -> None:
    await service.submit_logs(LogBatch(entries=[entry(n) for n in range(20)]))
    place = (await service.query_logs(LogQuery(follow=True))).next_cursor
    await service._store.rows.purge(utc_now() + timedelta(hours=1), 2**30)
    await service.submit_log(entry(1, message="the first again"))
    page = await service.query_logs(LogQuery(follow=True, cursor=place))
    assert [item.message for item in page.items] == ["the first again"]


@pytest.mark.parametrize("cursor", ["x", "####", "A" * 21, "AAAA" * 100, "ünïcödé"])
async def test_an_invalid_cursor_is_refused_by_name(service: LoggingService, cursor: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await service.query_logs(LogQuery(cursor=cursor))
    assert refused.value.message.startswith("cursor: ")
    assert list(refused.value.details["fields"]) == ["cursor"]


async def test_entries_from_the_future_are_not_listed_before_new_entries(
    service: LoggingService,
) -> None:
    before = utc_now()
    future = entry(0, message="ahead", timestamp="9999-12-31T23:59:59Z", context={"mine": 1})
    soon = entry(0, message="soon", timestamp=before + timedelta(seconds=20))
    await service.submit_log(future)
    await service.submit_logs(LogBatch(entries=[future, soon]))
    await service.submit_log(entry(0, message="now", timestamp=utc_now()))
    page = await service.query_logs(LogQuery(since=before))
    assert [item.message for item in page.items] == ["soon", "now", "ahead", "ahead"]
    assert page.items[-1].context == {"mine": 1, "stated_timestamp": "9999-12-31T23:59:59+00:00"}


async def test_text_is_found_whatever_its_case_in_any_script(service: LoggingService) -> None:
    for message in ("Straße in Köln", "ΣΊΣΥΦΟΣ", "100% _sure_ *", "plain"):
        await service.submit_log(entry(1, message=message))
    assert await found(service, text="STRASSE IN KÖLN") == ["Straße in Köln"]
    assert await found(service, text="σίσυφοσ") == ["ΣΊΣΥΦΟΣ"]
    assert await found(service, text="% _S") == ["100% _sure_ *"]
    assert await found(service, text="PLAIN") == ["plain"]


async def test_entries_of_one_service_have_their_own_endpoint(filled: LoggingService) -> None:
    page = await filled.service_logs("storage", LogQuery(limit=2))
    assert [item.message for item in page.items] == ["entry 11", "entry 8"]
    assert (await filled.service_logs("storage", LogQuery(service="jobs"))).items == []


async def test_entries_are_found_by_their_trace(
    service: LoggingService, settings: Settings
) -> None:
    with trace("one-request"):
        for name in ("jobs", "metadata", "download", "storage"):
            logger.bind(service=name).info("working")
        await asyncio.to_thread(logger.bind(service="storage").debug, "below the level")

    async def all_four() -> bool:
        return len(await found(service, trace_id="one-request")) == 4

    await eventually(all_four)
    page = await service.query_logs(LogQuery(trace_id="one-request"))
    assert [item.service for item in page.items] == ["storage", "download", "metadata", "jobs"]
    logs = settings.storage.base_path / "logs"
    today = f"{utc_now():%Y-%m-%d}.jsonl"
    file = logs / "download" / today
    await eventually(lambda: asyncio.to_thread(file.is_file))  # it is written after the database
    line = json.loads(file.read_text("utf-8"))
    assert (line["trace_id"], line["message"], line["level"]) == ("one-request", "working", "INFO")


async def test_entries_are_kept_after_the_process(
    settings: Settings, service: LoggingService
) -> None:
    sent = entry(1, context={"deep": [{"x": None}], "nan": float("inf")}, trace_id="t")
    await service.submit_log(sent)
    reader = await ReadOnlyDatabase.open(settings.storage.state_path / "logs.db", SCHEMA)
    async with reader:
        assert (await LogRepository(reader).find(LogQuery())).items == [sent]


async def test_a_database_that_is_being_created_counts_as_empty_for_readers(
    tmp_path: Path,
) -> None:
    path = tmp_path / "logs.db"
    with closing(sqlite3.connect(path)) as creating:
        creating.execute("PRAGMA journal_mode = WAL")
        creating.execute("BEGIN")
        creating.execute("CREATE TABLE entries (id INTEGER)")
        async with await ReadOnlyDatabase.open(path, SCHEMA) as reader:
            assert (await LogRepository(reader).find(LogQuery())).items == []


async def test_no_secret_reaches_the_database_or_a_file(
    service: LoggingService, settings: Settings
) -> None:
    await service.submit_log(entry(1, message=f"asked with key={KEY}", context={"cookie": KEY}))
    try:
        raise ValueError(f"https://x.example/?key={KEY}")  # noqa: TRY301  # a traceback is wanted
    except ValueError:
        logger.bind(service="metadata", headers={"X-Goog-Api-Key": KEY}).exception(
            "failed: {}", KEY
        )

    logs = settings.storage.base_path / "logs"

    async def both() -> bool:
        return len(await found(service)) == len(lines_below(logs)) == 2

    await eventually(both)
    written = lines_below(logs)
    assert len(written) == 2
    assert KEY not in "".join(written)
    state = settings.storage.state_path
    assert all(KEY.encode() not in file.read_bytes() for file in state.glob("logs.db*"))


async def test_text_that_utf8_cannot_hold_is_kept_readable(service: LoggingService) -> None:
    await service.submit_log(entry(1, context={"path": "caf\udce9", "bad\ud800": 1}))
    page = await service.query_logs(LogQuery())
    assert page.items[0].context == {"path": "caf\\udce9", "bad\\ud800": 1}


async def test_unwritable_files_do_not_prevent_entries_in_the_database(
    settings: Settings, service: LoggingService, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = settings.storage.base_path / "logs"
    folder.mkdir(exist_ok=True)
    (folder / "jobs").write_text("in the way")
    for number in range(3):
        await service.submit_log(entry(number))
    assert await found(service) == ["entry 2", "entry 1", "entry 0"]
    assert capsys.readouterr().err.count("log files cannot be written") == 1


@pytest.mark.usefixtures("_loguru")
async def test_a_damaged_database_is_set_aside(settings: Settings) -> None:
    """A damaged log does not stop the archive; nothing is deleted either."""
    path = settings.storage.state_path / "logs.db"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a database at all " * 500)
    async with LoggingService.open(settings) as service:
        await service.submit_log(entry(1))
        assert await found(service) == ["entry 1"]
    aside = [file for file in path.parent.iterdir() if "damaged" in file.name]
    assert [file.read_bytes() for file in aside] == [b"not a database at all " * 500]


async def test_a_failing_database_is_reported_once(
    service: LoggingService, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    database = sqlite3.connect(settings.storage.state_path / "logs.db")
    database.execute("DROP TABLE entries")
    database.commit()
    database.close()
    logger.bind(service="jobs").info("hello")

    async def seen() -> bool:
        return not (await service.health()).checks["queue"]

    await eventually(seen)
    assert "log entries cannot be stored: " in capsys.readouterr().err
    assert len(lines_below(settings.storage.base_path / "logs" / "jobs")) == 1
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await service.submit_log(entry(1))


async def test_health_names_what_fails(service: LoggingService) -> None:
    healthy = await service.health()
    assert (healthy.service, healthy.status) == ("logging", "healthy")
    assert healthy.checks == {"background": True, "database": True, "queue": True}
    await service._database.close()
    assert (await service.health()).status == "unhealthy"
    with pytest.raises(Exception, match="closed"):
        await service.submit_log(entry(1))


async def test_metrics_are_what_was_counted(service: LoggingService) -> None:
    VIDEOS.labels("success").inc(3)
    await service.submit_logs(LogBatch(entries=[entry(n, level=LogLevel.ERROR) for n in range(5)]))
    metrics = await service.get_metrics()
    values = {(metric.name, *metric.tags.values()): metric.value for metric in metrics}
    assert values["ytarchive_videos_total", "success"] >= 3
    assert values["ytarchive_log_entries_total", "ERROR"] >= 5
    assert not [metric.name for metric in metrics if metric.name.endswith("_created")]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({}, "entries_by_time"),
        ({"text": "x", "cursor": None}, "entries_by_time"),
        ({"service": "jobs"}, "entries_by_service"),
        ({"service": "jobs", "level": "ERROR"}, "entries_by_severity"),
        ({"trace_id": "t", "service": "jobs", "level": "ERROR"}, "entries_by_trace"),
    ],
)
def test_each_query_uses_an_index_and_sorts_nothing(query: dict[str, object], index: str) -> None:
    asked = LogQuery.model_validate(query)
    database = sqlite3.connect(":memory:")
    create(database, SCHEMA)
    sql = "EXPLAIN QUERY PLAN " + SCHEMA.queries()[_statement(asked)]
    plan = [row[3] for row in database.execute(sql, _parameters(asked))]
    database.close()
    assert any(f"USING INDEX {index} (" in step for step in plan)
    assert not any("SCAN" in step or "TEMP B-TREE" in step for step in plan)


async def test_a_state_folder_of_a_newer_version_is_refused(settings: Settings) -> None:
    path = settings.storage.state_path / "logs.db"
    async with await Database.open(path, SCHEMA):
        pass
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 999")
    database.close()
    with pytest.raises(DatabaseUnsupported, match="999"):
        async with LoggingService.open(settings):
            pass


@pytest.mark.usefixtures("_loguru")
async def test_ten_thousand_entries_are_taken_in_one_batch(tmp_path: Path) -> None:
    settings = load_settings(storage={"base_path": str(tmp_path)})
    batch = LogBatch(entries=[entry(n, trace_id=f"t{n // 10}") for n in range(10_000)])
    async with LoggingService.open(settings) as service:
        assert (await service.submit_logs(batch)).accepted == 10_000
        assert len(await found(service, trace_id="t500")) == 10


@pytest.mark.parametrize("limit", [1, 2])
@pytest.mark.parametrize("damage", ["context = '['", "context = '[1]'", "service = ''"])
async def test_pages_skip_and_name_unreadable_entries(
    service: LoggingService, settings: Settings, damage: str, limit: int
) -> None:
    for number in range(6):
        await service.submit_log(entry(number))
    with closing(sqlite3.connect(settings.storage.state_path / "logs.db")) as database:
        database.execute(f"UPDATE entries SET {damage} WHERE message IN ('entry 2', 'entry 5')")
        database.commit()
    items: list[str] = []
    skipped: set[str] = set()
    query = LogQuery(limit=limit, text="entry ", until=NOON + timedelta(hours=1))
    while True:
        page = await service.query_logs(query)
        items += [item.message for item in page.items]
        skipped |= set(page.skipped)
        if page.next_cursor is None:
            break
        query = query.model_copy(update={"cursor": page.next_cursor})
    assert items == ["entry 4", "entry 3", "entry 1", "entry 0"]
    assert len(skipped) == 2
