"""Notifies the listener of ended downloads. If that fails, the listener polls."""

import asyncio
import itertools

from loguru import logger

from ytarchive.common.errors import YTArchiveError
from ytarchive.download.api import DownloadEvent, DownloadListener

log = logger.bind(service="download")

_SECONDS_BETWEEN = (0.5, 1, 2, 4, 8)
_MAX_INTERVAL = 60


async def deliver(listener: DownloadListener, event: DownloadEvent, *, insist: bool) -> bool:
    """Notify the listener, repeatedly if necessary, and return the success. Never raises.

    `insist`: repeat without limit, for a download that the listener does not know and cannot poll.
    """
    further = itertools.repeat(_MAX_INTERVAL) if insist else (None,)
    for seconds in itertools.chain(_SECONDS_BETWEEN, further):
        try:
            await listener.download_finished(event)
        except YTArchiveError as error:
            log.warning("{}: the notification failed: {}", event.video_id, error.message)
        except Exception:  # an error of the listener must not end this service
            log.exception("{}: the notification failed", event.video_id)
        else:
            return True
        if seconds is not None:
            await asyncio.sleep(seconds)
    return False
