"""Videos that are being worked on."""

import asyncio
from dataclasses import dataclass, field

from ytarchive.jobs.governor.models import Permit
from ytarchive.jobs.queue.models import JobType, VideoProgress
from ytarchive.jobs.queue.rows import DueVideo


@dataclass
class ActiveVideo:
    """A video being worked on, for one job or several."""

    video: DueVideo
    permit: Permit
    waiters: list[DueVideo] = field(default_factory=list)
    title: str = ""
    seen: VideoProgress | None = None
    """The download as it was when it was last looked at."""
    task: asyncio.Task[None] | None = None
    pause: float = 0
    """Seconds before it may start again, because its result could not be stored."""

    def describe(self, title: str) -> None:
        """The video's title is known now."""
        self.title = title


def key_of(video: DueVideo) -> tuple[bool, str]:
    """Return what makes two videos of different jobs the same work."""
    return video.job.type is JobType.METADATA_ONLY, video.video_id
