"""Continues an open job instead of adding the same one again.

A command without a server leaves a job open when all that is left has to wait. The same command,
run every night, would leave another one each time.
"""

from loguru import logger

from ytarchive.common.database import Database
from ytarchive.jobs.queue.models import CreateJob

log = logger.bind(service="jobs")


class OpenJobs:
    """Finds open jobs by what they were created for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def continued(self, request: CreateJob) -> str | None:
        """Return the oldest open job of the same request, with its list to be listed again."""
        own_videos = list(dict.fromkeys(request.video_ids))
        values = {
            "type": request.type,
            "playlist_id": request.playlist_id,
            "options": request.options.model_dump_json(),
            "own_videos": len(request.video_ids),
        }
        for row in await self._database.fetch_all("open_jobs_like", values):
            videos = {"job_id": row["id"], "limit": len(own_videos)}
            found = await self._database.fetch_all("job_video_ids", videos)
            if [each["video_id"] for each in found] == own_videos:
                if request.playlist_id is not None:
                    await self._database.execute("list_again", {"id": row["id"]})
                log.info("job {} is continued: it was created for the same", row["id"])
                return str(row["id"])
        return None
