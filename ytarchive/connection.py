"""Connections to YouTube by aiohttp: certificate authorities and proxies as yt-dlp has them."""

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp_socks import ProxyConnector, ProxyError

from ytarchive.common.config import NetworkConfig
from ytarchive.common.errors import InvalidConfiguration

PROXY_ERRORS = (ProxyError,)
"""Errors of SOCKS proxies besides `aiohttp.ClientError` and `OSError`."""

_SOCKS = re.compile(r"(socks[45])[ah]?(://.*)")


@asynccontextmanager
async def youtube_session(
    network: NetworkConfig, limits: aiohttp.ClientTimeout, *, connections: int = 8
) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session for YouTube's servers. Raises InvalidConfiguration."""
    context = _ssl_context(network)
    common: dict[str, Any] = {"ssl": context, "limit": connections}
    proxy, connector = network.proxy, None
    if proxy and (socks := _SOCKS.fullmatch(proxy)):
        # As yt-dlp does it: the proxy resolves names, except one of version 4 without `a`.
        rdns = not proxy.startswith("socks4:")
        connector = ProxyConnector.from_url(f"{socks[1]}{socks[2]}", rdns=rdns, **common)
        proxy = None
    async with aiohttp.ClientSession(
        connector=connector or aiohttp.TCPConnector(**common),
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=proxy,
        timeout=limits,
    ) as session:
        yield session


def _ssl_context(network: NetworkConfig) -> ssl.SSLContext:
    """Return the system's authorities, and those of `network.ca_file`."""
    context = ssl.create_default_context()
    if network.ca_file is not None:
        try:
            context.load_verify_locations(network.ca_file)
        except (OSError, ssl.SSLError) as error:
            message = f"network.ca_file {network.ca_file} holds no certificates that can be read"
            raise InvalidConfiguration(message) from error
    return context
