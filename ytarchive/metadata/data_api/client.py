"""The YouTube Data API v3.

The key is sent only in a header, and is never in a URL, a log or an error.
"""

import asyncio
import json
import random
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import aiohttp
from loguru import logger
from pydantic import SecretStr

from ytarchive import __version__
from ytarchive.common import errors
from ytarchive.common.config import NetworkConfig
from ytarchive.common.telemetry import YOUTUBE_ERRORS
from ytarchive.connection import PROXY_ERRORS, youtube_session
from ytarchive.metadata.data_api.errors import Refusal, refused, unreachable, unreadable
from ytarchive.metadata.data_api.quota import QuotaLedger
from ytarchive.metadata.data_api.resources import Resource, read_resources

log = logger.bind(service="metadata")

BASE_URL = "https://www.googleapis.com/youtube/v3"
IDS_PER_CALL = 50
_RETRY_BASE = 0.5
_REFUSAL_SHOWN = 60.0
_KEY = re.compile(r"[!-~]+")  # other characters must not get into a header


@dataclass(frozen=True)
class ItemsPage:
    """Up to 50 entries of a playlist."""

    items: list[Resource]
    next_token: str | None


class DataApi:
    """Calls the API, counts all requests, retries temporary failures. Each attempt: 1 unit.

    Raises QuotaExceeded, an `Unavailable`, a DataApiError or NetworkFailure.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        key: SecretStr,
        ledger: QuotaLedger,
        *,
        base_url: str = BASE_URL,
    ) -> None:
        self._session = session
        self._key = key
        self._ledger = ledger
        self._base_url = base_url
        self._key_refused_at = -_REFUSAL_SHOWN

    @classmethod
    @asynccontextmanager
    async def open(
        cls, key: SecretStr, network: NetworkConfig, ledger: QuotaLedger
    ) -> AsyncIterator[Self]:
        """Yield a client with its own connections. Raises InvalidConfiguration."""
        if not _KEY.fullmatch(key.get_secret_value()):
            raise errors.InvalidConfiguration(
                "YOUTUBE_API_KEY has characters that are not valid in a key"
            )
        timeout = aiohttp.ClientTimeout(
            total=6 * network.timeout, connect=network.timeout, sock_read=network.timeout
        )
        async with youtube_session(network, timeout, connections=8) as session:
            yield cls(session, key, ledger)

    async def videos(self, video_ids: Sequence[str]) -> dict[str, Resource]:
        """Return the existing ones of up to 50 videos, by id; YouTube omits the others."""
        parts = "snippet,contentDetails,statistics"
        # `hl` adds the English texts, which yt-dlp may return instead of the original ones.
        answer = await self._get("videos", part=parts, id=",".join(video_ids), hl="en")
        wanted = set(video_ids)
        return {video.id: video for video in read_resources(answer["items"]) if video.id in wanted}

    async def playlist(self, playlist_id: str) -> Resource | None:
        """Return the metadata of a playlist without its entries; None if YouTube returns none."""
        answer = await self._get("playlists", part="snippet,contentDetails", id=playlist_id)
        return next(iter(read_resources(answer["items"])), None)

    async def playlist_items(self, playlist_id: str, page_token: str | None) -> ItemsPage:
        """Return a page of a playlist, in its order; the first page without a token."""
        more = {"pageToken": page_token} if page_token else {}
        answer = await self._get(
            "playlistItems",
            part="snippet,contentDetails,status",
            playlistId=playlist_id,
            maxResults="50",
            **more,
        )
        token = answer.get("nextPageToken")
        if token is not None and (not isinstance(token, str) or token == page_token):
            raise errors.ApiFailure("the Data API's pages of the playlist form a cycle")
        return ItemsPage(read_resources(answer["items"]), token or None)

    async def channel(self, name: str) -> Resource | None:
        """Return a channel by its id (`UC…`), @handle or `user:` name, or None."""
        asked = {"forHandle": name} if name.startswith("@") else {"id": name}
        if name.startswith("user:"):
            asked = {"forUsername": name.removeprefix("user:")}
        parts = "snippet,contentDetails,statistics,brandingSettings"
        answer = await self._get("channels", part=parts, **asked)
        return next(iter(read_resources(answer["items"])), None)

    @property
    def refuses_key(self) -> bool:
        """Return whether YouTube refused the key or its configuration within the last minute."""
        return time.monotonic() - self._key_refused_at < _REFUSAL_SHOWN

    async def _get(self, resource: str, **query: str) -> dict[str, Any]:
        """Return the answer, after up to three attempts; `items` always exists."""
        attempt = 1
        while True:
            day = await self._ledger.reserve()
            answer = await self._try(resource, query)
            if not isinstance(answer, Refusal):
                return answer
            is_last = not answer.retry or attempt == 3
            if is_last:
                YOUTUBE_ERRORS.labels(answer.error.reason).inc()
            await self._note(answer.error, day, f"{resource}.list, try {attempt}")
            if is_last:
                raise answer.error
            backoff = _RETRY_BASE * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311  # jitter, not a secret
            await asyncio.sleep(max(answer.wait, backoff))
            attempt += 1

    async def _note(self, error: errors.YTArchiveError, day: date, asked: str) -> None:
        """Log a failure, which the caller reports. Raises QuotaExceeded for a used-up quota."""
        log.debug("Data API, {}: {}", asked, error.message)
        if isinstance(error, errors.ApiKeyInvalid | errors.ApiNotEnabled):
            self._key_refused_at = time.monotonic()
        if isinstance(error, errors.QuotaExceeded):
            raise await self._ledger.mark_spent(day) from error

    async def _try(self, resource: str, query: dict[str, str]) -> dict[str, Any] | Refusal:
        headers = {
            "X-Goog-Api-Key": self._key.get_secret_value(),
            "Accept": "application/json",
            "User-Agent": f"ytarchive/{__version__} (gzip)",  # without it no compression
        }
        address = f"{self._base_url}/{resource}"
        try:
            async with self._session.get(
                address, params=query, headers=headers, allow_redirects=False
            ) as response:
                body = await _read(response)
        except (aiohttp.ClientError, OSError, *PROXY_ERRORS) as error:
            return unreachable(error, self._session.timeout.sock_read or 0)
        if response.status != 200:
            return refused(response.status, response.headers.get("Retry-After"), body)
        return _list_answer(body) or unreadable(body)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        body += chunk
        if len(body) > 32 * 2**20:
            raise aiohttp.ClientPayloadError("the answer is far too large")
    return bytes(body)


def _list_answer(body: bytes) -> dict[str, Any] | None:
    """Return the answer of a `list` method; None if it is something else. No `items` means none."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    items = answer.get("items")
    if items is None and str(answer.get("kind", "")).endswith("ListResponse"):
        return {**answer, "items": []}
    return answer if isinstance(items, list) else None
