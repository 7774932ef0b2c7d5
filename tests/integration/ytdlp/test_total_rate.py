"""`download.total_rate_limit` holds for all transfers together; measured at the stand-in."""

import asyncio
import time

import pytest

from tests.integration.ytdlp.helpers import Archive, ignore

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOTAL = 3 * 2**20
"""Bytes per second."""
BUFFERED = 2**20
"""Bytes that the stand-in has sent and that the workers have not received yet, at most."""


async def test_all_transfers_together_keep_the_limit(archive: Archive) -> None:
    videos = [archive.youtube.catalogue.add_video().id for _ in range(2)]
    async with archive.other(total_rate_limit=TOTAL, concurrency=2) as ytdlp:
        started = time.monotonic()
        await asyncio.gather(
            *(ytdlp.download(archive.order(each), ignore, ignore) for each in videos)
        )
        seconds = time.monotonic() - started

    assert archive.media_seen() >= 2 * archive.media_size(136)
    assert archive.media_seen() <= seconds * TOTAL + BUFFERED
