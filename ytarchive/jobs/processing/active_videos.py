"""Videos that are being processed."""

import asyncio
from dataclasses import dataclass, field

from ytarchive.jobs.governor.models import Permit
from ytarchive.jobs.queue.models import JobType, VideoProgress
from ytarchive.jobs.queue.rows import DueVideo


@dataclass
class ActiveVideo:
    """A video that is being processed, for one job or several."""

    video: DueVideo
    permit: Permit
    waiters: list[DueVideo] = field(default_factory=list)
    title: str = ""
    seen: VideoProgress | None = None
    """The last known progress of the download."""
    task: asyncio.Task[None] | None = None
    pause: float = 0
    """Seconds before the next attempt, because the result could not be stored."""

    def describe(self, title: str) -> None:
        """Set the video's title, which is known now."""
        self.title = title


def key_of(video: DueVideo) -> tuple[bool, str]:
    """Return the key of a video: equal for videos of different jobs that need the same work."""
    return video.job.type is JobType.METADATA_ONLY, video.video_id
