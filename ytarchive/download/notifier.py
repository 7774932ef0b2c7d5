"""Tells the listener how downloads ended. Should that fail, the listener asks by itself."""

import asyncio

from loguru import logger

from ytarchive.common.errors import YTArchiveError
from ytarchive.download.api import DownloadListener, DownloadNotice

log = logger.bind(service="download")

_SECONDS_BETWEEN = (0.5, 1, 2, 4, 8)


async def deliver(listener: DownloadListener, notice: DownloadNotice) -> None:
    """Tell the listener, several times if need be. Never raises: the listener can also ask."""
    for seconds in (*_SECONDS_BETWEEN, None):
        try:
            await listener.download_finished(notice)
        except YTArchiveError as error:
            log.warning("{}: the notice was not taken: {}", notice.video_id, error.message)
        except Exception:  # a fault of the listener must not lose this service
            log.exception("{}: the notice was not taken", notice.video_id)
        else:
            return
        if seconds is not None:
            await asyncio.sleep(seconds)
