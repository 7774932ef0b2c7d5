"""Requests the health of a registered service, whose answer is not trusted."""

from typing import Any

import aiohttp
from aiohttp import hdrs
from pydantic_core import from_json

from ytarchive.jobs import ServiceRegistry

_LARGEST_ANSWER = 2**16


async def says_healthy(
    session: aiohttp.ClientSession, entry: ServiceRegistry, token: str | None
) -> bool:
    """Return whether a service reports healthy.

    Raises aiohttp's errors, ValueError or TimeoutError.

    Redirects are not followed, and at most 64 KiB are read.
    """
    headers = {hdrs.AUTHORIZATION: f"Bearer {token}"} if token else {}
    url = entry.address + entry.health_endpoint
    async with session.get(url, headers=headers, allow_redirects=False) as response:
        raw = b""
        async for chunk in response.content.iter_chunked(_LARGEST_ANSWER):
            raw += chunk
            if len(raw) > _LARGEST_ANSWER:
                raise ValueError("an answer too long for a health check")
    answer: Any = from_json(raw)
    data = answer.get("data") if isinstance(answer, dict) else None
    return isinstance(data, dict) and data.get("status") == "healthy"
