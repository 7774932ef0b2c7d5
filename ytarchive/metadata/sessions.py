"""Unfinished listings by yt-dlp that wait for a request for their next page.

A session saves requests. If it was closed (restart, idle), the list is read again from the start,
and the videos listed before are left out, so that no entry is lost even if the list has changed.
"""

import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable

from ytarchive.common.media import PlaylistVideo
from ytarchive.metadata.listings import ListedBatch
from ytarchive.ytdlp import Extractor, ListedEntries

_IDLE_SECONDS = 30.0

ListedBefore = Callable[[], Awaitable[Counter[str]]]
"""Returns how often each video was listed so far; called only if needed."""


def take(listed: Counter[str], video_id: str | None) -> bool:
    """Return whether an entry was listed before, and count one earlier listing less."""
    if video_id is None or listed[video_id] < 1:
        return False
    listed[video_id] -= 1
    return True


class ListingSession:
    """An active listing."""

    def __init__(
        self, chunks: AsyncGenerator[ListedEntries, None], listed: Counter[str] | None = None
    ) -> None:
        self.chunks = chunks
        self.last_used = 0.0
        self.busy = False
        self._listed = listed or Counter()

    async def read(self) -> list[PlaylistVideo]:
        """Return the next entries that were not listed before; none at the end."""
        async for chunk in self.chunks:
            fresh = [video for video in chunk.videos if not take(self._listed, video.video_id)]
            if fresh:
                return fresh
        return []


class ListingSessions:
    """A bounded number of waiting listings, each closed after half a minute without a request.

    Each one uses a worker process, and a complete listing requests its next page at once.
    """

    def __init__(
        self,
        extractor: Extractor,
        *,
        most: int = 8,
        idle: float = _IDLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._extractor = extractor
        self._most = most
        self._idle = idle
        self._clock = clock
        self._sessions: dict[int, ListingSession] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    async def first(self, source: str) -> tuple[ListedEntries, ListingSession]:
        """Return the first entries of a list. Keep the session with `keep`, or close it."""
        session = ListingSession(self._extractor.list_entries(source))
        try:
            first = await anext(session.chunks, None)
        except BaseException:
            await session.chunks.aclose()
            raise
        return first or ListedEntries(playlist_id=source, videos=[]), session

    async def keep(self, listing_id: int, session: ListingSession) -> None:
        """Keep a listing for its next page; the one unused for longest is closed if necessary."""
        session.last_used = self._clock()
        self._sessions[listing_id] = session
        idle = [each for each, waiting in self._sessions.items() if not waiting.busy]
        if len(self._sessions) > self._most:
            await self._end(min(idle, key=lambda each: self._sessions[each].last_used))

    async def next_batch(self, listing_id: int, source: str, listed: ListedBefore) -> ListedBatch:
        """Return the next entries, after reading the list again if necessary."""
        session = self._sessions.get(listing_id)
        if session is None:
            session = ListingSession(self._extractor.list_entries(source), await listed())
            await self.keep(listing_id, session)
        session.busy = True
        try:
            videos = await session.read()
        except BaseException:  # cancelled or failed: the generator is of no further use
            await self._end(listing_id)
            raise
        session.busy = False
        session.last_used = self._clock()
        if not videos:
            await self._end(listing_id)
        return ListedBatch(videos, page_token=None, complete=not videos)

    async def end(self, listing_id: int) -> None:
        """End a listing if it waits."""
        session = self._sessions.get(listing_id)
        if session is not None and not session.busy:
            await self._end(listing_id)

    async def close_idle(self) -> None:
        """End listings without a recent request."""
        latest = self._clock() - self._idle
        for listing_id, session in list(self._sessions.items()):
            if not session.busy and session.last_used < latest:
                await self._end(listing_id)

    async def close(self) -> None:
        """End every listing."""
        for listing_id in list(self._sessions):
            await self._end(listing_id)

    async def _end(self, listing_id: int) -> None:
        session = self._sessions.pop(listing_id, None)
        if session is not None:
            await session.chunks.aclose()
