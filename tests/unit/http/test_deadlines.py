import asyncio

import pytest

from ytarchive.common.errors import ServiceTimeout
from ytarchive.http.pipeline import Deadlines


async def for_ever() -> None:
    await asyncio.Event().wait()


async def test_each_of_many_is_ended_at_its_own_time_and_quick_ones_are_not() -> None:
    deadlines = Deadlines(0.1)
    loop = asyncio.get_running_loop()

    async def lasted() -> float:
        begun = loop.time()
        with pytest.raises(ServiceTimeout, match=r"no answer within 0\.1 seconds"):
            await deadlines.keep(for_ever())
        return loop.time() - begun

    async def begun_later(after: float) -> float:
        await asyncio.sleep(after)
        return await lasted()

    assert await deadlines.keep(asyncio.sleep(0, "quick")) == "quick"
    waits = await asyncio.gather(*(begun_later(after) for after in (0, 0.03, 0.06, 0.09)))
    assert min(waits) >= 0.09
    assert await deadlines.keep(asyncio.sleep(0, "quick")) == "quick"
    assert await lasted() >= 0.09  # also after a rest


async def test_a_cancelled_request_gets_no_time_limit_error() -> None:
    deadlines = Deadlines(30)
    task = asyncio.create_task(deadlines.keep(for_ever()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_work_is_raised_unchanged() -> None:
    async def fault() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await Deadlines(30).keep(fault())
