"""Waiting for facts that nobody announces."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


async def until(found: Callable[[], Awaitable[T]], seconds: float = 30) -> T:
    """The first true answer of `found`."""
    async with asyncio.timeout(seconds):
        while not (answer := await found()):
            await asyncio.sleep(0.02)
    return answer


def lines_below(folder: Path) -> list[str]:
    """Every line of every log file."""
    return [
        line
        for path in sorted(folder.rglob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
