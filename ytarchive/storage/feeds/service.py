"""Implements the contract of the podcast feeds."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Self

from loguru import logger

from ytarchive.common.channel_lists import (
    channel_and_tab,
    channel_of_list,
    is_channel_name,
    is_uploads,
    tab_list,
)
from ytarchive.common.content import Content
from ytarchive.common.database import Database
from ytarchive.common.errors import InvalidIdentifier, InvalidRequest, NotFound
from ytarchive.common.identifiers import new_id
from ytarchive.common.models import Page, utc_now
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.profiles import ProfileRequest, resolved
from ytarchive.common.quality import Quality
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.storage.content.service import StoredContent, stored_content
from ytarchive.storage.feeds.api import FeedsAPI
from ytarchive.storage.feeds.models import (
    AddPodcastFeed,
    FeedKind,
    PodcastFeed,
    PodcastFeedAddress,
    PodcastFeedQuery,
    RemovedPodcastFeed,
    RotatePodcastFeed,
)
from ytarchive.storage.feeds.repository import SCHEMA, Feed, FeedsRepository
from ytarchive.storage.feeds.selection import FeedLibrary, FeedVideo
from ytarchive.storage.feeds.writing import AVATAR, COVER, DOCUMENT, DocumentWriter, address_of
from ytarchive.storage.library.models import VideoFilter
from ytarchive.storage.search.service import ChannelNames
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.store.watching import WatchedOperations, databases_only
from ytarchive.storage.views.names import name as file_name

log = logger.bind(service="storage")

_NO_FILE = "there is no podcast feed with this address, or the feed has no such file"


@dataclass(frozen=True)
class FeedSettings:
    """The settings that podcast feeds use."""

    base_url: str = ""
    profiles: Mapping[str, ArchiveProfile] = field(default_factory=dict)


class FeedsService(WatchedOperations, FeedsAPI):
    """The podcast feeds of the archive. Created by `open`."""

    def __init__(
        self,
        database: Database,
        library: Database,
        layout: Layout,
        store: MediaStore,
        channels: ChannelNames,
        watch: ArchiveWatch,
    ) -> None:
        super().__init__(watch)
        self.settings = FeedSettings()
        """Set by the code that opens the services, because Storage has no other settings."""
        self._repository = FeedsRepository(database)
        self._library = FeedLibrary(library, layout)
        self._layout = layout
        self._store = store
        self._channels = channels
        self._writer = DocumentWriter(layout, self._library)

    @classmethod
    async def open(
        cls,
        library: Database,
        layout: Layout,
        store: MediaStore,
        channels: ChannelNames,
        watch: ArchiveWatch,
    ) -> Self:
        """Open the feeds. Raises NotWritable or DiskFull."""
        database = await Database.open(layout.state / SCHEMA.file, SCHEMA)
        return cls(database, library, layout, store, channels, watch)

    @classmethod
    async def reading(
        cls, library: Database, layout: Layout, store: MediaStore, channels: ChannelNames
    ) -> Self:
        """Open the feeds for reading."""
        database = await ReadOnlyDatabase.open(layout.state / SCHEMA.file, SCHEMA)
        return cls(database, library, layout, store, channels, ArchiveWatch(None))

    async def close(self) -> None:
        """Close the database of the feeds."""
        await self._repository.database.close()

    async def add_feed(self, request: AddPodcastFeed) -> PodcastFeedAddress:
        kind, source, title = await self._resolved(request)
        key, now = _new_key(), utc_now()
        feed = Feed(
            id=new_id(),
            kind=kind,
            source=source,
            title=title,
            items=request.items,
            base_url=request.base_url,
            key_hash=_hash_of(key),
            created_at=now,
            key_created_at=now,
        )
        await self._repository.add(feed)
        log.info("the podcast feed {} of {} {} was added", feed.id, kind, source)
        return self._shown(feed, key)

    @databases_only
    async def list_feeds(self, request: PodcastFeedQuery) -> Page[PodcastFeed]:
        return await self._repository.page(request)

    async def rotate_feed(self, feed_id: str, request: RotatePodcastFeed) -> PodcastFeedAddress:
        feed, key = await self._found(feed_id), _new_key()
        changed = replace(feed, key_hash=_hash_of(key), key_created_at=utc_now())
        changed = replace(changed, base_url=request.base_url or feed.base_url)
        await self._repository.set_key(changed)
        log.info("the podcast feed {} has a new key", feed.id)
        return self._shown(changed, key)

    async def remove_feed(self, feed_id: str) -> RemovedPodcastFeed:
        feed = await self._found(feed_id)
        await self._repository.remove(feed.id)
        log.info("the podcast feed {} was removed", feed.id)
        return RemovedPodcastFeed(id=feed.id, title=feed.title)

    async def get_feed_file(self, feed_id: str, key: str, name: str) -> Content:
        feed = await self._repository.get(feed_id)
        expected = feed.key_hash if feed else bytes(hashlib.sha256().digest_size)
        if not hmac.compare_digest(_hash_of(key), expected) or feed is None:
            raise NotFound(_NO_FILE)
        if name == DOCUMENT:
            return await self._document(feed, key)
        if name == COVER and feed.kind is FeedKind.CHANNEL:
            return await self._cover(feed.source)
        return await self._file(feed, name)

    async def _document(self, feed: Feed, key: str) -> Content:
        match feed.kind:
            case FeedKind.CHANNEL:
                videos = await self._library.of_channel(feed.source, feed.items)
            case FeedKind.PLAYLIST:
                videos = await self._library.of_playlist(feed.source, feed.items)
            case FeedKind.PROFILE:
                profile = self._profile(feed.source)
                videos = await self._library.of_profile(profile, feed.items)
        return await self._writer.document(feed, videos, self._address(feed, key))

    async def _cover(self, channel_id: str) -> Content:
        avatar = self._layout.relative(self._layout.channel_folder(channel_id) / AVATAR)
        try:
            return await StoredContent.of(self._store, avatar)
        except NotFound:
            raise NotFound(_NO_FILE) from None

    async def _file(self, feed: Feed, name: str) -> Content:
        """Return media or a thumbnail of a video in the feed. Raises NotFound."""
        video = await self._library.video(PurePosixPath(name).stem)
        if video is None or not await self._has(feed, video):
            raise NotFound(_NO_FILE)
        if name == video.media_name:
            content = await stored_content(self._store, video.media_path)
            tail = f" [{video.video_id}]{PurePosixPath(name).suffix}"
            return replace(content, name=file_name(video.title, tail, otherwise=video.video_id))
        if video.thumbnail is not None and name == video.thumbnail_name:
            return await stored_content(self._store, video.thumbnail)
        raise NotFound(_NO_FILE)

    async def _has(self, feed: Feed, video: FeedVideo) -> bool:
        profile = self._profile(feed.source) if feed.kind is FeedKind.PROFILE else None
        return await self._library.has(feed.kind, feed.source, profile, video)

    async def _resolved(self, request: AddPodcastFeed) -> tuple[FeedKind, str, str]:
        """Return the kind of a feed, its source and its title. Raises NotFound."""
        if request.source is None:
            name = str(request.profile)
            self._profile(name)
            return FeedKind.PROFILE, name, f"Profile {name}"
        source = request.source
        if is_uploads(source):
            source = channel_of_list(source)
        channel, tab = channel_and_tab(source) or ("", "")
        if is_channel_name(channel):
            named = await self._channels.resolved(VideoFilter(channel=channel))
            channel = str(named.channel)
        if channel and not tab:
            newest = await self._library.of_channel(channel, 1)
            if not newest:
                message = f"the archive has no video of the channel {source}"
                raise NotFound(f"{message}; `ytarchive playlist {source}` archives it")
            return FeedKind.CHANNEL, channel, newest[0].channel_title or channel
        return await self._stored_list(tab_list(channel, tab) if channel else source)

    async def _stored_list(self, playlist_id: str) -> tuple[FeedKind, str, str]:
        listed = await self._library.playlist(playlist_id)
        if listed is None:
            message = f"the playlist {playlist_id} is not stored"
            raise NotFound(f"{message}; `ytarchive playlist {playlist_id}` archives it")
        return FeedKind.PLAYLIST, playlist_id, listed.title or playlist_id

    def _profile(self, name: str) -> ArchiveProfile:
        """Return a profile for sound. Raises InvalidRequest."""
        profile = resolved(ProfileRequest(profile=name), self.settings.profiles).archive_profile
        if profile.quality is not Quality.AUDIO:
            message = f"the profile {name} is for pictures: a feed needs one of `quality=audio`"
            raise InvalidRequest(message, fields={"profile": message})
        return profile

    async def _found(self, beginning: str) -> Feed:
        """Return the feed whose id begins with a text. Raises NotFound or InvalidIdentifier."""
        matching = await self._repository.from_id(beginning)
        if not matching:
            raise NotFound(f"there is no podcast feed {beginning}; `ytarchive feeds` lists them")
        if len(matching) > 1:
            names = ", ".join(each.id for each in matching)
            raise InvalidIdentifier(f"several podcast feeds begin with {beginning!r}: {names}")
        return matching[0]

    def _address(self, feed: Feed, key: str) -> str:
        return address_of(feed.base_url or self.settings.base_url, feed.id, key)

    def _shown(self, feed: Feed, key: str) -> PodcastFeedAddress:
        return PodcastFeedAddress(feed=feed.shown(), address=self._address(feed, key) + DOCUMENT)


def _new_key() -> str:
    return secrets.token_urlsafe(24)


def _hash_of(key: str) -> bytes:
    """Return the digest of a key. Keys are random, so a plain digest cannot be reversed."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
