"""Clients of the stand-in for tests: yt-dlp as a program, aiohttp, and ffmpeg on what came."""

import asyncio
import json
import os
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import aiohttp

from .media import ffmpeg_program
from .remote import StandInProcess
from .server import StandIn

API = "https://www.googleapis.com/youtube/v3/"
KEY = {"X-Goog-Api-Key": "standin-key"}


class Outcome(NamedTuple):
    """What a run of yt-dlp printed."""

    out: str
    err: str


async def yt_dlp(
    youtube: StandIn | StandInProcess, *arguments: str, folder: Path = Path()
) -> Outcome:
    """Run yt-dlp as users do, in `folder`, with the stand-in as its YouTube."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "yt_dlp", "--ignore-config", "--no-update"),
        *("--proxy", youtube.proxy_url, "--compat-options", "no-certifi", *arguments),
        cwd=folder,
        env={**os.environ, "SSL_CERT_FILE": str(youtube.ca_file)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Outcome(out.decode(), err.decode())


class Client(NamedTuple):
    """An aiohttp client that trusts the stand-in and goes through its proxy."""

    session: aiohttp.ClientSession
    proxy: str

    async def get(self, url: str, **options: Any) -> tuple[int, bytes, Any]:
        """Return status, body and headers."""
        async with self.session.get(url, proxy=self.proxy, **options) as response:
            return response.status, await response.read(), response.headers

    async def api(self, resource: str, **query: Any) -> tuple[int, Any]:
        """Ask the Data API; return status and JSON."""
        url = f"{API}{resource}?{urlencode(query)}"
        status, body, _ = await self.get(url, headers=KEY)
        return status, json.loads(body)

    async def media_url(self, video_id: str, itag: int = 136) -> str:
        """Ask the player for a media address."""
        asked = {"videoId": video_id, "context": {"client": {"clientName": "VISIONOS"}}}
        url = "https://www.youtube.com/youtubei/v1/player"
        async with self.session.post(url, proxy=self.proxy, json=asked) as response:
            formats = (await response.json())["streamingData"]["adaptiveFormats"]
        return next(str(each["url"]) for each in formats if each["itag"] == itag)


@asynccontextmanager
async def client_of(youtube: StandIn) -> AsyncIterator[Client]:
    """Open a client whose requests take at most 5 seconds."""
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=youtube.ca_file))
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield Client(session, youtube.proxy_url)


async def decode(path: Path) -> str:
    """Play a file to its end and return what ffmpeg complained about."""
    process = await asyncio.create_subprocess_exec(
        *(ffmpeg_program(), "-v", "error", "-i", path, "-f", "null", "-"),
        stderr=asyncio.subprocess.PIPE,
    )
    return (await process.communicate())[1].decode()
