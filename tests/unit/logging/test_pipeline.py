import asyncio
import threading
from collections.abc import Sequence
from functools import partial

import pytest
from loguru import logger
from prometheus_client import Counter

from tests.waiting import eventually, until
from ytarchive.common.errors import DatabaseCorrupt, ServiceUnavailable
from ytarchive.common.telemetry import LOG_ENTRIES_DROPPED
from ytarchive.logging import (
    Console,
    LogEntry,
    LogLevel,
    LogPipeline,
    LogQuery,
    RemoteTarget,
    configure_logging,
    pipeline,
)
from ytarchive.logging.pipeline import EntryQueue
from ytarchive.logging.service import LoggingService

pytestmark = pytest.mark.usefixtures("_loguru")


class Shelf:
    """A log store with configurable behaviour."""

    def __init__(self) -> None:
        self.kept: list[LogEntry] = []
        self.batches: list[int] = []
        self.failures: list[Exception] = []
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()

    async def write(self, entries: Sequence[LogEntry]) -> None:
        self.asked += 1
        logger.info("the store itself says something")
        await self.open.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append(len(entries))
        self.kept += entries

    def was_asked(self, times: int) -> bool:
        return self.asked >= times

    def messages(self) -> list[str]:
        return [entry.message for entry in self.kept]


@pytest.fixture
async def shelf() -> Shelf:
    return Shelf()


def dropped(counter: Counter = LOG_ENTRIES_DROPPED) -> float:
    return next(iter(counter.collect())).samples[0].value


async def test_records_of_every_thread_arrive_in_batches_and_in_order(shelf: Shelf) -> None:
    def work(name: str) -> None:
        for number in range(1500):
            logger.info("{} {}", name, number)

    async with LogPipeline(shelf, 20_000):
        threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            await asyncio.to_thread(thread.join)
    for name in "ab":
        of_one = [text for text in shelf.messages() if text.startswith(name)]
        assert of_one == [f"{name} {number}" for number in range(1500)]
    assert len(shelf.kept) == 3000
    assert max(shelf.batches) <= 1000
    assert len(shelf.batches) < 30


async def test_what_was_logged_last_is_stored_before_the_end(shelf: Shelf) -> None:
    async with LogPipeline(shelf, 100):
        logger.info("goodbye")
    logger.info("too late")
    assert shelf.messages() == ["goodbye"]


async def test_what_the_store_logs_is_not_stored(shelf: Shelf) -> None:
    """It would make the store write, and log, without end."""
    async with LogPipeline(shelf, 100):
        logger.info("one")
        await until(lambda: shelf.kept)
        await asyncio.sleep(3 * pipeline._BATCH_SECONDS)
        assert shelf.asked == 1


async def test_what_the_database_of_the_log_logs_is_not_stored(shelf: Shelf) -> None:
    """A commit of logs.db that failed is logged by that database's own thread."""
    thread = threading.Thread(target=logger.error, args=("commit failed",), name="sqlite-logs_0")
    async with LogPipeline(shelf, 100):
        thread.start()
        thread.join()
        logger.info("the only one")
    assert shelf.messages() == ["the only one"]


async def test_a_hanging_store_delays_no_caller_and_loses_the_lowest_levels(shelf: Shelf) -> None:
    before = dropped()
    async with LogPipeline(shelf, 100) as running:
        shelf.open.clear()
        logger.info("in the store's hands")
        await until(lambda: shelf.asked)
        logger.error("an error")
        for number in range(500):
            logger.info("info {}", number)
        logger.warning("a warning")
        behind = not running.keeps_up
        assert behind
        assert dropped() - before == 402
        shelf.open.set()
        await until(lambda: "402 log entries were lost" in " ".join(shelf.messages()))
        assert running.keeps_up
    assert dropped() - before == 402
    expected = ["an error", *(f"info {n}" for n in range(402, 500)), "a warning"]
    assert shelf.messages()[1:101] == expected
    assert sum("were lost" in text for text in shelf.messages()) == 1


