"""Lists the playlists of jobs, page by page.

A channel lists its newest entries first, so the listing stops at entries that an earlier complete
listing recorded. Other lists can change anywhere and are always listed completely. So are channels
every few days, because videos in the middle can be removed or added.
"""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.channel_lists import is_newest_first, is_uploads
from ytarchive.common.config import JobsConfig
from ytarchive.common.media import PlaylistMetadata, heading_of
from ytarchive.common.models import utc_now
from ytarchive.jobs.governor.models import Permit
from ytarchive.jobs.guards.clients import ServiceClients
from ytarchive.jobs.guards.guards import Guards
from ytarchive.jobs.planning.lists import (
    PRECEDES,
    FilteredVideos,
    KnownList,
    ListRecords,
    ListSelection,
)
from ytarchive.jobs.queue.models import JobType
from ytarchive.jobs.queue.policy import Action, count_failure, decide
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.rows import JobHead, filtered
from ytarchive.jobs.queue.waiting import Waiting
from ytarchive.metadata import PlaylistPage, PlaylistPageQuery
from ytarchive.storage import ExistsRequest, SaveChannel, SavePlaylist

log = logger.bind(service="jobs")

_KNOWN_IN_A_ROW = 20
"""If this many videos at the end of a page are known, no new ones follow."""
_MIN_ENTRIES_SHRUNK = 50
"""A list with fewer entries than this may lose most of them without suspicion."""
_AT_ONCE = 1000


