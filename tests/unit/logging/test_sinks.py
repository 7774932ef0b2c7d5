import io
import logging

import pytest
from loguru import logger

from ytarchive.common.tracing import trace
from ytarchive.logging import Console, LogLevel, configure_logging
from ytarchive.logging.api import LogEntry
from ytarchive.logging.records import entry_of

KEY = "AIza" + "x" * 35

pytestmark = pytest.mark.usefixtures("_loguru")


@pytest.fixture
def entries() -> list[LogEntry]:
    """What is logged from here on, as it would be stored."""
    seen: list[LogEntry] = []
    logger.add(lambda message: seen.append(entry_of(message.record)), level="DEBUG")
    return seen


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def fail_with(text: str) -> None:
    private = "a local value"
    raise RuntimeError(text + private[:0])


def test_a_server_shows_time_level_service_and_message(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", console=Console.FULL)
    logger.bind(service="jobs").info("job {} queued", 7)
    logger.debug("not shown")
    assert shown(capsys)[19:] == " INFO     jobs      job 7 queued\n"


def test_records_without_a_service_belong_to_the_archive(entries: list[LogEntry]) -> None:
    logger.info("hello")
    logger.bind(service="No Service's Name!").info("hello")
    assert [entry.service for entry in entries] == ["ytarchive", "ytarchive"]


def test_a_command_shows_warnings_in_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", console=Console.WARNINGS)
    logger.info("not shown")
    logger.warning("the disk is nearly full")
    try:
        fail_with("inner")
    except RuntimeError:
        logger.exception("the job failed")
    assert shown(capsys) == "warning: the disk is nearly full\nerror: the job failed\n"


def test_the_console_can_be_off(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("DEBUG", console=Console.NONE)
    logger.critical("not shown")
    assert shown(capsys) == ""


def test_no_secret_reaches_the_console_also_not_in_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("INFO", console=Console.FULL)
    try:
        fail_with(f"GET /?key={KEY}")
    except RuntimeError:
        logger.exception("asked with {}", KEY)
    text = shown(capsys)
    assert "asked with ***" in text
    assert "RuntimeError: GET /?key=***" in text
    assert KEY not in text
    assert "a local value" not in text.replace('private = "a local value"', "")


def test_a_message_cannot_control_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", console=Console.FULL)
    logger.info("title: \x1b[2Jgone\r\u202ereversed\n2026-01-01 00:00:00 INFO     jobs forged")
    text = shown(capsys)
    assert "\\x1b[2Jgone\\r\\u202ereversed" in text
    assert [line for line in text.splitlines() if line.startswith("2026-01-01")] == []


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stderr", [None, closed()], ids=["none", "closed"])
def test_records_are_stored_without_a_usable_stderr_and_shown_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stderr: io.StringIO | None
) -> None:
    configure_logging("INFO", console=Console.FULL)
    stored: list[str] = []
    logger.add(lambda message: stored.append(message.record["message"]))
    with monkeypatch.context() as broken:
        broken.setattr("sys.stderr", stderr)
        logger.info("not shown")
    logger.info("shown")
    assert stored == ["not shown", "shown"]
    assert [line.split()[-1] for line in shown(capsys).splitlines()] == ["shown"]


def test_records_of_the_standard_library_are_included(entries: list[LogEntry]) -> None:
    log = logging.getLogger("aiohttp.client")
    try:
        fail_with("closed")
    except RuntimeError:
        log.exception("connection {} %s", "lost")
    log.log(35, "between two levels")
    log.debug("for aiohttp's authors")
    first, second = entries
    assert (first.level, first.message) == (LogLevel.ERROR, "connection {} lost")
    assert first.context["logger"] == "aiohttp.client"
    assert first.context["exception"].endswith("RuntimeError: closed\n")
    assert (second.level, second.message) == (LogLevel.WARNING, "between two levels")


def test_intercepted_records_name_the_code_that_logged() -> None:
    places: list[str] = []
    logger.add(places.append, format="{function}")
    logging.getLogger("x").warning("here")
    assert places == ["test_intercepted_records_name_the_code_that_logged\n"]


def test_configuring_twice_shows_everything_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", console=Console.FULL)
    configure_logging("INFO", console=Console.FULL)
    logging.getLogger("x").warning("once")
    assert shown(capsys).count("once") == 1


def test_an_entry_carries_the_trace_of_the_call(entries: list[LogEntry]) -> None:
    with trace("trace-1"):
        logger.bind(service="storage", video_id="dQw4w9WgXcQ").info("stored")
    logger.info("outside")
    assert [entry.trace_id for entry in entries] == ["trace-1", None]
    assert entries[0].context == {"video_id": "dQw4w9WgXcQ"}


def test_anything_can_be_logged(entries: list[LogEntry]) -> None:
    """File names that are not UTF-8, endless texts, values that JSON does not know."""
    bound = {"path": "a\udcff", "number": float("nan"), "thing": object(), "set": {1}, 1: "one"}
    logger.bind(service="jobs", bound=bound).info("caf\udce9 {}", "x" * 100_000)
    entry = entries[0]
    assert entry.message.startswith("caf\\udce9 xxx")
    assert len(entry.message) == 65_536
    assert LogEntry.model_validate_json(entry.model_dump_json()) == entry
