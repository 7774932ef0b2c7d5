"""Implements the contract of the stored channels. Everything is in files, without a database.

A picture is fetched after its channel's metadata is stored, and at most once for each address. A
failure is logged; the next job that lists the channel requests the picture again.
"""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol

from loguru import logger

from ytarchive.common.channel_lists import is_channel_name
from ytarchive.common.disk import os_errors
from ytarchive.common.errors import (
    FileFailure,
    InvalidIdentifier,
    LocalError,
    NotFound,
    YTArchiveError,
)
from ytarchive.common.identifiers import parse_channel
from ytarchive.common.json_text import stored_json
from ytarchive.common.media import ChannelMetadata
from ytarchive.common.models import Done, utc_now
from ytarchive.common.presence import ArchiveWatch
from ytarchive.storage.channels.api import ChannelsAPI
from ytarchive.storage.channels.models import SaveChannel, StoredChannel
from ytarchive.storage.history.models import HistoryEntry, HistoryKind
from ytarchive.storage.history.records import HistoryRecords
from ytarchive.storage.store import files
from ytarchive.storage.store.changes import Changes
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.watching import WatchedOperations

log = logger.bind(service="storage")

CHANNEL = "channel.json"
PICTURES = {"poster": "avatar_url", "fanart": "banner_url"}
"""The names of the files, and the fields of their addresses."""
_CHANGING = {"fetched_at", "video_count", "poster_url", "fanart_url"}
"""Fields whose change is not recorded in the history."""


class PictureSource(Protocol):
    """Returns pictures."""

    async def fetch(self, url: str) -> bytes:
        """Return the picture at an address, as a complete JPEG. Raises a YTArchiveError."""
        ...


