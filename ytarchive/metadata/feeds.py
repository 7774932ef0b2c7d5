"""Requests feeds from YouTube.

A feed is one small request. The feed of a channel without videos of a kind answers 404, and all
feeds fail for days several times a year.
"""

import asyncio

import aiohttp

from ytarchive.common.channel_lists import channel_of_list, is_channel, is_uploads
from ytarchive.common.config import NetworkConfig
from ytarchive.connection import PROXY_ERRORS, youtube_session
from ytarchive.metadata.api import ListFeed
from ytarchive.metadata.feed import MAX_BYTES, UnreadableFeed, parse_feed

_URL = "https://www.youtube.com/feeds/videos.xml"


class Feeds:
    """Reads the feeds of lists, one at a time."""

    def __init__(self, network: NetworkConfig) -> None:
        self._network = network
        self._turn = asyncio.Lock()

    async def get(self, source: str) -> ListFeed:
        """Return the feed of a channel's id or a list, or the reason why it cannot be read."""
        try:
            async with self._turn:
                content = await self._read(source)
            feed = parse_feed(content)
        except UnreadableFeed as error:
            return ListFeed(list_id=source, problem=str(error))
        except (aiohttp.ClientError, OSError, *PROXY_ERRORS) as error:
            problem = f"no feed was received: {str(error) or type(error).__name__}"
            return ListFeed(list_id=source, problem=problem)
        return ListFeed(list_id=source, title=feed.title, entries=list(feed.entries))

    async def _read(self, source: str) -> bytes:
        limits = aiohttp.ClientTimeout(total=2 * self._network.timeout)
        content = bytearray()
        async with (
            youtube_session(self._network, limits, connections=1) as session,
            session.get(_URL, params=_query(source), allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise UnreadableFeed(f"YouTube answered with HTTP status {answer.status}")
            async for block in answer.content.iter_chunked(2**16):
                content += block
                if len(content) > MAX_BYTES:
                    break
        return bytes(content)


def _query(source: str) -> dict[str, str]:
    if is_channel(source):
        return {"channel_id": source}
    if is_uploads(source):
        return {"channel_id": channel_of_list(source)}
    return {"playlist_id": source}
