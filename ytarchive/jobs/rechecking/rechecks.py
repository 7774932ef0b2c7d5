"""Queues jobs for fresh videos that YouTube had not finished processing when they were stored.

See `docs/decisions/0034-quality-rechecks.md` for the rule.
"""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from loguru import logger

from ytarchive.common.config import Settings
from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.models import every_item, from_micros, to_micros, utc_now
from ytarchive.common.paths import followed
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.rows import all_readable
from ytarchive.common.scheduler import Duty
from ytarchive.jobs.queue.models import QUALITY_RECHECK, CreateJob, Job, JobOptions, JobType
from ytarchive.storage import MarksAPI, StorageAPI, StorageLocation, StoredVideo, VideoQuery

log = logger.bind(service="jobs")

_FIRST, _SECOND = timedelta(days=1), timedelta(days=7)
"""The times of the rechecks, since the video was stored."""
_WINDOW = timedelta(days=10)
"""Videos that were uploaded earlier are not looked at."""
_KEPT = timedelta(days=60)
"""The time after which a video is forgotten; longer than the window."""
_Change = Callable[[Writer], None]
_Create = Callable[[CreateJob, str, _Change], Awaitable[Job]]
"""Creates a job with a title, and makes another change of jobs.db in the same transaction."""
_PRIORITY = -10
_MOST = 200
"""The largest number of videos that is queued at a time."""
_EVERY, _AFTER = 3600.0, 90.0


@dataclass(frozen=True)
class _Due:
    """A fresh video that is due."""

    video_id: str
    stored_at: datetime

    def next_at(self, now: datetime) -> int | None:
        """Return the time of the recheck after this one; None if there is none."""
        second = self.stored_at + _SECOND
        return to_micros(second) if now < second else None

    def title(self, now: datetime) -> str:
        """Return the reason of the job, as jobs are listed."""
        return f"quality recheck after {'a day' if self.next_at(now) else '7 days'}"


class QualityRechecks:
    """Records fresh videos below the requested quality, and queues jobs when they are due."""

    def __init__(
        self,
        database: Database,
        storage: StorageAPI,
        marks: MarksAPI | None,
        create: _Create,
        settings: Settings,
    ) -> None:
        self._database = database
        self._storage = storage
        self._marks = marks
        self._create = create
        self._fresh = timedelta(hours=settings.jobs.fresh_hours)
        config = settings.storage
        self._default_folder = str(followed(config.base_path) / config.videos_dir)

    @property
    def duty(self) -> Duty:
        """Return the duty that records fresh videos and queues jobs."""
        return Duty("quality rechecks", self.run, _EVERY, _AFTER)

    async def run(self) -> None:
        """Record new fresh videos, and queue jobs for those that are due."""
        if not self._fresh:
            return
        now = utc_now()
        await self._record(now)
        await self._queue_due(now)
        await self._database.execute("forget_rechecks", {"before": to_micros(now - _KEPT)})

    async def _record(self, now: datetime) -> None:
        query = VideoQuery(uploaded_from=(now - _WINDOW).date(), limit=500)
        fresh = [
            each
            async for each in every_item(self._storage.list_videos, query)
            if self._is_fresh(each)
        ]
        ids = json.dumps([each.video_id for each in fresh])
        known = {
            row["video_id"]
            for row in await self._database.fetch_all("known_rechecks", {"video_ids": ids})
        }
        for video in fresh:
            if video.video_id not in known:
                is_below = await self._below_quality(video.video_id) is not None
                first = video.stored_at + _FIRST
                values = {
                    "video_id": video.video_id,
                    "stored_at": to_micros(video.stored_at),
                    "next_at": to_micros(first) if is_below else None,
                }
                await self._database.execute("add_recheck", values)

    def _is_fresh(self, video: StoredVideo) -> bool:
        """Return whether a video was stored soon after its upload."""
        uploaded = video.upload_date
        return uploaded is not None and video.stored_at - uploaded <= self._fresh

    async def _queue_due(self, now: datetime) -> None:
        values = {"now": to_micros(now), "limit": _MOST}
        due = _due(await self._database.fetch_all("due_rechecks", values))
        together: dict[tuple[str, str], list[_Due]] = {}
        for each in due:
            options = await self._options(each.video_id)
            if options is None:
                await self._database.execute("set_recheck", _settled(each))
            else:
                together.setdefault((options, each.title(now)), []).append(each)
        for (options, title), videos in together.items():
            request = CreateJob(
                type=JobType.VIDEO_DOWNLOAD,
                video_ids=[each.video_id for each in videos],
                options=JobOptions.model_validate_json(options),
                subscription_id=QUALITY_RECHECK,
            )
            rows = [_settled(each) | {"next_at": each.next_at(now)} for each in videos]
            job = await self._create(request, title, _setting(rows))
            log.info("job {}: {} of {} videos", job.id, title, len(videos))

    async def _options(self, video_id: str) -> str | None:
        """Return the options of the job for a video, as JSON; None if it needs no recheck."""
        stored = await self._below_quality(video_id)
        if stored is None or stored.profile is None or await self._is_excluded(video_id):
            return None
        folder = PurePosixPath(str(stored.video_path)).parent
        if folder.name != video_id:
            return None  # registered in place, where no other media is stored
        place = str(folder.parent)
        options = JobOptions(
            **stored.profile.profile_fields,
            upgrade=True,
            priority=_PRIORITY,
            output_dir=None if place == self._default_folder else place,
        )
        return options.model_dump_json()

    async def _below_quality(self, video_id: str) -> StorageLocation | None:
        """Return a stored video if its media may become better, as far as its profile allows."""
        stored = (await self._storage.video_exists(video_id)).location
        if stored is None or stored.video_path is None:
            return None
        profile: ArchiveProfile | None = stored.profile
        is_below = profile is not None and profile.may_improve(stored.quality, None)
        return stored if is_below else None

    async def _is_excluded(self, video_id: str) -> bool:
        if self._marks is None:
            return False
        marks = await self._marks.get_marks(video_id)
        return marks.removed or marks.known_elsewhere is not None


def _due(rows: Iterable[Row]) -> list[_Due]:
    return all_readable(
        rows,
        lambda row: _Due(row["video_id"], from_micros(row["stored_at"])),
        lambda row: f"the recheck of video {row['video_id']}",
    )


def _settled(due: _Due) -> dict[str, str | int | None]:
    return {"video_id": due.video_id, "next_at": None}


def _setting(rows: list[dict[str, str | int | None]]) -> _Change:
    def change(writer: Writer) -> None:
        writer.execute_many("set_recheck", rows)

    return change
