"""Active videos, and the results of processed ones."""

import asyncio
from dataclasses import dataclass, field

from loguru import logger

from ytarchive.common.errors import MembersOnly, YTArchiveError
from ytarchive.common.media import VideoMetadata
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality
from ytarchive.common.side_files import in_words
from ytarchive.download import DownloadEvent
from ytarchive.jobs.governor.models import Permit
from ytarchive.jobs.queue.filtering import Facts, VideoFilter
from ytarchive.jobs.queue.models import JobOptions, JobResult, JobType, ResultStatus, VideoProgress
from ytarchive.jobs.queue.rows import FILTERED, DueVideo, FetchedMedia, Outcome, filtered
from ytarchive.metadata import MetadataAPI, VideoMetadataQuery
from ytarchive.storage import SaveVideo, StorageLocation


def skipped_incomplete(
    stored: StorageLocation, options: JobOptions, error: YTArchiveError
) -> JobResult:
    """Return the result of a stored video whose missing files or better media were not fetched."""
    lacks_quality = options.upgrade and options.may_improve(stored.quality, None)
    not_better = f"not upgraded to {options.quality}: {error.message}" if lacks_quality else ""
    still = f"no {in_words(stored.missing)}: {error.message}" if stored.missing else ""
    return skipped(stored, not_better or still)


def archived(
    stored: StorageLocation, event: DownloadEvent, *remarks: str, has_metadata: bool
) -> JobResult:
    """Return the result of a downloaded and stored video, without empty remarks."""
    return JobResult(
        video_id=stored.video_id,
        status=ResultStatus.SUCCESS,
        message="; ".join(filter(None, remarks)),
        metadata_saved=has_metadata,
        video_downloaded=True,
        file_size=stored.size_bytes,
        quality=event.quality,
        audio_language=event.audio_language,
    )


def save_request(
    event: DownloadEvent, profile: ArchiveProfile | None, *, replace: bool = False
) -> SaveVideo:
    """Return the request to Storage for a completed download (step 8).

    `profile`: the requested profile; None if unknown.
    """
    fields = event.model_dump(include=set(SaveVideo.model_fields))
    return SaveVideo(**fields, transfer_id=event.task_id, profile=profile, replace=replace)


def has_no_new_files(event: DownloadEvent) -> bool:
    """Return whether a download of missing files fetched none of them."""
    return bool(event.only_missing) and set(event.only_missing) <= set(event.missing)


def skipped(stored: StorageLocation, *remarks: str) -> JobResult:
    """Return the result of a stored video to which nothing was added, without empty remarks."""
    return _unchanged(stored, "already in the archive", *filter(None, remarks))


def no_longer_stored(video_id: str) -> JobResult:
    """Return the result of a quality recheck of a video without media."""
    message = "its media is no longer stored"
    status = ResultStatus.SKIPPED
    return JobResult(video_id=video_id, status=status, message=message, reason="not_stored")


def kept(stored: StorageLocation, reason: str, *remarks: str) -> JobResult:
    """Return the result of a download that did not replace the stored media."""
    return _unchanged(stored, f"the stored copy was kept: {reason}", *remarks)


def _unchanged(stored: StorageLocation, *remarks: str) -> JobResult:
    return JobResult(
        video_id=stored.video_id,
        status=ResultStatus.SKIPPED,
        message="; ".join(remarks),
        file_size=stored.size_bytes,
        quality=stored.quality,
    )


def with_metadata(done: JobResult) -> JobResult:
    """Return the result of a stored video whose metadata was stored by this job."""
    message = "; ".join(filter(None, [done.message, "metadata stored"]))
    news = {"status": ResultStatus.SUCCESS, "message": message, "metadata_saved": True}
    return done.model_copy(update=news)


def fetched(stored: StorageLocation, earlier: StorageLocation | None) -> FetchedMedia | None:
    """Return the stored media with what it replaces; None if that is not known."""
    if stored.is_first:
        return FetchedMedia(stored.stored_at)
    return FetchedMedia(stored.stored_at, earlier.stored_at) if earlier else None


def fallback(asked: Quality, got: str | None) -> str:
    """Return a remark if another quality than the requested one was fetched."""
    if asked.height is None or got is None or got == asked:
        return ""
    return f"{asked} was not available; fetched {got}"


log = logger.bind(service="jobs")


async def exclusion(
    metadata: VideoMetadata, wanted: VideoFilter, source: MetadataAPI
) -> Outcome | None:
    """Return the result of a video that the filter excludes; None if it is archived.

    The Data API does not report the kind of a video. If only the kind decides, yt-dlp is asked.
    """
    facts = Facts.of_metadata(metadata)
    found = wanted.exclusion(facts)
    if found is None and wanted.needs_kind(facts):
        query = VideoMetadataQuery(extract=True, refresh=True)
        found = wanted.exclusion(
            Facts.of_metadata(await source.get_video(metadata.video_id, query))
        )
    if found is None:
        return None
    log.info("{}: {}", metadata.video_id, found.reason)
    return filtered(metadata.video_id, found, metadata.title)


def outcome_for(
    waiter: DueVideo, outcome: Outcome | YTArchiveError, video: DueVideo
) -> Outcome | YTArchiveError | None:
    """Return the outcome of a video for one of the jobs that request it; None if it is unknown.

    `video`: the video of the job whose options it was processed with.
    """
    wanted = waiter.job.options.filter
    if isinstance(outcome, MembersOnly):
        found = wanted.exclusion(Facts(is_for_members=True))
        return filtered(waiter.video_id, found, waiter.title) if found else outcome
    is_excluded = isinstance(outcome, Outcome) and outcome.result.reason == FILTERED
    is_own = waiter is video or (wanted == video.job.options.filter and not wanted.has_limits)
    return outcome if is_own or not is_excluded else None


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

    @property
    def is_named(self) -> bool:
        """Return whether a job that waits for the video names it."""
        return any(waiter.is_named for waiter in self.waiters)

    def describe(self, title: str) -> None:
        """Set the video's title, which is known now."""
        self.title = title


def key_of(video: DueVideo) -> tuple[bool, str]:
    """Return the key of a video: equal for videos of different jobs that need the same work."""
    return video.job.type is JobType.METADATA_ONLY, video.video_id