class Lister:
    """Adds the videos of playlists to jobs."""

    def __init__(
        self,
        repository: JobsRepository,
        clients: ServiceClients,
        guards: Guards,
        settings: JobsConfig,
    ) -> None:
        self._repository = repository
        self._records = ListRecords(repository.database)
        self._filtered = FilteredVideos(repository.database)
        self._metadata = clients.metadata
        self._storage = clients.storage
        self._channels = clients.channels
        self._guards = guards
        self._settings = settings

    async def run(self, job: JobHead, more: asyncio.Event) -> str | None:
        """List a job's playlist if that is still to be done; return why it failed, or None.

        `more` is set whenever the job has more videos.
        """
        if not job.listing or job.playlist_id is None:
            return None
        failure = None
        try:
            newer_than = job.created_at
            while not await self._list_once(job, newer_than, more):
                newer_than = utc_now()
        except _ListingFailed as failed:
            error = failed.error
            # The job contains the cause in its message; the log has it as a field.
            log.bind(cause=error.message).error("{} could not be listed", job.playlist_id)
            count_failure(error)
            failure = error.message
        except errors.YTArchiveError as error:  # not an error of YouTube: the planning is retried
            if not isinstance(await self._guards.disk.cause_of(error), errors.ArchiveMissing):
                raise
            await self._guards.disk.admit_archive()
            return await self.run(job, more)
        finally:
            self._guards.waits.clear(job.id)
        await self._repository.listing_finished(job.id)
        return failure

    async def _list_once(self, job: JobHead, newer_than: datetime, more: asyncio.Event) -> bool:
        """Read the list once; return False if the result is implausible and must be read again."""
        began = utc_now()
        page = await self._page(job, PlaylistPageQuery(describe=False, newer_than=newer_than))
        known = await self._records.get(page.playlist_id)
        await self._save_channel(page)
        await self._repository.set_list(job.id, page.title, page.playlist_id)
        may_stop = self._may_stop(job, known)
        reads_all = not may_stop and job.options.filter.newest is None
        selection = ListSelection(job.options.filter, page.playlist_id)
        listed, following = 0, None
        try:
            while True:
                if page.next_cursor is not None and reads_all:
                    # If all pages are needed, the next one is requested while this one is added.
                    following = asyncio.create_task(self._next_page(job, page.next_cursor))
                await self._add_entries(job, page, listed, selection)
                more.set()
                listed += len(page.videos)
                if selection.is_full:
                    await self._save_page(job, page, newest_only=True)
                    return True
                if page.next_cursor is None:
                    return await self._finish_complete(job, page, known, listed, began)
                if may_stop and await self._is_known(page):
                    await self._finish_early(job, page, listed)
                    more.set()
                    return True
                await self._save_page(job, page, unfinished=True)
                page = await (following or self._next_page(job, page.next_cursor))
        finally:
            if following is not None:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
            await self._end_listing(page)

    async def _add_entries(
        self, job: JobHead, page: PlaylistPage, listed: int, selection: ListSelection
    ) -> None:
        """Add a page's entries to the job, and record stored videos listed as unavailable."""
        taken = list(selection.take(page.videos))
        entries = [(video.video_id, video.title) for video, _ in taken]
        ids = [video_id for video_id, _ in entries]
        earlier = await self._records.preceding(page.playlist_id, job, ids)
        reasons = {video.video_id: reason for video, reason in taken if reason}
        reasons |= dict.fromkeys(earlier, PRECEDES)
        settled = [filtered(video_id, reason) for video_id, reason in reasons.items()]
        # Videos that the job names precede those of the playlist.
        await self._repository.add_videos(job.id, entries, job.own_videos + listed, settled)
        unavailable = [video.video_id for video in page.videos if not video.is_available]
        if unavailable:
            await self._record_missing(unavailable, "a playlist lists it without its title")

    async def _finish_complete(
        self,
        job: JobHead,
        page: PlaylistPage,
        known: KnownList | None,
        listed: int,
        began: datetime,
    ) -> bool:
        """Record that the list has no more pages; return False if it is suspiciously short."""
        if known is not None and _has_shrunk(known, listed):
            if known.shrunk_at is None or began <= known.shrunk_at:
                await self._records.mark_shrunk(known.list_id, utc_now())
                governor = self._guards.governor
                await governor.listing_shrank(known.list_id, known.entries, listed)
                return False
            log.warning("{}: {} entries, as before: accepted now", known.list_id, listed)
        await self._guards.governor.succeeded()
        gone = await self._records.complete(page.playlist_id, job, listed, began)
        if is_uploads(page.playlist_id):
            await self._record_missing(gone, "its channel lists it no longer")
        await self._save_page(job, page)
        log.info("{}: listed, {} entries", page.playlist_id, listed)
        return True

    def _may_stop(self, job: JobHead, known: KnownList | None) -> bool:
        """Return whether the listing may stop at entries that an earlier listing recorded."""
        if known is None or known.shrunk_at is not None or not is_newest_first(known.list_id):
            return False
        options, age = job.options, utc_now() - known.listed_at
        only_new = options.keeps_stored and not options.full_listing
        only_new &= options.filter.newest is None
        in_time = age < timedelta(days=self._settings.full_listing_days)
        return job.type is JobType.PLAYLIST_DOWNLOAD and only_new and in_time

    async def _is_known(self, page: PlaylistPage) -> bool:
        last = [video.video_id for video in page.videos[-_KNOWN_IN_A_ROW:]]
        return bool(last) and await self._records.knows_all(page.playlist_id, last)

    async def _finish_early(self, job: JobHead, page: PlaylistPage, listed: int) -> None:
        """Add the recorded entries after this page that are not completely stored, and finish."""
        position, after = job.own_videos + listed, ""
        while some := await self._records.videos_after(page.playlist_id, after, _AT_ONCE):
            request = ExistsRequest(video_ids=some, profile=job.options.archive_profile)
            found = await self._storage.videos_exist(request)
            whole = set(found.video_ids) - set(found.incomplete)
            if job.options.upgrade:
                whole.difference_update(found.below_quality)
            whole.update(found.removed, found.known_elsewhere)
            done = whole.union(await self._filtered.among(job, some))
            done.update(await self._records.preceding(page.playlist_id, job, some))
            done.update(await self._guards.ledger.held(set(some) - done))
            missing = [(each, "") for each in some if each not in done]
            await self._repository.add_videos(job.id, missing, position)
            position, after = position + len(missing), some[-1]
        rest = await self._records.extend(page.playlist_id, job)
        await self._save_page(job, page, newest_only=True)
        log.info("{}: {} entries listed, {} known before", page.playlist_id, listed, rest)

    async def _record_missing(self, video_ids: list[str], evidence: str) -> None:
        for start in range(0, len(video_ids), _AT_ONCE):
            request = ExistsRequest(video_ids=video_ids[start : start + _AT_ONCE])
            found = await self._storage.videos_exist(request)
            await self._guards.ledger.seen_missing(found.video_ids, evidence)

    async def _save_page(
        self,
        job: JobHead,
        page: PlaylistPage,
        *,
        unfinished: bool = False,
        newest_only: bool = False,
    ) -> None:
        """Send a page to Storage, which writes the playlist's file. The videos do not need it."""
        playlist = PlaylistMetadata(
            **heading_of(page), video_count=0, videos=page.videos, fetched_at=utc_now()
        )
        part = SavePlaylist(
            playlist=playlist, draft=job.id, unfinished=unfinished, newest_only=newest_only
        )
        try:
            await self._storage.save_playlist(part)
        except errors.YTArchiveError as error:
            log.warning("{}: its list is not stored: {}", page.playlist_id, error.message)

    async def _save_channel(self, page: PlaylistPage) -> None:
        """Send the channel of a list to Storage, if it is known. The videos do not need it."""
        if self._channels is None or page.channel is None:
            return
        try:
            await self._channels.save_channel(SaveChannel(channel=page.channel))
        except errors.YTArchiveError as error:
            log.warning("{}: not stored: {}", page.channel.channel_id, error.message)

    async def _end_listing(self, page: PlaylistPage) -> None:
        """End the listing if it has more pages."""
        if page.next_cursor is not None:
            with suppress(errors.YTArchiveError):
                query = PlaylistPageQuery(cursor=page.next_cursor)
                await self._metadata.end_listing(page.playlist_id, query)

    async def _next_page(self, job: JobHead, cursor: str) -> PlaylistPage:
        return await self._page(job, PlaylistPageQuery(cursor=cursor, describe=False))

    async def _page(self, job: JobHead, query: PlaylistPageQuery) -> PlaylistPage:
        """Return one page; wait during temporary failures. Raises _ListingFailed."""
        tries, in_a_row, logged = 0, 0, ""
        while True:
            try:
                page = await self._request_page(job, query)
            except errors.YTArchiveError as error:
                in_a_row += 1
                explained = self._guards.explain(error)
                decision = decide(
                    error, tries + 1, 3, self._settings, explained=explained, same_code=in_a_row
                )
                if decision.action not in {Action.RETRY, Action.WAIT} or decision.until is None:
                    raise _ListingFailed(error) from error
                tries += decision.action is Action.RETRY
                if error.message != logged:
                    logged = error.message
                    log.warning("listing {} waits: {}", job.playlist_id, logged)
                await self._guards.waits.wait(job.id, _waiting(job, error, decision.until))
            else:
                self._guards.waits.clear(job.id)
                return page

    async def _request_page(self, job: JobHead, query: PlaylistPageQuery) -> PlaylistPage:
        if job.playlist_id is None:
            raise errors.InternalError(f"job {job.id} has no playlist")
        governor = self._guards.governor
        await governor.turn()
        try:
            return await self._metadata.get_playlist_page(job.playlist_id, query)
        except errors.NetworkFailure as error:
            # The gate reports failures of yt-dlp. Of those of the Data API only a network failure
            # says something about other requests to YouTube.
            await governor.failed(error, job.playlist_id, Permit(0))
            raise


class _ListingFailed(Exception):
    """A list that cannot be listed; raised and caught only in this module."""

    def __init__(self, error: errors.YTArchiveError) -> None:
        super().__init__(error.message)
        self.error = error


def _waiting(job: JobHead, error: errors.YTArchiveError, until: datetime) -> Waiting:
    message = f"listing {job.playlist_id}: {error.message}; next try {until:%Y-%m-%d %H:%M:%S} UTC"
    return Waiting(error.reason, message, until)


def _has_shrunk(known: KnownList, listed: int) -> bool:
    return known.entries >= _MIN_ENTRIES_SHRUNK and listed < known.entries / 2
