"""Prepares the videos of a job: lists its playlist, and requests metadata of many videos at a time.

Listing, preparation and downloads overlap: the first download starts after the first page.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from loguru import logger

from ytarchive.common.config import JobsConfig
from ytarchive.common.errors import MembersOnly, ServiceError, YTArchiveError, error_for_reason
from ytarchive.common.media import VideoMetadata
from ytarchive.common.tracing import trace
from ytarchive.jobs.availability.records import AvailabilityRecord
from ytarchive.jobs.guards.clients import ServiceClients
from ytarchive.jobs.guards.guards import Guards
from ytarchive.jobs.limits.rules import RuleLimits
from ytarchive.jobs.planning.listing import Lister
from ytarchive.jobs.planning.lists import FilteredVideos, excluded, excluded_by_marks
from ytarchive.jobs.queue.filtering import Facts, VideoFilter
from ytarchive.jobs.queue.models import JobResult, JobType, ResultStatus
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.rows import (
    DAMAGED,
    JobHead,
    NewVideo,
    Outcome,
    filtered,
    stored_already,
)
from ytarchive.metadata import BatchRequest
from ytarchive.storage import ExistsRequest, StoredVideos

log = logger.bind(service="jobs")

_CHUNK = 100
_MAX_PREPARED = 500
"""Maximum videos that are prepared and not started yet: limits memory and spent quota."""


class Planner:
    """Prepares jobs, with one task for each active job."""

    def __init__(
        self,
        repository: JobsRepository,
        clients: ServiceClients,
        guards: Guards,
        settings: JobsConfig,
    ) -> None:
        self._repository = repository
        self._guards = guards
        self._metadata = clients.metadata
        self._storage = clients.storage
        self._ledger = guards.ledger
        self._filtered = FilteredVideos(repository.database)
        self._lister = Lister(repository, clients, guards, settings)
        self._supervisor = guards.supervisor
        self._slots = asyncio.Semaphore(4)
        self._limits = RuleLimits(repository.database)
        self._counting = asyncio.Lock()
        self._video_ended = asyncio.Event()
        self.on_prepared: Callable[[str], None] = lambda _: None

    def video_ended(self) -> None:
        """Allow the preparation of more videos."""
        self._video_ended.set()

    async def plan(self, job: JobHead) -> str | None:
        """Prepare a job completely; return why its listing failed, or None."""
        with trace(job.trace_id):
            # Not logged when the job is accepted: a log entry for each of thousands of requests a
            # second would take a quarter of the time.
            log.info("job {} is prepared: {}", job.id, job.type)
            more = asyncio.Event()
            listing = asyncio.create_task(self._lister.run(job, more))
            try:
                while True:
                    more.clear()
                    listed = listing.done()
                    if await self._prepare_some(job):
                        continue
                    if listed:
                        return await listing
                    more_pages = asyncio.ensure_future(more.wait())
                    await asyncio.wait({listing, more_pages}, return_when="FIRST_COMPLETED")
                    more_pages.cancel()
            finally:
                listing.cancel()

    async def _prepare_some(self, job: JobHead) -> bool:
        """Prepare the next videos of a job; return False if there are none."""
        name = f"the preparation of job {job.id}"
        while True:
            self._video_ended.clear()
            work = partial(self._prepare_in_turn, job)
            prepared = await self._supervisor.complete(name, work, job.id)
            if prepared is not None:
                return prepared
            await self._video_ended.wait()

    async def _prepare_in_turn(self, job: JobHead) -> bool | None:
        """Prepare the next videos of a job; return None while enough of them are queued."""
        # The limit includes the reads: hundreds at once would delay every other read of the queue.
        async with self._slots:
            if await self._repository.count_queued(job.id) > _MAX_PREPARED:
                return None
            return await self._prepare_next(job)

    async def _prepare_next(self, job: JobHead) -> bool:
        chunk = await self._repository.new_videos(job.id, _CHUNK)
        if not chunk:
            return False
        await self._guards.disk.admit_archive()
        await self._prepare(job, chunk)
        self.on_prepared(job.id)
        return True

    async def _prepare(self, job: JobHead, chunk: dict[str, NewVideo]) -> None:
        """Queue the videos of `chunk` that need a request."""
        settled: dict[str, Outcome] = {}
        local: set[str] = set()
        is_download = job.type is not JobType.METADATA_ONLY
        keeps_stored = is_download and job.options.keeps_stored
        others = {video_id for video_id, new in chunk.items() if not new.is_named}
        if keeps_stored or others:
            found = await self._existing(job, list(chunk))
            if keeps_stored:
                settled, local = await self._without_request(job, chunk, found)
            marked = excluded_by_marks(job, found)
            settled |= {each: marked[each] for each in others & marked.keys()}
            settled |= _excluded_as_for_members(settled, job.options.filter)
        settled = await self._filtered.among(job, list(chunk)) | settled
        wanted = [video_id for video_id in chunk if video_id not in settled]
        to_describe = [video_id for video_id in wanted if video_id not in local]
        described = await self._fetch_metadata(to_describe, refresh=job.options.refresh_metadata)
        settled |= excluded(described, job.options.filter)
        wanted = [video_id for video_id in wanted if video_id not in settled]
        async with self._counting:
            settled |= await self._limits.beyond(
                job, [each for each in wanted if each not in local]
            )
            wanted = [video_id for video_id in wanted if video_id not in settled]
            await self._repository.prepare(job.id, wanted, list(settled.values()))

    async def _existing(self, job: JobHead, video_ids: list[str]) -> StoredVideos:
        request = ExistsRequest(
            video_ids=video_ids,
            profile=job.options.archive_profile,
            recheck_captions=job.rechecks_captions,
        )
        return await self._storage.videos_exist(request)

    async def _without_request(
        self, job: JobHead, chunk: dict[str, NewVideo], found: StoredVideos
    ) -> tuple[dict[str, Outcome], set[str]]:
        """Return results without a request: of stored videos, and of those known as unavailable.

        Also return the videos of which only the form of the media changes.
        """
        held = await self._ledger.held(each for each, new in chunk.items() if not new.is_asked)
        lacking: set[str] = set()
        if job.options.side_files:
            lacking |= set(found.incomplete)
        if job.options.include_metadata and job.playlist_id is None:
            # A list costs one request for each page, and none for each video stored without
            # metadata.
            lacking |= set(found.without_metadata)
        if job.options.upgrade:
            requests_all = job.rechecks_captions or job.is_quality_recheck
            lacking |= set(found.video_ids) if requests_all else set(found.below_quality)
        to_form = set(found.to_form) - lacking
        stored = [each for each in found.video_ids
                  if each not in lacking | to_form or each in held]  # fmt: skip
        results = {video_id: _known_unavailable(record) for video_id, record in held.items()}
        hints = found.hints | dict.fromkeys(found.damaged, DAMAGED)
        results |= {each: stored_already(each, hints.get(each, "")) for each in stored}
        return results, set() if job.options.filter.has_criteria else to_form

    async def _fetch_metadata(
        self, video_ids: list[str], *, refresh: bool
    ) -> Sequence[VideoMetadata]:
        """Fill the metadata cache, fifty videos at a time, and return what was found.

        Failures are ignored: the processing of each video requests its metadata again.
        """
        if not video_ids:
            return ()
        try:
            request = BatchRequest(video_ids=video_ids, extract=False, refresh=refresh)
            await self._guards.governor.turn(of_data_api=True)
            return (await self._metadata.get_batch(request)).found
        except ServiceError:
            raise
        except YTArchiveError as error:
            log.warning("metadata could not be fetched in advance: {}", error.message)
            return ()


def _excluded_as_for_members(
    settled: dict[str, Outcome], wanted: VideoFilter
) -> dict[str, Outcome]:
    """Return the results of the videos that the filter excludes because they are for members."""
    if (found := wanted.exclusion(Facts(is_for_members=True))) is None:
        return {}
    reasons = {each: outcome.result.reason for each, outcome in settled.items()}
    return {each: filtered(each, found) for each in reasons if reasons[each] == MembersOnly.reason}


def _known_unavailable(record: AvailabilityRecord) -> Outcome:
    """Return the result of a video that is known to be unavailable and is not due again."""
    kind = error_for_reason(record.reason or "")
    result = JobResult(
        video_id=record.video_id,
        status=ResultStatus.UNAVAILABLE,
        message=f"{record.evidence} (last request {record.last_seen:%Y-%m-%d %H:%M} UTC)",
        error_code=kind.code,
        reason=record.reason or "unavailable",
        retry_after=record.next_check_at,
    )
    return Outcome(result, waits_for=record.waits_for)
