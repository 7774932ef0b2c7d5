"""Cleans the staging folder regularly, and at once when the disk is full."""

import asyncio
from collections.abc import Callable, Collection

from loguru import logger

from ytarchive.common.config import StorageConfig
from ytarchive.common.models import Done
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.reserve import Reserve
from ytarchive.common.scheduler import Duty, ScheduledDuty, Scheduler
from ytarchive.common.supervision import Supervisor
from ytarchive.download.staging.api import ReleaseStaging, StagingAPI, StagingReport
from ytarchive.download.staging.area import StagingArea

log = logger.bind(service="download")

_INTERVAL = 30.0


class StagingCleaner(StagingAPI):
    """Removes idle partial downloads.

    `active` names the folders that are in use now; `release` ends the use of those that only wait.
    """

    def __init__(
        self,
        config: StorageConfig,
        active: Callable[[], Collection[str]],
        release: Callable[[Collection[str]], None],
        watch: ArchiveWatch,
    ) -> None:
        self._watch = watch
        self._area = StagingArea(config)
        self._active = active
        self._release = release
        self._reserve = Reserve(config.state_path)
        self._duty: ScheduledDuty | None = None
        self._given_up: dict[str, str] = {}
        """Videos whose files are not needed, with the reasons."""

    async def get_staging(self) -> StagingReport:
        return await asyncio.to_thread(self._area.report, self._active())

    async def release_staging(self, request: ReleaseStaging) -> Done:
        self._release(request.video_ids)
        if request.are_removed:
            reason = "the video was removed from the archive"
            self._given_up |= dict.fromkeys(request.video_ids, reason)
        self.wake()
        return Done()

    def start(self, scheduler: Scheduler, supervisor: Supervisor) -> None:
        """Clean every 30 seconds and after `wake`."""
        duty = Duty("cleaning of staging", self.clean, _INTERVAL, in_commands=True)
        self._duty = scheduler.add(duty, supervisor)

    def wake(self) -> None:
        """Clean now, because a download has ended or the disk is full."""
        if self._duty is not None:
            self._duty.run_now()

    def discard(self, video_id: str) -> None:
        """Remove the files of a finally failed video, unless it is being downloaded again."""
        self._given_up[video_id] = "the download has finally failed"
        self.wake()

    async def clean(self) -> None:
        """Clean once, and fill the reserve of the state folder. A failure is logged.

        Does nothing while the archive is missing: its folder may contain another one.
        """
        if not await self._watch.is_there():
            return
        try:
            while self._given_up:
                video_id, reason = self._given_up.popitem()
                if video_id not in self._active():
                    await asyncio.to_thread(self._area.discard, video_id, reason)
            await asyncio.to_thread(self._area.clean, self._active())
            await asyncio.to_thread(self._reserve.refill)
        except OSError as error:
            log.warning("the staging folder cannot be cleaned: {}", error)
