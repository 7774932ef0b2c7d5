"""Waiting for conditions without events, in coroutines; `harness` has it for processes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_INTERVAL = 0.005


async def until(fact: Callable[[], object], seconds: float = 30) -> None:
    """Wait until a condition is true."""
    async with asyncio.timeout(seconds):
        while not fact():
            await asyncio.sleep(_INTERVAL)


async def eventually(fact: Callable[[], Awaitable[T | None]], seconds: float = 30) -> T:
    """The first value of `fact` that is not None or false; called repeatedly."""
    async with asyncio.timeout(seconds):
        while not (found := await fact()):
            await asyncio.sleep(_INTERVAL)
    return found
