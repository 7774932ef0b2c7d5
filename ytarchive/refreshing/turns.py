"""Decides whether a refresh may start: never during a pause or block, and after users' work."""

from dataclasses import dataclass

from ytarchive.common.config import Settings
from ytarchive.jobs import GovernorAPI, JobQuery, JobsAPI, JobStatus
from ytarchive.metadata import MetadataAPI
from ytarchive.storage import DueRefreshes

_KEPT_FOR_USERS = 2
"""Videos that may start at once at the polite pace, which refreshes leave to users."""


@dataclass(frozen=True)
class Turns:
    """Reads the state of the queue, the governor and the quota."""

    jobs: JobsAPI
    governor: GovernorAPI
    metadata: MetadataAPI
    settings: Settings

    async def paused(self) -> str | None:
        """Return why no request may be sent to YouTube; None if one may."""
        state = await self.governor.get_governor()
        if state.paused_at is not None:
            return "a user has paused all requests"
        if state.state != "closed":
            return f"requests to YouTube are paused: {state.message or state.reason}"
        return None

    async def by_api(self, used: DueRefreshes) -> bool:
        """Return whether the Data API may be used now."""
        if used.units_today >= self.settings.refreshes.units_per_day:
            return False
        quota = await self.metadata.get_quota()
        return quota.source == "data_api" and quota.remaining > 0

    async def by_yt_dlp(self, used: DueRefreshes) -> str | None:
        """Return why yt-dlp may not extract a video now; None if it may."""
        if used.requests_today >= self.settings.refreshes.requests_per_day:
            return "the budget of today is used up"
        running = await self.jobs.list_jobs(JobQuery(status=JobStatus.RUNNING, limit=1))
        if running.items:
            return "a job is running"
        state = await self.governor.get_governor()
        kept = min(_KEPT_FOR_USERS, self.settings.download.burst)
        if state.pace != "off" and state.ready_videos < kept:
            return "the polite pace leaves the next videos to users"
        return None
