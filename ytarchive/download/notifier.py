"""Tells the listener how downloads ended. Should that fail, the listener asks by itself."""

import asyncio
import itertools

from loguru import logger

from ytarchive.common.errors import YTArchiveError
from ytarchive.download.api import DownloadEvent, DownloadListener

log = logger.bind(service="download")

_SECONDS_BETWEEN = (0.5, 1, 2, 4, 8)
_SECONDS_OF_PATIENCE = 60


async def deliver(listener: DownloadListener, notice: DownloadEvent, *, insist: bool) -> bool:
    """Tell the listener, several times if need be; whether it took notice. Never raises.

    `insist`: go on until it does, because it does not know that there is something to ask for.
    """
    further = itertools.repeat(_SECONDS_OF_PATIENCE) if insist else (None,)
    for seconds in itertools.chain(_SECONDS_BETWEEN, further):
        try:
            await listener.download_finished(notice)
        except YTArchiveError as error:
            log.warning("{}: the notice was not taken: {}", notice.video_id, error.message)
        except Exception:  # a fault of the listener must not lose this service
            log.exception("{}: the notice was not taken", notice.video_id)
        else:
            return True
        if seconds is not None:
            await asyncio.sleep(seconds)
    return False
