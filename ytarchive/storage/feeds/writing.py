"""Writes the documents of podcast feeds from stored videos."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from ytarchive.common.content import BytesContent
from ytarchive.common.errors import LocalError, NotFound
from ytarchive.common.json_text import stored_json
from ytarchive.common.media import VideoMetadata
from ytarchive.common.models import utc_now
from ytarchive.common.services import API_PREFIX
from ytarchive.storage.channels.service import stored_channel
from ytarchive.storage.content.service import media_type
from ytarchive.storage.feeds.document import Enclosure, Episode, Show, rss
from ytarchive.storage.feeds.models import FeedKind
from ytarchive.storage.feeds.repository import Feed
from ytarchive.storage.feeds.selection import FeedLibrary, FeedVideo
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.views.nfo import shown_title

DOCUMENT = "feed.xml"
COVER = "cover.jpg"
AVATAR = "poster.jpg"
"""The stored file that is the cover of a channel's feed."""
_MEDIA_TYPE = "application/rss+xml; charset=utf-8"
_YOUTUBE = "https://www.youtube.com"
_SECOND = timedelta(seconds=1)


def address_of(base_url: str, feed_id: str, key: str) -> str:
    """Return the address of a feed's files, to which their names are added."""
    return f"{base_url.rstrip('/')}{API_PREFIX}/feeds/{feed_id}/{key}/"


class DocumentWriter:
    """Writes documents, and determines when they changed."""

    def __init__(self, layout: Layout, library: FeedLibrary) -> None:
        self._layout = layout
        self._library = library
        self._versions: dict[str, tuple[str, datetime]] = {}

    async def document(self, feed: Feed, videos: Sequence[FeedVideo], address: str) -> BytesContent:
        """Return the document of a feed. `address`: that of its files."""
        described = await asyncio.to_thread(self._described, [each.video_id for each in videos])
        episodes = [_episode(each, described.get(each.video_id), address) for each in videos]
        show = await self._show(feed, address)
        images = [show.image, *(each.image for each in episodes)]
        languages = (each.language for each in described.values())
        show = replace(
            show,
            image=next(filter(None, images), None),
            language=next(filter(None, languages), None),
        )
        body = await asyncio.to_thread(rss, show, episodes)
        etag = hashlib.sha256(body).hexdigest()
        return BytesContent(
            name=DOCUMENT,
            media_type=_MEDIA_TYPE,
            size=len(body),
            modified=self._modified(feed.id, etag),
            etag=etag,
            body=body,
        )

    def _modified(self, feed_id: str, etag: str) -> datetime:
        """Return the time since which this process has seen this version of a document.

        A removed video changes the document too, so the times of the videos do not suffice.
        """
        known, since = self._versions.get(feed_id, ("", None))
        if since is None or known != etag:
            now = utc_now().replace(microsecond=0)
            since = max(now, since + _SECOND) if since else now
            self._versions[feed_id] = (etag, since)
        return since

    async def _show(self, feed: Feed, address: str) -> Show:
        own = address + DOCUMENT
        if feed.kind is FeedKind.PROFILE:
            description = f"The videos that are stored with the profile {feed.source}"
            return Show(feed.title, description, "", _YOUTUBE, own)
        if feed.kind is FeedKind.PLAYLIST:
            title, author = await self._library.playlist(feed.source) or (feed.title, "")
            link = f"{_YOUTUBE}/playlist?list={feed.source}"
            return Show(shown_title(title, feed.source), "", author, link, own)
        return await asyncio.to_thread(self._of_channel, feed, address)

    def _of_channel(self, feed: Feed, address: str) -> Show:
        title, description, image = feed.title, "", None
        try:
            channel = stored_channel(self._layout, feed.source)
            title, description = shown_title(channel.title, feed.title), channel.description
            cover = self._layout.channel_folder(feed.source) / AVATAR
            image = address + COVER if files.size(cover) is not None else None
        except (NotFound, LocalError):
            pass  # the channel's metadata is not stored, or damaged
        link = f"{_YOUTUBE}/channel/{feed.source}"
        return Show(title, description, title, link, address + DOCUMENT, image)

    def _described(self, video_ids: Sequence[str]) -> dict[str, VideoMetadata]:
        """Return the stored metadata of videos, without those that cannot be read."""
        found = {}
        for each in video_ids:
            try:
                content = files.read(self._layout.metadata_file(each))
                found[each] = VideoMetadata.model_validate(stored_json(content))
            except (NotFound, LocalError, ValueError):
                continue
        return found


def _episode(video: FeedVideo, metadata: VideoMetadata | None, address: str) -> Episode:
    media = PurePosixPath(video.media_name)
    picture = video.thumbnail_name
    return Episode(
        video_id=video.video_id,
        title=shown_title(video.title, video.video_id),
        description=metadata.description if metadata else "",
        author=video.channel_title,
        published=video.published,
        duration=video.duration,
        image=address + picture if picture else None,
        enclosure=Enclosure(address + video.media_name, video.media_bytes, media_type(media)),
    )
