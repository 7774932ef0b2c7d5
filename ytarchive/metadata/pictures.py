"""Fetches the pictures of channels from YouTube's servers of images.

Requests go to these servers alone, also after redirects, which are refused. They do not count
towards the pace of requests to YouTube.
"""

import asyncio

import aiohttp

from ytarchive.common.config import NetworkConfig
from ytarchive.common.errors import NetworkFailure
from ytarchive.connection import PROXY_ERRORS, youtube_session
from ytarchive.media import LARGEST_FILE, ContentError, as_jpeg, ffmpeg_path
from ytarchive.ytdlp import is_served_by

_HOSTS = ("ytimg.com", "ggpht.com", "googleusercontent.com")


class YouTubePictures:
    """Fetches one picture at a time."""

    def __init__(self, network: NetworkConfig) -> None:
        self._network = network
        self._turn = asyncio.Lock()

    async def fetch(self, url: str) -> bytes:
        """Return the picture at an address of YouTube's servers. Raises NetworkFailure."""
        if not is_served_by(_HOSTS, url):
            raise NetworkFailure(f"{url} is not an address of YouTube's servers of images")
        try:
            async with self._turn:
                content = await self._read(url)
            return await asyncio.to_thread(_checked, content)
        except (aiohttp.ClientError, OSError, ContentError, *PROXY_ERRORS) as error:
            raise NetworkFailure(f"{url}: {str(error) or type(error).__name__}") from error

    async def _read(self, url: str) -> bytes:
        content = bytearray()
        limits = aiohttp.ClientTimeout(total=6 * self._network.timeout)
        async with (
            youtube_session(self._network, limits, connections=1) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise ContentError(f"YouTube answered with HTTP status {answer.status}")
            async for block in answer.content.iter_chunked(2**16):
                content += block
                if len(content) > LARGEST_FILE:
                    raise ContentError(f"YouTube sent more than {LARGEST_FILE // 2**20} MiB")
        return bytes(content)


def _checked(content: bytes) -> bytes:
    return as_jpeg(content, ffmpeg_path() or "ffmpeg")
