"""Turns a job into videos that may start: lists its playlist, looks up many videos at a time.

Listing, looking up and downloading overlap: the first download starts after the first page.
"""

import asyncio
from collections.abc import Callable

from loguru import logger

from ytarchive.common.config import JobsConfig
from ytarchive.common.errors import Blocked, InternalError, ServiceError, YTArchiveError
from ytarchive.common.media import PlaylistMetadata, PlaylistVideo
from ytarchive.common.models import utc_now
from ytarchive.common.tracing import trace
from ytarchive.jobs.api import JobType
from ytarchive.jobs.guards import Guards
from ytarchive.jobs.neighbours import Neighbours
from ytarchive.jobs.policy import Action, decide
from ytarchive.jobs.repository import JobHead, JobsRepository
from ytarchive.metadata import BatchRequest, PlaylistPage, PlaylistPageQuery
from ytarchive.storage import ExistsRequest, SavePlaylist

log = logger.bind(service="jobs")

_CHUNK = 100
_AHEAD = 500
"""Videos looked up and queued before the first of them started: bounds memory and spent quota."""
_AT_A_TIME = 4
_LISTING_TRIES = 3


class Planner:
    """Prepares jobs; a task for each active one."""

    def __init__(
        self,
        repository: JobsRepository,
        neighbours: Neighbours,
        guards: Guards,
        settings: JobsConfig,
    ) -> None:
        self._repository = repository
        self._metadata = neighbours.metadata
        self._storage = neighbours.storage
        self._guards = guards
        self._settings = settings
        self._places = asyncio.Semaphore(_AT_A_TIME)
        self._taken = asyncio.Event()
        self.on_prepared: Callable[[str], None] = lambda _: None

    def video_ended(self) -> None:
        """There is room for another video to be looked up."""
        self._taken.set()

    async def plan(self, job: JobHead) -> str | None:
        """Prepare a job to its end; why its listing was given up, if it was."""
        with trace(job.trace_id):
            more = asyncio.Event()
            listing = asyncio.create_task(self._list(job, more))
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
        """Look up the next videos of a job; False when there is none."""
        while await self._repository.count_queued(job.id) > _AHEAD:
            self._taken.clear()
            await self._taken.wait()
        chunk = await self._repository.new_videos(job.id, _CHUNK)
        if not chunk:
            return False
        async with self._places:
            try:
                await self._prepare(job, chunk)
            except ServiceError as error:
                log.warning("cannot look up videos yet: {}", error.message)
                await asyncio.sleep(2)
        self.on_prepared(job.id)
        return True

    async def _prepare(self, job: JobHead, chunk: list[str]) -> None:
        stored: list[str] = []
        if job.options.skip_existing and job.type is not JobType.METADATA_ONLY:
            found = await self._storage.videos_exist(ExistsRequest(video_ids=chunk))
            stored = found.video_ids
        skipped = set(stored)
        wanted = [video_id for video_id in chunk if video_id not in skipped]
        await self._fetch_metadata(wanted)
        await self._repository.prepare(job.id, wanted, stored)

    async def _fetch_metadata(self, video_ids: list[str]) -> None:
        """Fill the metadata cache fifty at a time; each video's own flow deals with failures."""
        if not video_ids:
            return
        try:
            await self._metadata.get_batch(BatchRequest(video_ids=video_ids, extract=False))
        except ServiceError:
            raise
        except YTArchiveError as error:
            log.warning("metadata could not be fetched in advance: {}", error.message)

    async def _list(self, job: JobHead, more: asyncio.Event) -> str | None:
        """List a job's playlist, if it has one that is not listed yet."""
        if not job.listing or job.playlist_id is None:
            return None
        failure = None
        try:
            await self._list_pages(job, more)
        except YTArchiveError as error:
            log.error("{} could not be listed: {}", job.playlist_id, error.message)
            failure = error.message
        await self._repository.listing_finished(job.id)
        return failure

    async def _list_pages(self, job: JobHead, more: asyncio.Event) -> None:
        videos: list[PlaylistVideo] = []
        page = await self._page(job, None)
        await self._repository.set_title(job.id, page.title)
        while True:
            entries = [(video.video_id, video.title) for video in page.videos]
            # Videos that the job was created with stand before the playlist's.
            await self._repository.add_videos(job.id, entries, job.own_videos + len(videos))
            videos.extend(page.videos)
            more.set()
            await self._note_dead_entries(page)
            if page.next_cursor is None:
                break
            page = await self._page(job, page.next_cursor)
        log.info("{}: listed, {} entries", job.playlist_id, len(videos))
        await self._storage.save_playlist(SavePlaylist(playlist=_playlist(page, videos)))

    async def _note_dead_entries(self, page: PlaylistPage) -> None:
        """Stored videos that are listed as dead may be lost upstream: it is looked into."""
        dead = [video.video_id for video in page.videos if not video.is_available]
        if dead:
            found = await self._storage.videos_exist(ExistsRequest(video_ids=dead))
            await self._guards.ledger.seen_missing(found.video_ids)

    async def _page(self, job: JobHead, cursor: str | None) -> PlaylistPage:
        """One page; passing failures are waited out."""
        failures = 0
        while True:
            try:
                return await self._asked(job, cursor)
            except YTArchiveError as error:
                failures += 0 if isinstance(error, Blocked) else 1
                decision = decide(error, failures, _LISTING_TRIES, self._settings)
                if decision.action not in {Action.RETRY, Action.WAIT} or decision.until is None:
                    raise
                log.warning("listing {} waits: {}", job.playlist_id, error.message)
                await asyncio.sleep((decision.until - utc_now()).total_seconds())

    async def _asked(self, job: JobHead, cursor: str | None) -> PlaylistPage:
        if job.playlist_id is None:
            raise InternalError(f"job {job.id} has no playlist")
        await self._guards.governor.admit(cost=0)
        try:
            page = await self._metadata.get_playlist_page(
                job.playlist_id, PlaylistPageQuery(cursor=cursor)
            )
        except YTArchiveError as error:
            await self._guards.governor.failed(error, job.playlist_id)
            raise
        await self._guards.governor.succeeded()
        return page


def _playlist(last_page: PlaylistPage, videos: list[PlaylistVideo]) -> PlaylistMetadata:
    return PlaylistMetadata(
        playlist_id=last_page.playlist_id,
        title=last_page.title,
        description=last_page.description,
        channel_id=last_page.channel_id,
        channel_title=last_page.channel_title,
        video_count=len(videos),
        videos=videos,
        fetched_at=utc_now(),
    )
