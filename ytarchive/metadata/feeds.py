"""Requests feeds from YouTube.

A feed is one small request, which the governor admits like a page of a list. The feed of a channel
without videos of a kind answers 404, and all feeds fail for days several times a year.
"""

import asyncio
from http import HTTPStatus

import aiohttp
from aiohttp import hdrs

from ytarchive.common.channel_lists import channel_of_list, is_channel, is_uploads
from ytarchive.common.config import NetworkConfig
from ytarchive.common.errors import NetworkFailure, RateLimited
from ytarchive.connection import PROXY_ERRORS, youtube_session
from ytarchive.metadata.api import ListFeed
from ytarchive.metadata.feed import MAX_BYTES, UnreadableFeed, parse_feed
from ytarchive.ytdlp import Extractor

_URL = "https://www.youtube.com/feeds/videos.xml"


class Feeds:
    """Reads the feeds of lists, one at a time."""

    def __init__(self, network: NetworkConfig, extractor: Extractor) -> None:
        self._network = network
        self._extractor = extractor
        self._turn = asyncio.Lock()

    async def get(self, source: str) -> ListFeed:
        """Return the feed of a channel's id or a list, or the reason why it cannot be read."""
        try:
            async with self._turn, self._extractor.page_turn(source):
                content = await self._received(source)
            feed = parse_feed(content)
        except UnreadableFeed as error:
            return ListFeed(list_id=source, problem=str(error))
        except NetworkFailure as error:
            return ListFeed(list_id=source, problem=error.message)
        return ListFeed(list_id=source, title=feed.title, entries=list(feed.entries))

    async def _received(self, source: str) -> bytes:
        """Return an answer with status 200. Raises UnreadableFeed, RateLimited, NetworkFailure."""
        try:
            return await self._read(source)
        except (aiohttp.ClientError, OSError, *PROXY_ERRORS) as error:
            cause = str(error) or type(error).__name__
            raise NetworkFailure(f"no feed was received: {cause}") from error

    async def _read(self, source: str) -> bytes:
        limits = aiohttp.ClientTimeout(total=2 * self._network.timeout)
        content = bytearray()
        async with (
            youtube_session(self._network, limits, connections=1) as session,
            session.get(_URL, params=_query(source), allow_redirects=False) as answer,
        ):
            if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
                later = answer.headers.get(hdrs.RETRY_AFTER)
                raise RateLimited("YouTube refuses feeds: too many requests", retry_after=later)
            if answer.status != HTTPStatus.OK:
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