async def test_an_unreachable_store_gets_all_entries_later(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pipeline, "_FIRST_PAUSE", 0.01)
    before = dropped()
    shelf.failures = [ServiceUnavailable("the Logging service does not answer")] * 3
    async with LogPipeline(shelf, 100) as running:
        logger.info("patient")
        await until(lambda: shelf.kept)
        assert running.keeps_up
    assert shelf.messages() == ["patient"]
    assert dropped() == before
    reported = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("ytarchive:")
    ]
    reported_once = "ytarchive: log entries cannot be stored: the Logging service does not answer"
    assert reported == [reported_once]


async def test_a_store_that_works_again_is_detected_without_new_entries(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_FIRST_PAUSE", 0.01)
    before = dropped()
    shelf.failures = [DatabaseCorrupt("logs.db is damaged")] * 999
    async with LogPipeline(shelf, 100) as running:
        logger.info("the only entry")
        await until(lambda: shelf.asked)
        behind = not running.keeps_up
        assert behind
        shelf.failures.clear()
        await until(lambda: len(shelf.kept) >= 2)
        assert running.keeps_up
    reported = "1 log entries were lost: the log store was too slow or failed"
    assert shelf.messages() == ["the log store is tried again after a failure", reported]
    assert dropped() - before == 1


async def test_a_broken_store_loses_only_its_entries(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pipeline, "_FIRST_PAUSE", 60)
    before = dropped()
    shelf.failures = [DatabaseCorrupt("logs.db is damaged"), RuntimeError("a bug, key=topsecret")]
    async with LogPipeline(shelf, 100) as running:
        for number in range(3):
            logger.info("entry {}", number)
            await until(partial(shelf.was_asked, number + 1))
            assert running.keeps_up == (number == 2)
        await until(lambda: len(shelf.kept) >= 2)
    assert shelf.messages()[0] == "entry 2"
    assert shelf.messages()[1].startswith("2 log entries were lost")
    assert dropped() - before == 2
    assert "logs.db is damaged" in capsys.readouterr().err


async def test_the_end_does_not_wait_for_a_store_that_hangs(
    shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    before = dropped()
    shelf.open.clear()
    running = LogPipeline(shelf, 100)
    running.start()
    logger.info("under way")
    await until(lambda: shelf.asked)
    logger.info("waiting")
    async with asyncio.timeout(30):
        await running.stop(timeout=0.1)
    assert dropped() - before == 2
    assert "2 log entries were lost" in capsys.readouterr().err


async def test_another_process_submits_to_the_logging_service(service: LoggingService) -> None:
    """Here the service's own process records the entry, and it is submitted as well."""
    async with LogPipeline(RemoteTarget(service), 100):
        logger.bind(service="download").warning("from afar")

    async def both() -> list[LogEntry]:
        entries = (await service.query_logs(LogQuery(service="download"))).items
        return entries if len(entries) == 2 else []

    found = await eventually(both)
    assert {(entry.level, entry.message) for entry in found} == {(LogLevel.WARNING, "from afar")}


async def test_only_records_from_the_level_on_are_stored(shelf: Shelf) -> None:
    configure_logging("DEBUG", console=Console.NONE)
    async with LogPipeline(shelf, 100, "WARNING"):
        logger.info("quiet")
        logger.warning("loud")
    assert shelf.messages() == ["loud"]


def test_a_full_queue_drops_the_oldest_of_the_lowest_level() -> None:
    queue = EntryQueue(3)
    levels = [LogLevel.INFO, LogLevel.DEBUG, LogLevel.ERROR, LogLevel.INFO, LogLevel.DEBUG]
    for number, level in enumerate(levels):
        queue.put(LogEntry(service="jobs", level=level, message=str(number)))
    assert [entry.message for entry in queue.take(10)] == ["0", "2", "3"]
    assert (queue.take_lost(), queue.take_lost(), len(queue)) == (2, 0, 0)
