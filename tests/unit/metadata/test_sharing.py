"""Shared calls: one for many callers, which can be cancelled separately."""

import asyncio

import pytest

from ytarchive.common.errors import InternalError, NetworkFailure, YTArchiveError
from ytarchive.metadata.sharing import Collector, SharedCalls


class Fetch:
    """Returns keys in capitals, once it is allowed to."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.may_answer = asyncio.Event()
        self.called = asyncio.Event()
        self.failure: Exception | None = None

    async def __call__(self, keys: list[str]) -> dict[str, str | YTArchiveError]:
        self.calls.append(keys)
        self.called.set()
        await self.may_answer.wait()
        if self.failure is not None:
            raise self.failure
        return {key: key.upper() for key in keys}


async def test_keys_requested_together_are_sent_together_once() -> None:
    fetch = Fetch()
    fetch.may_answer.set()
    collector = Collector[str](fetch, most=50)
    assert await asyncio.gather(*(collector.get(k) for k in "abcab")) == list("ABCAB")
    assert fetch.calls == [["a", "b", "c"]]


async def test_a_full_call_is_sent_at_once() -> None:
    fetch = Fetch()
    fetch.may_answer.set()
    collector = Collector[str](fetch, most=2, delay=3600)
    assert await asyncio.gather(*(collector.get(k) for k in "abcd")) == list("ABCD")
    assert fetch.calls == [["a", "b"], ["c", "d"]]


async def test_a_request_during_a_call_gets_the_answer_of_the_call() -> None:
    fetch = Fetch()
    collector = Collector[str](fetch, most=50)
    first = asyncio.create_task(collector.get("a"))
    await fetch.called.wait()
    second = asyncio.create_task(collector.get("a"))
    fetch.may_answer.set()
    assert (await first, await second) == ("A", "A")
    assert fetch.calls == [["a"]]


async def test_a_cancelled_caller_does_not_cancel_the_others() -> None:
    fetch = Fetch()
    collector = Collector[str](fetch, most=50)
    leaving, staying = (asyncio.create_task(collector.get("a")) for _ in range(2))
    await fetch.called.wait()
    leaving.cancel()
    fetch.may_answer.set()
    assert await staying == "A"
    assert (await asyncio.gather(leaving, return_exceptions=True))[0].__class__ is (
        asyncio.CancelledError
    )


@pytest.mark.parametrize(
    ("failure", "heard"), [(NetworkFailure("cut"), NetworkFailure), (KeyError(), InternalError)]
)
async def test_every_caller_gets_the_failure(failure: Exception, heard: type[Exception]) -> None:
    fetch = Fetch()
    fetch.failure = failure
    fetch.may_answer.set()
    collector = Collector[str](fetch, most=50)
    outcomes = await asyncio.gather(*(collector.get(k) for k in "ab"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [heard, heard]
    assert outcomes[0] is not outcomes[1]


async def test_closing_ends_waiting_calls() -> None:
    fetch = Fetch()
    collector = Collector[str](fetch, most=50)
    waiting = asyncio.create_task(collector.get("a"))
    await fetch.called.wait()
    await collector.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_shared_call_ends_with_its_last_caller() -> None:
    running, ended = asyncio.Event(), asyncio.Event()

    async def work() -> str:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ""

    shared = SharedCalls[str]()
    askers = [asyncio.create_task(shared.run("key", work)) for _ in range(2)]
    await running.wait()
    askers[0].cancel()
    await asyncio.wait([askers[0]])
    assert not ended.is_set()
    askers[1].cancel()
    await ended.wait()


async def test_each_caller_gets_its_own_error_object() -> None:
    async def fail() -> str:
        raise NetworkFailure("cut", host="x")

    shared = SharedCalls[str]()
    first, second = await asyncio.gather(
        shared.run("key", fail), shared.run("key", fail), return_exceptions=True
    )
    assert isinstance(first, NetworkFailure)
    assert isinstance(second, NetworkFailure)
    assert first is not second
    assert first.details == {"host": "x"}
