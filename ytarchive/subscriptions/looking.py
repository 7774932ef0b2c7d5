"""Requests the newest entries of a subscription's list.

Sources, in this order: the Data API, the feed, yt-dlp. The feed is a hint: if it is empty or fails,
or has been the only source for a day, another source is used.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.channel_lists import is_newest_first
from ytarchive.common.media import PlaylistVideo
from ytarchive.common.models import utc_now
from ytarchive.jobs import GovernorAPI
from ytarchive.metadata import MetadataAPI, PlaylistPageQuery
from ytarchive.subscriptions.models import CheckSource
from ytarchive.subscriptions.repository import Followed

log = logger.bind(service="jobs")

_HINT_LASTS = timedelta(days=1)
_FEED_PAUSE = timedelta(hours=1)


@dataclass(frozen=True)
class Entries:
    """Some entries of a list."""

    source: CheckSource
    videos: list[PlaylistVideo]
    title: str = ""


@dataclass(frozen=True)
class _Choice:
    """The source of pages."""

    source: CheckSource
    is_api_avoided: bool = False
    """Whether the Data API has quota, but checks may use no more of it today."""
    may_use_feed: bool = False
    """Whether the feed may be used first; not as the request that tests whether a block is over."""


class Looker:
    """Reads lists by the Metadata service, if the governor allows requests."""

    def __init__(self, metadata: MetadataAPI, governor: GovernorAPI) -> None:
        self._metadata = metadata
        self._governor = governor
        self._no_feed_until: datetime | None = None

    async def newest(self, followed: Followed, *, by_api: bool) -> AsyncIterator[Entries]:
        """Yield the entries of a list, the newest first if the list is in that order.

        `by_api`: whether the Data API may be used. Raises RequestsPaused, QuotaExceeded, and the
        errors of a listing.
        """
        chosen = await self._choose(by_api=by_api)
        if chosen.may_use_feed and self._may_use_feed(followed):
            entries = await self._feed(followed)
            if entries is not None:
                yield entries
                return
        async for each in self._pages(followed, chosen):
            yield each

    async def pages(self, followed: Followed, *, by_api: bool = True) -> AsyncIterator[Entries]:
        """Yield the pages of a list, from the Data API or yt-dlp."""
        async for each in self._pages(followed, await self._choose(by_api=by_api)):
            yield each

    async def _pages(self, followed: Followed, chosen: _Choice) -> AsyncIterator[Entries]:
        query = PlaylistPageQuery(
            describe=False, newer_than=utc_now(), extract=chosen.is_api_avoided
        )
        cursor: str | None = None
        try:
            while True:
                page = await self._metadata.get_playlist_page(followed.list_id, query)
                cursor = page.next_cursor
                title = page.channel.title if page.channel else page.title
                yield Entries(chosen.source, page.videos, title)
                if cursor is None:
                    return
                query = PlaylistPageQuery(cursor=cursor, describe=False)
        finally:
            if cursor is not None:
                with suppress(errors.YTArchiveError):
                    query = PlaylistPageQuery(cursor=cursor)
                    await self._metadata.end_listing(followed.list_id, query)

    async def _choose(self, *, by_api: bool) -> _Choice:
        """Return the source of pages. Raises RequestsPaused while it may not be used."""
        state = await self._governor.get_governor()
        if state.paused_at is not None:
            raise errors.RequestsPaused("a user has paused all requests")
        quota = await self._metadata.get_quota()
        has_quota = quota.source == CheckSource.DATA_API and quota.remaining > 0
        if has_quota and by_api:
            return _Choice(CheckSource.DATA_API)
        probe = state.next_probe_at
        if probe is not None and probe > utc_now():
            raise errors.RequestsPaused(
                f"requests to YouTube are paused: {state.message or state.reason}",
                retry_at=probe.isoformat(),
            )
        return _Choice(
            CheckSource.YT_DLP, is_api_avoided=has_quota, may_use_feed=state.state == "closed"
        )

    def _may_use_feed(self, followed: Followed) -> bool:
        now = utc_now()
        is_off = self._no_feed_until is not None and now < self._no_feed_until
        is_recent = now - followed.confirmed_at < _HINT_LASTS
        return is_newest_first(followed.list_id) and is_recent and not is_off

    async def _feed(self, followed: Followed) -> Entries | None:
        """Return the entries of the feed; None if it proves nothing."""
        feed = await self._metadata.get_feed(followed.list_id)
        if feed.problem is not None:
            if self._no_feed_until is None:
                log.info("feeds of YouTube are not used for an hour: {}", feed.problem)
            self._no_feed_until = utc_now() + _FEED_PAUSE
            return None
        self._no_feed_until = None
        if not feed.entries:
            return None
        videos = [
            PlaylistVideo(
                video_id=each.video_id, position=position, title=each.title,
                added_at=each.published_at,
            )
            for position, each in enumerate(feed.entries)
        ]  # fmt: skip
        return Entries(CheckSource.FEED, videos, feed.title)
