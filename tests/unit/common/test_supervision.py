"""Background work that fails: logged once, retried with growing pauses, shown, and cleared."""

import asyncio
import errno
import os
import sqlite3
from collections.abc import Iterator

import pytest
from loguru import logger

from tests.waiting import until
from ytarchive.common import supervision
from ytarchive.common.errors import ServiceUnavailable
from ytarchive.common.supervision import Supervisor, mark_working

FAILURES = [
    OSError(errno.ESTALE, os.strerror(errno.ESTALE), "/archive/videos"),
    OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN), "/archive/videos"),
    sqlite3.OperationalError("Could not decode to UTF-8 column 'title'"),
    ServiceUnavailable("Storage does not answer"),
    KeyError("video_id"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
]


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(supervision, "_LONGEST_PAUSE", 0.01)


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """The messages of errors."""
    messages: list[str] = []
    sink = logger.add(lambda message: messages.append(message.record["message"]), level="ERROR")
    yield messages
    logger.remove(sink)


class Work:
    """Fails as long as `failure` is set."""

    def __init__(self, failure: Exception | None) -> None:
        self.failure = failure
        self.tries = 0

    async def turn(self) -> str:
        self.tries += 1
        if self.failure is not None:
            raise self.failure
        return "done"


@pytest.mark.parametrize("failure", FAILURES, ids=lambda each: type(each).__name__)
async def test_a_failure_is_logged_once_shown_and_cleared_when_its_cause_is_gone(
    failure: Exception, logged: list[str]
) -> None:
    supervisor, work = Supervisor("jobs"), Work(failure)
    completing = asyncio.create_task(supervisor.complete("planning", work.turn, "job 1"))
    await until(lambda: work.tries > 5)

    problem = supervisor.problem("job 1")
    assert problem is not None
    assert problem.message.startswith("planning: ")
    assert list(supervisor.problems()) == ["planning"]
    assert len([message for message in logged if message.startswith("planning failed")]) == 1

    work.failure = None
    assert await completing == "done"
    assert supervisor.problems() == {}
    assert supervisor.problem("job 1", None) is None


async def test_an_error_of_the_disk_is_not_called_a_fault_of_ytarchive() -> None:
    supervisor = Supervisor("jobs")
    supervisor.failed("planning", OSError(errno.ESTALE, os.strerror(errno.ESTALE), "/archive/x"))

    problem = supervisor.problem(None)
    assert problem is not None
    assert problem.error.code == "E223"
    assert "/archive/x" in problem.message
    assert problem.error.remedy in problem.message


async def test_pauses_grow_to_a_limit_and_begin_anew_after_a_success() -> None:
    supervisor = Supervisor("jobs")
    pauses = [supervisor.failed("planning", KeyError()) for _ in range(8)]
    supervisor.succeeded("planning")

    assert pauses[0] < 0.0013 < pauses[1] < pauses[3]
    assert max(pauses) < 0.0121
    assert supervisor.failed("planning", KeyError()) < 0.0013


async def test_another_error_of_the_same_work_is_logged_too(logged: list[str]) -> None:
    supervisor = Supervisor("jobs")
    for error in (KeyError("a"), KeyError("a"), KeyError("b"), KeyError("b")):
        supervisor.failed("planning", error)

    assert len(logged) == 2


async def test_work_that_waits_after_its_success_is_cleared_before_its_end() -> None:
    supervisor, work, ends = Supervisor("jobs"), Work(KeyError()), 0

    async def turn() -> None:
        nonlocal ends
        await work.turn()
        mark_working()
        try:
            await asyncio.Event().wait()
        finally:
            ends += 1

    supervisor.start("queue", turn)
    await until(lambda: supervisor.problems() != {})
    work.failure = None
    await until(lambda: supervisor.problems() == {})
    assert ends == 0
    await supervisor.stop()
    assert ends == 1


async def test_repeated_work_survives_failures_and_ends_when_it_is_stopped() -> None:
    supervisor, work = Supervisor("jobs"), Work(None)
    supervisor.start("count", work.turn)
    await until(lambda: work.tries > 2)
    work.failure = KeyError()
    tries = work.tries
    await until(lambda: work.tries > tries + 2)
    work.failure = None
    await until(lambda: supervisor.problems() == {})
    await supervisor.stop()
    tries = work.tries
    await asyncio.sleep(0.01)

    assert work.tries == tries


async def test_a_problem_of_work_that_is_cancelled_is_forgotten() -> None:
    supervisor, work = Supervisor("jobs"), Work(KeyError())
    supervisor.start("queue", work.turn)
    await until(lambda: supervisor.problems() != {})
    await supervisor.stop()

    assert supervisor.problems() == {}
