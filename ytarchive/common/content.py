"""Content: the result of an operation that returns bytes instead of JSON.

    content = await api.get_media("dQw4w9WgXcQ")
    async with await content.open(start=1_000_000) as parts:
        async for part in parts: ...

The bytes are read in parts, so that content of any size needs little memory.
"""

import io
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

PART_SIZE = 2**18
"""Maximum bytes of one part."""


class Parts(AsyncIterator[bytes]):
    """The parts of content, in order. `read` returns no bytes at the end."""

    def __init__(
        self, read: Callable[[], Awaitable[bytes]], close: Callable[[], Awaitable[object]]
    ) -> None:
        self._read = read
        self.close = close
        """Release the file or the connection; it may be called again."""

    async def __anext__(self) -> bytes:
        part = await self._read()
        if not part:
            raise StopAsyncIteration
        return part

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


@dataclass(frozen=True)
class Content(ABC):
    """Describes bytes before they are read."""

    name: str
    """A safe file name: without folders, quotes, control characters."""
    media_type: str
    size: int
    modified: datetime
    """In UTC, without fractions of a second."""
    etag: str
    """Identifies this version of the bytes; printable ASCII without quotes."""

    async def open(self, start: int = 0, stop: int | None = None) -> Parts:
        """Return the bytes from `start` up to and without `stop`.

        Raises ContentChanged if the version has changed, or NotFound.
        """
        stop = self.size if stop is None else min(stop, self.size)
        return await self._open(start, max(start, stop))

    @abstractmethod
    async def _open(self, start: int, stop: int) -> Parts: ...


@dataclass(frozen=True)
class BytesContent(Content):
    """Content in memory."""

    body: bytes

    async def _open(self, start: int, stop: int) -> Parts:
        rest = io.BytesIO(self.body[start:stop])

        async def read() -> bytes:
            return rest.read(PART_SIZE)

        return Parts(read, _nothing)


async def _nothing() -> None:
    """Close nothing: the bytes are in memory."""
