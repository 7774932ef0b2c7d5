"""Fetches the comments of refreshed videos again, if their profile has comments."""

import asyncio
from dataclasses import dataclass

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.side_files import COMMENTS
from ytarchive.download import DownloadAPI, DownloadRequest
from ytarchive.storage import StorageAPI

log = logger.bind(service="jobs")

_POLL = 0.2


@dataclass(frozen=True)
class Comments:
    """Fetches comments by a direct download without media, which Jobs stores.

    The download follows an extraction and uses it. Each of its requests waits for the governor, and
    a restart continues it.
    """

    download: DownloadAPI
    storage: StorageAPI

    async def refresh(self, video_id: str) -> None:
        """Fetch the comments of a stored video, and wait for the end of the download.

        Storage keeps the comments that YouTube no longer returns, and marks them.
        """
        location = (await self.storage.video_exists(video_id)).location
        profile = location.profile if location else None
        if location is None or profile is None or not profile.include_comments:
            return
        request = DownloadRequest(
            video_id=video_id,
            only_missing=[COMMENTS],
            present=[each for each in location.side_files if each != COMMENTS],
            max_retries=0,
            **profile.model_dump(),
        )
        try:
            progress = await self.download.start_download(request)
            while not progress.status.is_final and progress.retry_at is None:
                await asyncio.sleep(_POLL)
                progress = await self.download.get_progress(progress.task_id)
        except errors.YTArchiveError as error:
            log.warning("{}: its comments are not refreshed: {}", video_id, error.message)
