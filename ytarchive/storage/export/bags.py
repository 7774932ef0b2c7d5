"""Bags (BagIt 1.0, RFC 8493) as tar files, which are read from the media store while they are sent.

The payload has the files at their paths in the archive, with the digests that the library has. So
`ytarchive rebuild` accepts the payload as an archive.
"""

import asyncio
import hashlib
import tarfile
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from ytarchive import __version__
from ytarchive.common.channel_lists import is_channel
from ytarchive.common.content import PART_SIZE, Content, Parts
from ytarchive.common.errors import FileFailure, NotFound
from ytarchive.common.models import utc_now
from ytarchive.storage.export.models import ExportedVideo
from ytarchive.storage.export.selection import Selection
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import FileState, MediaStore

FOLDER = "ytarchive-bag"
"""The one folder in the tar file."""
MANIFEST = "manifest-sha256.txt"
PAYLOAD = "data"
_BLOCK = tarfile.BLOCKSIZE
_DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


@dataclass(frozen=True)
class _Payload:
    """A file of the archive."""

    key: str
    size: int
    sha256: str
    modified: int
    """Seconds since 1970, from which `rebuild` derives when a video was stored."""


@dataclass(frozen=True)
class _Member:
    """A file of the tar file: its name in the bag, and its content or the key of it."""

    name: str
    size: int
    content: bytes | str
    modified: int = 0

    @cached_property
    def header(self) -> bytes:
        """Return the blocks before the content."""
        info = tarfile.TarInfo(f"{FOLDER}/{self.name}")
        info.size, info.mode, info.mtime = self.size, 0o644, self.modified
        return info.tobuf(tarfile.PAX_FORMAT)

    @property
    def padding(self) -> bytes:
        """Return what completes the last block."""
        return bytes(-self.size % _BLOCK)


@dataclass(frozen=True)
class _Bag(Content):
    """A tar file that exists only while it is read."""

    store: MediaStore
    members: list[_Member]

    async def _open(self, start: int, stop: int) -> Parts:
        stream = self._bytes(start, stop)

        async def read() -> bytes:
            return await anext(stream, b"")

        return Parts(read, stream.aclose)

    async def _bytes(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        position = 0
        for size, piece in _pieces(self.members):
            first, last = max(start - position, 0), min(stop - position, size)
            position += size
            if first >= last:
                continue
            if isinstance(piece, str):
                async with await self.store.open(piece, first, last) as parts:
                    async for part in parts:
                        yield part
                continue
            for at in range(first, last, PART_SIZE):
                yield piece[at : min(at + PART_SIZE, last)]


def _pieces(members: Iterable[_Member]) -> Iterator[tuple[int, bytes | str]]:
    """Yield the parts of the tar file with their sizes: bytes, or the key of a file."""
    for member in members:
        yield len(member.header), member.header
        yield member.size, member.content
        yield len(member.padding), member.padding
    yield 2 * _BLOCK, bytes(2 * _BLOCK)


async def bag_of(
    selection: Selection, layout: Layout, store: MediaStore, described: str, *keys: str
) -> Content:
    """Return the bag of the selected videos. `described`: the selection. `keys`: further files.

    Raises NotFound without videos, FileFailure for files that are missing or have another size.
    """
    payload: list[_Payload] = []
    channels: set[str] = set()
    async for videos in selection.with_files():
        channels |= {video.channel_id for video in videos if is_channel(video.channel_id)}
        payload += await _registered(store, videos)
        payload += await _others(store, [key for v in videos for key in _beside(layout, v)])
    if not payload:
        raise NotFound("no stored video matches: there is nothing to put into a bag")
    payload += await _others(store, [*keys, *await _about(channels, layout, store)])
    return await asyncio.to_thread(_assembled, store, payload, described)


async def _registered(store: MediaStore, videos: list[ExportedVideo]) -> list[_Payload]:
    """Return the registered files of videos, which must be there. Their content is not read."""
    files = [file for video in videos for file in video.files]
    states = await store.stat(file.path for file in files)
    wrong = [each.path for each in files if states[each.path].checked().size != each.size_bytes]
    if wrong:
        raise FileFailure(
            f"{wrong[0]} is missing or has another size, and {len(wrong) - 1} more files: "
            "`ytarchive verify` lists and repairs them"
            if len(wrong) > 1
            else f"{wrong[0]} is missing or has another size: `ytarchive verify` repairs it"
        )
    return [
        _Payload(each.path, each.size_bytes, each.sha256, _seconds(states[each.path]))
        for each in files
    ]


def _beside(layout: Layout, video: ExportedVideo) -> list[str]:
    """Return the keys of the files about a video that the library does not list."""
    video_id = video.video_id
    files = (layout.marks_file, layout.history_file, layout.registration_file)
    return [layout.relative(file(video_id)) for file in files]


async def _about(channels: set[str], layout: Layout, store: MediaStore) -> list[str]:
    """Return the keys of the files about channels."""
    folders = [layout.relative(layout.channel_folder(each)) for each in sorted(channels)]
    found = sorted([key async for key in store.iterate(*folders)]) if folders else []
    return [*found, *(layout.relative(layout.history_file(each)) for each in sorted(channels))]


async def _others(store: MediaStore, keys: Iterable[str]) -> list[_Payload]:
    """Return those of some files that exist. They are small, and are read for their digests."""
    states = (await store.stat(keys, hashed=True)).values()
    return [
        _Payload(each.key, each.size, each.sha256, _seconds(each))
        for each in states
        if each.checked().size is not None and each.size is not None and each.sha256
    ]


def _seconds(state: FileState) -> int:
    return int(state.modified.timestamp()) if state.modified else 0


def _assembled(store: MediaStore, payload: list[_Payload], described: str) -> _Bag:
    tags = _tags(payload, described)
    members = [_Member(name, len(text), text) for name, text in tags.items()]
    members += [
        _Member(f"{PAYLOAD}/{each.key}", each.size, each.key, each.modified) for each in payload
    ]
    return _Bag(
        name=f"{FOLDER}.tar",
        media_type="application/x-tar",
        size=sum(size for size, _ in _pieces(members)),
        modified=utc_now().replace(microsecond=0),
        etag=hashlib.sha256(b"".join(tags.values())).hexdigest(),
        store=store,
        members=members,
    )


def _tags(payload: list[_Payload], described: str) -> dict[str, bytes]:
    """Return the files of the bag that describe the payload; the manifests are in this order."""
    information = {
        "Bag-Software-Agent": f"ytarchive {__version__}",
        "Bagging-Date": f"{utc_now():%Y-%m-%d}",
        "External-Description": " ".join(described.split()),
        "Payload-Oxum": f"{sum(each.size for each in payload)}.{len(payload)}",
    }
    tags = {
        "bagit.txt": _DECLARATION,
        "bag-info.txt": "".join(f"{k}: {v}\n" for k, v in information.items()).encode(),
        MANIFEST: _manifest((f"{PAYLOAD}/{each.key}", each.sha256) for each in payload),
    }
    digests = {name: hashlib.sha256(text).hexdigest() for name, text in tags.items()}
    return tags | {"tagmanifest-sha256.txt": _manifest(digests.items())}


def _manifest(digests: Iterable[tuple[str, str]]) -> bytes:
    """Return a manifest. Line breaks in names are escaped as the program bagit.py does."""
    lines = (
        f"{digest}  {name.replace(chr(13), '%0D').replace(chr(10), '%0A')}\n"
        for name, digest in digests
    )
    return "".join(lines).encode()
