"""Everything that is logged is stored, readable and without secrets."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from loguru import logger

from tests.waiting import eventually
from ytarchive.common.config import load_settings
from ytarchive.common.errors import DiskFull
from ytarchive.logging import (
    Console,
    LogEntry,
    LogQuery,
    configure_logging,
    masking,
    register_secrets,
)
from ytarchive.logging.records import entry_of, line_of, masked, readable
from ytarchive.logging.service import LoggingService


class Unshowable:
    """A value that cannot be shown."""

    def __str__(self) -> str:
        raise ValueError("no")


def circular() -> dict[str, Any]:
    made: dict[str, Any] = {"name": "loop"}
    made["self"] = made
    return made


def endless_list() -> list[Any]:
    """Small, but 1000 to the power of 60 elements if it were traversed."""
    made: list[Any] = [1]
    for _ in range(60):
        made = [made] * 1000
    return made


EXTRAS: dict[str, dict[str, Any]] = {
    "a circle": {"value": circular()},
    "an endless list": {"value": [endless_list()]},
    "unshowable": {"value": Unshowable()},
    "unshowable name": {"value": {Unshowable(): 1}},
    "a huge number": {"value": 10**5000},
    "odd numbers": {"value": [float("nan"), float("-inf"), -(2**70)]},
    "half a character": {"value": "half \ud800 a character"},
    "bytes": {"value": b"\xff", "other": {1, 2}},
    "a bad trace": {"value": range(3), "trace_id": "not a trace id\n"},
    "bad names": {"trace_id": Unshowable(), "service": Unshowable()},
}


@pytest.mark.parametrize("name", EXTRAS)
async def test_no_value_loses_the_entry(service: LoggingService, name: str) -> None:
    logger.bind(**({"service": "jobs"} | EXTRAS[name])).info("it \udcff happened")

    async def stored() -> list[str]:
        page = await service.query_logs(LogQuery(text="happened"))
        return [item.message for item in page.items]

    assert await eventually(stored) == ["it \\udcff happened"]


def test_recursive_values_are_cut() -> None:
    assert readable(circular()) == {"name": "loop", "self": "<contains itself>"}
    same = [1]
    assert readable([same, same]) == [[1], [1]]
    assert len(json.dumps(readable(endless_list()))) < 10**6


@pytest.mark.usefixtures("_loguru")
async def test_entries_before_the_store_exists_are_stored(tmp_path: Path) -> None:
    archive = load_settings(storage={"base_path": str(tmp_path)})
    configure_logging("INFO", console=Console.NONE)
    logger.bind(service="jobs").info("before")
    logger.bind(service="jobs").debug("below the level")
    async with LoggingService.open(archive) as service:
        logger.bind(service="jobs").info("after")

        async def both() -> list[str] | None:
            found = (await service.query_logs(LogQuery(service="jobs"))).items
            return [item.message for item in found] if len(found) > 1 else None

        assert await eventually(both) == ["after", "before"]


async def test_entries_of_a_full_disk_are_stored_when_there_is_space(
    service: LoggingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = service._store.rows.insert
    failures = [DiskFull("the disk is full"), DiskFull("the disk is full")]

    async def full_at_first(entries: Any) -> None:
        if failures:
            raise failures.pop()
        await insert(entries)

    monkeypatch.setattr("ytarchive.logging.pipeline._FIRST_PAUSE", 0.01)
    monkeypatch.setattr(service._store.rows, "insert", full_at_first)
    for number in range(50):
        logger.bind(service="jobs").info("entry {}", number)

    async def all_of_them() -> bool:
        return len((await service.query_logs(LogQuery(service="jobs"))).items) == 50

    assert await eventually(all_of_them)
    assert not failures


SURROUNDINGS = [
    "{}", "GET /?key={}&x=1", "Authorization: Bearer {}", "Authorization: {} failed",
    '{"token": "{}"}', '{\\"password\\": \\"{}\\"}', "http://user:{}@proxy:3128/",
    "two {} and {}", "{}\n{}", "caf\u00e9 {}", "x{}y",
]  # fmt: skip


@given(
    secret=st.text(
        st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="*\x7f"),
        min_size=4,
        max_size=40,
    ),
    conditions=st.sampled_from(SURROUNDINGS),
)
@example('pa"ss\\wörd', "{}")
@example("a b&c=d;e", "GET /?key={}&x=1")
@settings(max_examples=40, deadline=None, database=None)
def test_no_secret_of_the_settings_is_in_any_stored_text(secret: str, conditions: str) -> None:
    """Token, API key, proxy password; plain, quoted, escaped, in addresses, in tracebacks."""
    password = f"{secret}/2"
    configured = load_settings(
        server={"token": secret},
        youtube={"api_key": secret[::-1]},
        network={"proxy": f"http://user:{quote(password, safe='')}@proxy:3128"},
    )
    before = masking._registered
    masking._registered = ()
    try:
        register_secrets(configured)
        for value in (secret, secret[::-1], password):
            ways = {value, *ways_to_write(value)}
            lines = [conditions.replace("{}", written) for written in sorted(ways)]
            found = list(texts(logged("\n".join(lines), value)))
            assert not [(way, text) for text in found for way in ways if way in text]
    finally:
        masking._registered = before


def ways_to_write(value: str) -> list[str]:
    """As programs include texts in others."""
    in_json = json.dumps(value)
    return [in_json[1:-1], json.dumps(in_json)[3:-3], repr(value)[1:-1], quote(value, safe="")]


def logged(text: str, value: str) -> LogEntry:
    """What is stored of a text in the message, the context, its names, and an exception."""
    taken: list[LogEntry] = []
    sink = logger.add(lambda message: taken.append(entry_of(message.record)), format="")
    try:
        raise RuntimeError(text)  # noqa: TRY301  # a traceback is wanted
    except RuntimeError:
        extra = {"deep": [{text: text}], "name": value}
        logger.bind(**extra).exception("{}", text)
    finally:
        logger.remove(sink)
    (entry,) = taken
    (stored,) = masked([entry])
    assert json.loads(line_of(stored))["context"] == stored.context
    return stored


def texts(stored: LogEntry) -> Iterator[str]:
    """Every text of an entry, names too."""
    yield stored.message
    waiting: list[Any] = [stored.context]
    while waiting:
        value = waiting.pop()
        match value:
            case dict():
                waiting += [*value.keys(), *value.values()]
            case list():
                waiting += value
            case str():
                yield value
