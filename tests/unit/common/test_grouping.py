"""Grouped work: items that arrive meanwhile are processed together, each with its own outcome."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from ytarchive.common.grouping import Grouped, outcome_of


async def test_items_that_arrive_during_work_are_processed_together_in_order() -> None:
    begun, go_on = threading.Event(), threading.Event()
    groups: list[list[int]] = []

    def double(things: Sequence[int]) -> list[int]:
        groups.append(list(things))
        begun.set()
        go_on.wait()
        return [2 * thing for thing in things]

    grouped = Grouped[int, int](double, most=3)
    first = asyncio.create_task(grouped.run(0))
    await asyncio.to_thread(begun.wait)
    others = [asyncio.create_task(grouped.run(number)) for number in range(1, 6)]
    await asyncio.sleep(0)  # lets each of them ask
    go_on.set()
    assert await asyncio.gather(first, *others) == [0, 2, 4, 6, 8, 10]
    assert groups == [[0], [1, 2, 3], [4, 5]]


async def test_a_failure_is_raised_only_for_its_own_item() -> None:
    def invert(number: int) -> float:
        return 1 / number

    grouped = Grouped[int, float](lambda each: [outcome_of(invert, n) for n in each], most=9)
    outcomes = await asyncio.gather(*map(grouped.run, [1, 0, 2]), return_exceptions=True)
    assert outcomes[0] == 1
    assert isinstance(outcomes[1], ZeroDivisionError)
    assert outcomes[2] == 0.5


async def test_failed_work_reports_to_every_caller() -> None:
    def fail(_: Sequence[int]) -> list[int]:
        raise OSError("the disk is gone")

    grouped = Grouped[int, int](fail, most=9)
    for _ in range(2):  # and the next group has its turn all the same
        with pytest.raises(OSError, match="the disk is gone"):
            await grouped.run(1)


async def test_work_continues_in_another_loop_after_a_turn_was_cancelled() -> None:
    grouped = Grouped[int, int](lambda each: each, most=9)
    waiting = asyncio.create_task(grouped.run(1))
    await asyncio.sleep(0)
    assert grouped._turns is not None
    grouped._turns.cancel()
    waiting.cancel()
    await asyncio.gather(grouped._turns, waiting, return_exceptions=True)
    assert await grouped.run(2) == 2