class ChannelsService(WatchedOperations, ChannelsAPI):
    """The channels of the archive. `pictures`: None fetches none."""

    def __init__(self, layout: Layout, changes: Changes, watch: ArchiveWatch) -> None:
        super().__init__(watch)
        self._layout = layout
        self._changes = changes
        self._history = HistoryRecords(layout)
        self._fetching: dict[str, asyncio.Task[None]] = {}
        self.pictures: PictureSource | None = None
        self.on_change: Callable[[str], Awaitable[None]] = _ignore
        """Called with the id of a channel whose metadata or pictures have changed."""

    async def close(self) -> None:
        """Cancel the requests for pictures."""
        for task in self._fetching.values():
            task.cancel()
        await self.settled()

    async def settled(self) -> None:
        """Wait for the requests for pictures."""
        await asyncio.gather(*self._fetching.values(), return_exceptions=True)

    async def get_stored_channel(self, channel: str) -> StoredChannel:
        return await asyncio.to_thread(stored_channel, self._layout, _id_of(channel))

    async def save_channel(self, request: SaveChannel) -> Done:
        channel_id = _id_of(request.channel.channel_id)
        await self._locked(channel_id, self._save(channel_id, request.channel))
        await self.on_change(channel_id)
        if self.pictures is not None and channel_id not in self._fetching:
            task = asyncio.create_task(self._fetch_pictures(channel_id, self.pictures))
            self._fetching[channel_id] = task
            task.add_done_callback(lambda _: self._fetching.pop(channel_id, None))
        return Done()

    async def _locked(self, channel_id: str, work: Coroutine[Any, Any, None]) -> None:
        async def run() -> None:
            async with self._changes.lock(channel_id):
                await work

        await self._changes.run_to_end(run())

    async def _save(self, channel_id: str, channel: ChannelMetadata) -> None:
        await asyncio.to_thread(self._write, channel_id, channel)

    def _write(self, channel_id: str, channel: ChannelMetadata) -> None:
        """Write the metadata; addresses that are not known now are kept."""
        older = self._readable(channel_id)
        known = channel.model_dump(exclude_none=True)
        newer = StoredChannel(**(older.model_dump() if older else {}) | known)
        if older is not None and _version(older) != _version(newer):
            self._history.append(channel_id, [_earlier(older)])
        self._write_json(newer)

    def _write_json(self, channel: StoredChannel) -> None:
        folder = self._layout.channel_folder(channel.channel_id)
        files.make_folders(folder)
        content = channel.model_dump_json(indent=2).encode() + b"\n"
        files.write_atomically(folder / CHANNEL, content, self._layout.scratch)

    def _readable(self, channel_id: str) -> StoredChannel | None:
        try:
            return stored_channel(self._layout, channel_id)
        except NotFound:
            return None
        except FileFailure as error:
            log.warning("{}; it is replaced", error.message)
            return None

    async def _fetch_pictures(self, channel_id: str, source: PictureSource) -> None:
        for name, field in PICTURES.items():
            try:
                url = await asyncio.to_thread(self._wanted, channel_id, name, field)
                if url is not None:
                    content = await source.fetch(url)
                    await self._locked(channel_id, self._keep(channel_id, name, url, content))
                    await self.on_change(channel_id)
            except YTArchiveError as error:
                log.warning("{}: no {}.jpg: {}", channel_id, name, error.message)

    def _wanted(self, channel_id: str, name: str, field: str) -> str | None:
        """Return the address of a picture that is missing or has a new address."""
        channel = stored_channel(self._layout, channel_id)
        url: str | None = getattr(channel, field)
        is_stored = files.size(self._layout.channel_folder(channel_id) / f"{name}.jpg") is not None
        return None if is_stored and url == getattr(channel, f"{name}_url") else url

    async def _keep(self, channel_id: str, name: str, url: str, content: bytes) -> None:
        await asyncio.to_thread(self._write_picture, channel_id, name, url, content)

    def _write_picture(self, channel_id: str, name: str, url: str, content: bytes) -> None:
        """Append the earlier picture to the history, then replace it, then record the address."""
        path = self._layout.channel_folder(channel_id) / f"{name}.jpg"
        older = _content(path)
        if older is not None and older != content:
            digest = hashlib.sha256(older).hexdigest()
            data = {"name": path.name, "size_bytes": len(older), "sha256": digest}
            data["base64"] = base64.b64encode(older).decode()
            entry = HistoryEntry(
                kind=HistoryKind.THUMBNAIL, time=utc_now(), source="youtube", data=data
            )
            self._history.append(channel_id, [entry])
        files.write_atomically(path, content, self._layout.scratch)
        with os_errors(path):
            path.chmod(0o444)  # views link to it
        channel = stored_channel(self._layout, channel_id)
        self._write_json(channel.model_copy(update={f"{name}_url": url}))


async def _ignore(channel_id: str) -> None:
    """Ignore a changed channel."""


def stored_channel(layout: Layout, channel_id: str) -> StoredChannel:
    """Return a channel's stored metadata. Blocks. Raises NotFound or FileFailure."""
    path = layout.channel_folder(channel_id) / CHANNEL
    content = files.read(path)
    try:
        return StoredChannel.model_validate(stored_json(content))
    except ValueError as error:
        raise FileFailure(f"{path} is damaged; list the channel again") from error


def _content(path: Path) -> bytes | None:
    try:
        return files.read(path)
    except (LocalError, NotFound):
        return None


def _version(channel: ChannelMetadata) -> dict[str, Any]:
    return channel.model_dump(mode="json", exclude=_CHANGING)


def _earlier(channel: StoredChannel) -> HistoryEntry:
    data = _version(channel)
    return HistoryEntry(kind=HistoryKind.METADATA, time=channel.fetched_at, data=data)


def _id_of(channel: str) -> str:
    """Return a channel's id. Raises InvalidIdentifier for a name, which only YouTube resolves."""
    channel_id = parse_channel(channel)
    if is_channel_name(channel_id):
        raise InvalidIdentifier(f"{channel} is a channel's name; its id (UC…) is needed")
    return channel_id
