"""The nine steps of one video: metadata, existence, download, notice, storing."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.config import Settings
from ytarchive.common.media import VideoMetadata
from ytarchive.common.profile import ArchiveProfile, files_to_fetch
from ytarchive.common.quality import Quality
from ytarchive.common.side_files import (
    THUMBNAIL,
    caption_languages_of,
    captions_among,
)
from ytarchive.download import DownloadEvent, DownloadRequest, DownloadStatus
from ytarchive.jobs.guards.clients import ServiceClients
from ytarchive.jobs.processing.download_waiter import DownloadWaiter
from ytarchive.jobs.processing.results import exclusion, fallback, kept, skipped, with_metadata
from ytarchive.jobs.queue.filtering import VideoFilter
from ytarchive.jobs.queue.models import JobOptions, JobResult, ResultStatus
from ytarchive.jobs.queue.rows import DueVideo, JobHead, upgrade_hint
from ytarchive.metadata import VideoMetadataQuery
from ytarchive.storage import SaveMetadata, SaveVideo, StorageLocation

log = logger.bind(service="jobs")


@dataclass(frozen=True)
class Archived:
    """A video that went through the flow."""

    result: JobResult
    title: str


class VideoFlow:
    """Takes one video from its id to its place in the archive. Errors are raised as they are."""

    def __init__(self, clients: ServiceClients, notices: DownloadWaiter) -> None:
        self._metadata = clients.metadata
        self._storage = clients.storage
        self._download = clients.download
        self._waiter = notices

    async def probe(self, video_id: str) -> None:
        """Ask YouTube for a video and fetch nothing; a download that follows does not ask again."""
        await self._download.get_formats(video_id)

    async def describe_only(
        self, video_id: str, wanted: VideoFilter, not_before: datetime | None = None
    ) -> Archived:
        """Fetch and store a video's metadata, unless the filter excludes it.

        `not_before`: metadata that were fetched before this moment are fetched again.
        """
        started = time.monotonic()
        metadata = await self._metadata.get_video(video_id, VideoMetadataQuery())
        if not_before is not None and metadata.fetched_at < not_before:
            metadata = await self._metadata.get_video(video_id, VideoMetadataQuery(refresh=True))
        if (excluded := await exclusion(metadata, wanted, self._metadata)) is not None:
            return Archived(excluded.result, excluded.title)
        await self._storage.save_metadata(SaveMetadata(metadata=metadata))
        result = JobResult(
            video_id=video_id,
            status=ResultStatus.SUCCESS,
            message="metadata stored",
            metadata_saved=True,
            duration_seconds=round(time.monotonic() - started, 3),
        )
        return Archived(result, metadata.title)

    async def archive(self, video: DueVideo, on_title: Callable[[str], None]) -> Archived:
        """Fetch and store a video and its side files."""
        started = time.monotonic()
        video_id, options = video.video_id, video.job.options
        log.info("{}: archiving", video_id)
        # Before YouTube is asked: while the archive's disk does not answer, nothing is requested.
        stored = _unless_upgraded(await self.stored(video), video)
        metadata, problem = await self._describe(video_id, options)
        on_title(title := metadata.title if metadata else "")
        if metadata and (out := await exclusion(metadata, options.filter, self._metadata)):
            return Archived(out.result, title)
        metadata = metadata if options.include_metadata else None
        unsaved = None if stored and stored.has_metadata else metadata
        if unsaved is not None:
            # Before the media: should the video vanish meanwhile, at least this is safe.
            await self._storage.save_metadata(SaveMetadata(metadata=unsaved))
        if stored is not None:
            done = await self._complete(stored, options, look_again=video.job.looks_again)
            return Archived(with_metadata(done) if unsaved else done, title)
        if (audio := await self._kept_from_audio(video_id, options)) is not None:
            return Archived(audio, title)
        notice = await self._fetch(video_id, options)
        location = await self._store(notice, options.profile, replace=options.replace)
        if location.kept_reason is not None:
            unchanged = kept(location, location.kept_reason, *notice.remarks)
            update = {"metadata_saved": metadata is not None, "video_downloaded": True}
            return Archived(unchanged.model_copy(update=update), title)
        remarks = [fallback(options.quality, notice.quality), *notice.remarks, problem]
        result = JobResult(
            video_id=video_id,
            status=ResultStatus.SUCCESS,
            message="; ".join(filter(None, remarks)),
            metadata_saved=metadata is not None,
            video_downloaded=True,
            file_size=location.size_bytes,
            duration_seconds=round(time.monotonic() - started, 3),
            quality=notice.quality,
            audio_language=notice.audio_language,
        )
        return Archived(result, title)

    async def stored(self, video: DueVideo) -> StorageLocation | None:
        """Return where a video is stored that need not be fetched again; None for the others.

        A job that fetches stored videos again leaves out what was stored after it was created, for
        example by another job while this one waited.
        """
        found = await self._storage.video_exists(video.video_id)
        if not found.exists or found.location is None:
            return None
        if video.job.options.keeps_stored or _is_stored_since(found.location, video.job):
            return found.location
        return None

    async def _kept_from_audio(self, video_id: str, options: JobOptions) -> JobResult | None:
        """Return the result of a video that a download of its audio would replace; None if none."""
        if options.quality is not Quality.AUDIO or options.output_dir is not None:
            return None
        found = await self._storage.video_exists(video_id)
        if not found.exists or found.location is None or found.location.quality is None:
            return None
        return kept(found.location, "audio does not replace a video")

    async def _complete(
        self, stored: StorageLocation, options: JobOptions, *, look_again: bool
    ) -> JobResult:
        """Ask again for what YouTube did not give of a stored video; the media stays as it is."""
        sought = _sought(stored, options, look_again=look_again)
        lacking = [*_lacking(stored, options), *sought]
        better = stored.quality if options.may_improve(stored.quality, stored.profile) else None
        hint = upgrade_hint(better, options.quality)
        if not lacking:
            return skipped(stored, hint)
        started = time.monotonic()
        request = DownloadRequest(
            video_id=stored.video_id,
            only_missing=lacking,
            present=stored.side_files,
            sought_captions=caption_languages_of(sought),
            survives_restart=False,
            **options.profile_fields,
        )
        notice = await self._ended(request)
        if not nothing_came(notice):
            stored = await self._store(notice, options.profile)
        remarks = [*notice.remarks, *filter(None, [hint])]
        if not set(lacking) - {*stored.missing, *_absent(lacking, notice)}:
            return skipped(stored, *remarks)
        log.info("{}: {}", stored.video_id, "; ".join(notice.remarks))
        return JobResult(
            video_id=stored.video_id,
            status=ResultStatus.SUCCESS,
            message="; ".join(remarks),
            file_size=stored.size_bytes,
            duration_seconds=round(time.monotonic() - started, 3),
            quality=stored.quality,
        )

    async def _describe(
        self, video_id: str, options: JobOptions
    ) -> tuple[VideoMetadata | None, str]:
        """Steps 2 and 3, and what was wrong with them; None if nobody needs metadata."""
        if not (options.include_metadata or options.filter.has_criteria):
            return None, ""
        try:
            return await self._metadata.get_video(video_id, VideoMetadataQuery()), ""
        except (errors.DataApiError, errors.QuotaExceeded) as error:
            log.warning("{}: its metadata comes from yt-dlp: {}", video_id, error.message)
            # The download has to extract the video anyway, and uses this extraction.
            found = await self._metadata.get_video(video_id, VideoMetadataQuery(extract=True))
            return found, f"metadata from yt-dlp: {error.message}"

    async def _fetch(self, video_id: str, options: JobOptions) -> DownloadEvent:
        """Steps 5 to 7."""
        request = DownloadRequest(
            video_id=video_id,
            output_path=options.output_dir,
            survives_restart=False,
            **options.profile_fields,
        )
        return await self._ended(request)

    async def _ended(self, request: DownloadRequest) -> DownloadEvent:
        notice = await self._waiter.fetch(request)
        if notice.status is DownloadStatus.CANCELLED:
            raise errors.Cancelled(f"the download of {request.video_id} was cancelled")
        if notice.status is not DownloadStatus.COMPLETED:
            raise errors.error_from(notice.error) if notice.error else errors.UnknownFailure()
        return notice

    async def _store(
        self, notice: DownloadEvent, profile: ArchiveProfile, *, replace: bool = False
    ) -> StorageLocation:
        """Step 8."""
        return await self._storage.save_video(save_request(notice, profile, replace=replace))


def save_request(
    notice: DownloadEvent, profile: ArchiveProfile | None, *, replace: bool = False
) -> SaveVideo:
    """Return the request to Storage to take in a completed download.

    `profile`: what was requested; None if unknown.
    """
    return SaveVideo(
        video_id=notice.video_id,
        transfer_id=notice.task_id,
        output_path=notice.output_path,
        quality=notice.quality,
        profile=profile,
        only_missing=notice.only_missing,
        missing=notice.missing,
        absent_captions=notice.absent_captions,
        replace=replace,
    )


def nothing_came(notice: DownloadEvent) -> bool:
    """Return whether all missing files of a stored video are still missing."""
    return bool(notice.only_missing) and set(notice.only_missing) <= set(notice.missing)


def _lacking(stored: StorageLocation, options: JobOptions) -> list[str]:
    """Return the files that a job requests and a stored video lacks."""
    return [
        each
        for each in stored.missing
        if (options.include_thumbnail if each == THUMBNAIL else options.include_captions)
    ]


def _sought(stored: StorageLocation, options: JobOptions, *, look_again: bool) -> list[str]:
    """Return the wanted side files that a stored video may have by now."""
    present = [*stored.side_files, *stored.missing]
    due = None if look_again else stored.due_captions
    return files_to_fetch(options, stored.profile, present, due)


def _absent(lacking: list[str], notice: DownloadEvent) -> list[str]:
    """Return the captions among `lacking` that YouTube does not have."""
    absent = notice.absent_captions
    return [each.key for each in captions_among(lacking) if each.language in absent]


def _is_stored_since(stored: StorageLocation, job: JobHead) -> bool:
    """Return whether the media was stored after a job was created, as good as the job wants it."""
    options = job.options
    if options.replace or stored.damaged or stored.stored_at < job.created_at:
        return False
    return not options.may_improve(stored.quality, stored.profile)


def _unless_upgraded(stored: StorageLocation | None, video: DueVideo) -> StorageLocation | None:
    """Return None for a stored video whose media is fetched again for a better quality.

    A few named videos are, even if YouTube had nothing better the last time.
    """
    if stored is None or not video.job.options.upgrade:
        return stored
    asked = None if video.job.looks_again else stored.profile
    return None if video.job.options.may_improve(stored.quality, asked) else stored


def places(settings: Settings) -> int:
    """Videos worked on at a time: some are extracted or stored while others are transferred."""
    concurrency = settings.download.concurrency
    return concurrency + settings.download.videos_ahead + concurrency // 4
