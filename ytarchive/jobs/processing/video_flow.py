"""The steps of one video: metadata, presence in the archive, download, storing."""

import time

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.media import VideoMetadata
from ytarchive.common.media_requests import ONLY_AUDIO
from ytarchive.common.quality import Quality
from ytarchive.common.side_files import (
    caption_languages_of,
    captions_among,
)
from ytarchive.download import DownloadEvent, DownloadRequest, DownloadStatus, ReleaseStaging
from ytarchive.jobs.guards.clients import ServiceClients
from ytarchive.jobs.limits.rules import RuleLimits
from ytarchive.jobs.planning.lists import excluded_by_marks
from ytarchive.jobs.processing.download_waiter import DownloadWaiter
from ytarchive.jobs.processing.lacking import (
    absent_among,
    hint_for,
    is_stored_since,
    is_to_form,
    missing_of,
    needs_no_request,
    suffix,
    to_recheck,
    unless_upgraded,
    without_better,
)
from ytarchive.jobs.processing.results import (
    ActiveVideo,
    archived,
    exclusion,
    fallback,
    fetched,
    has_no_new_files,
    kept,
    save_request,
    skipped,
    with_metadata,
)
from ytarchive.jobs.queue.models import JobOptions, JobResult, JobType, ResultStatus
from ytarchive.jobs.queue.rows import REMOVED, DueVideo, Outcome, removed_before
from ytarchive.metadata import VideoMetadataQuery
from ytarchive.storage import ExistsRequest, FormVideo, SaveMetadata, SaveVideo, StorageLocation

log = logger.bind(service="jobs")


class VideoFlow:
    """Processes one video from its id to its files in the archive. Errors are raised unchanged."""

    def __init__(self, clients: ServiceClients, waiter: DownloadWaiter, limits: RuleLimits) -> None:
        self._limits = limits
        self._metadata = clients.metadata
        self._storage = clients.storage
        self._download = clients.download
        self._staging = clients.staging
        self._waiter = waiter

    async def probe(self, video_id: str) -> None:
        """Extract a video without fetching media; a download that follows uses the extraction."""
        await self._download.get_formats(video_id)

    async def process(self, active: ActiveVideo) -> Outcome:
        """Process a video for the jobs that wait for it.

        A mark that was set after the video was queued, or during its download, excludes it unless
        one of these jobs names it.
        """
        video = active.video
        if not active.is_named:
            request = ExistsRequest(video_ids=[video.video_id])
            marked = excluded_by_marks(video.job, await self._storage.videos_exist(request))
            if marked:
                await self._discard_if_removed(marked[video.video_id])
                return marked[video.video_id]
        if video.job.type is JobType.METADATA_ONLY:
            return await self.describe_only(video)
        if (excluded := await self._limits.bytes_reached(video)) is not None:
            return excluded
        try:
            is_recheck = video.job.is_quality_recheck
            return await (self._recheck(active) if is_recheck else self.archive(active))
        except errors.VideoRemoved:
            await self._discard_if_removed(removed := removed_before(video.video_id))
            return removed

    async def _discard_if_removed(self, outcome: Outcome) -> None:
        """Delete the download of a video that was removed from the archive meanwhile."""
        result = outcome.result
        if self._staging is None or result.reason != REMOVED:
            return
        request = ReleaseStaging(video_ids=[result.video_id], are_removed=True)
        try:
            await self._staging.release_staging(request)
        except errors.YTArchiveError as error:
            log.warning("{}: its download is kept: {}", result.video_id, error.message)

    async def describe_only(self, video: DueVideo) -> Outcome:
        """Fetch and store a video's metadata, unless the filter excludes it."""
        started = time.monotonic()
        video_id, options = video.video_id, video.job.options
        metadata = await self._metadata.get_video(video_id, VideoMetadataQuery())
        if options.refresh_metadata and metadata.fetched_at < video.job.created_at:
            metadata = await self._metadata.get_video(video_id, VideoMetadataQuery(refresh=True))
        if (excluded := await exclusion(metadata, options.filter, self._metadata)) is not None:
            return excluded
        await self._storage.save_metadata(SaveMetadata(metadata=metadata))
        result = JobResult(
            video_id=video_id,
            status=ResultStatus.SUCCESS,
            message="metadata stored",
            metadata_saved=True,
            duration_seconds=round(time.monotonic() - started, 3),
        )
        return Outcome(result, metadata.title)

    async def _recheck(self, active: ActiveVideo) -> Outcome:
        """Archive a stored video again if YouTube has better media now."""
        stored = await self.stored(active.video)
        unchanged = await without_better(stored, active.video, self._download)
        return unchanged or await self.archive(active)

    async def archive(self, active: ActiveVideo) -> Outcome:
        """Fetch and store a video and its side files. Raises VideoRemoved."""
        started = time.monotonic()
        video = active.video
        video_id, options = video.video_id, video.job.options
        log.info("{}: archiving", video_id)
        # Checked before the first request: without the archive's disk nothing is requested.
        found = await self.stored(video)
        stored = unless_upgraded(found, video)
        if stored is None and found is not None and found.profile is not None:
            options = options.keeping_form_of(found.profile)
        if stored is not None and needs_no_request(stored, video):
            return Outcome(await self._formed(stored, options, hint_for(stored, options)))
        metadata, problem = await self._describe(video_id, options)
        active.describe(title := metadata.title if metadata else "")
        if metadata and (excluded := await exclusion(metadata, options.filter, self._metadata)):
            return excluded
        metadata = metadata if options.include_metadata else None
        unsaved = None if stored and stored.has_metadata else metadata
        if unsaved is not None:
            # Before the media are fetched, because the video may become unavailable meanwhile.
            await self._storage.save_metadata(SaveMetadata(metadata=unsaved))
        if stored is not None:
            done = await self._complete(stored, options, active)
            return Outcome(with_metadata(done) if unsaved else done, title)
        if (audio := await self._kept_from_audio(video_id, options)) is not None:
            return Outcome(audio, title)
        event = await self._fetch(video_id, options)
        request = save_request(event, options.archive_profile, replace=options.replace)
        location = await self._save(request, active)
        if location.kept_reason is not None:
            unchanged = kept(location, location.kept_reason, *event.remarks)
            update = {"metadata_saved": metadata is not None, "video_downloaded": True}
            return Outcome(unchanged.model_copy(update=update), title)
        remarks = [fallback(options.quality, event.quality), *event.remarks, problem]
        result = archived(location, event, *remarks, has_metadata=metadata is not None)
        seconds = round(time.monotonic() - started, 3)
        result = result.model_copy(update={"duration_seconds": seconds})
        return Outcome(result, title, media=fetched(location, found))

    async def _save(self, request: SaveVideo, active: ActiveVideo) -> StorageLocation:
        update = {"unless_removed": not active.is_named}
        return await self._storage.save_video(request.model_copy(update=update))

    async def stored(self, video: DueVideo) -> StorageLocation | None:
        """Return the location of a video that need not be fetched again; None for the others.

        A job that fetches stored videos again leaves out those that were stored after it was
        created, for example by another job.
        """
        found = await self._storage.video_exists(video.video_id)
        if not found.exists or found.location is None:
            return None
        if video.job.options.keeps_stored or is_stored_since(found.location, video.job):
            return found.location
        return None

    async def _kept_from_audio(self, video_id: str, options: JobOptions) -> JobResult | None:
        """Return the result if a download of audio would replace a stored video; otherwise None."""
        if options.quality is not Quality.AUDIO or options.output_dir is not None:
            return None
        found = await self._storage.video_exists(video_id)
        if (
            not found.exists
            or found.location is None
            or found.location.quality in {None, Quality.AUDIO}
        ):
            return None
        return kept(found.location, "audio does not replace a video", ONLY_AUDIO)

    async def _complete(
        self, stored: StorageLocation, options: JobOptions, active: ActiveVideo
    ) -> JobResult:
        """Request the missing files of a stored video again; the media does not change."""
        recheck = active.video.job.rechecks_captions
        rechecked = to_recheck(stored, options, recheck=recheck)
        to_fetch = list(dict.fromkeys([*missing_of(stored, options), *rechecked]))
        hint = hint_for(stored, options)
        if not to_fetch:
            to_form = is_to_form(stored, options)
            return await self._formed(stored, options, hint) if to_form else skipped(stored, hint)
        started = time.monotonic()
        request = DownloadRequest(
            video_id=stored.video_id,
            only_missing=to_fetch,
            present=stored.side_files,
            recheck_captions=caption_languages_of(rechecked),
            durable=False,
            **options.profile_fields,
        )
        event = await self._download_finished(request)
        if not has_no_new_files(event):
            stored = await self._save(save_request(event, options.archive_profile), active)
        remarks = [*event.remarks, *filter(None, [hint])]
        has_captions = options.embed_captions and bool(captions_among(to_fetch))
        if has_captions or is_to_form(stored, options):
            formed = await self._formed(stored, options, *remarks, has_captions=has_captions)
            if formed.status is ResultStatus.SUCCESS:
                return formed
        if not set(to_fetch) - {*stored.missing, *absent_among(to_fetch, event)}:
            return skipped(stored, *remarks)
        log.info("{}: {}", stored.video_id, "; ".join(event.remarks))
        return JobResult(
            video_id=stored.video_id,
            status=ResultStatus.SUCCESS,
            message="; ".join(remarks),
            file_size=stored.size_bytes,
            duration_seconds=round(time.monotonic() - started, 3),
            quality=stored.quality,
        )

    async def _formed(
        self,
        stored: StorageLocation,
        options: JobOptions,
        *remarks: str,
        has_captions: bool = False,
    ) -> JobResult:
        """Return the result of a stored video, after its media was written in a requested form.

        `has_captions`: captions were just stored, which may be embedded.
        """
        request = FormVideo(
            video_id=stored.video_id,
            profile=options.archive_profile,
            has_new_captions=has_captions,
        )
        formed = await self._storage.form_video(request)
        remarks = (*formed.remarks, *filter(None, remarks))
        if not formed.is_changed:
            return skipped(formed.location, *remarks)
        return JobResult(
            video_id=stored.video_id,
            status=ResultStatus.SUCCESS,
            message="; ".join([f"written again as {suffix(formed.location)}", *remarks]),
            file_size=formed.location.size_bytes,
            quality=formed.location.quality,
        )

    async def _describe(
        self, video_id: str, options: JobOptions
    ) -> tuple[VideoMetadata | None, str]:
        """Return the metadata (steps 2 and 3) and a remark; None if the job needs no metadata."""
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
        """Download a video (steps 5 to 7)."""
        request = DownloadRequest(
            video_id=video_id,
            output_path=options.output_dir,
            durable=False,
            **options.profile_fields,
        )
        return await self._download_finished(request)

    async def _download_finished(self, request: DownloadRequest) -> DownloadEvent:
        event = await self._waiter.fetch(request)
        if event.status is DownloadStatus.CANCELLED:
            raise errors.Cancelled(f"the download of {request.video_id} was cancelled")
        if event.status is not DownloadStatus.COMPLETED:
            raise errors.error_from(event.error) if event.error else errors.UnknownFailure()
        return event
