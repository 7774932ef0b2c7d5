"""How a video's metadata enters the archive, so that its file and its digest never disagree.

    write a draft, sync  ->  register its digest  ->  rename it to its place, sync

A crash before the registration leaves the old file with its old digest. After it, the draft that
has the registered digest is put in its place at the next start.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from ytarchive.common.media import VideoMetadata
from ytarchive.storage import files
from ytarchive.storage.api import StorageLocation
from ytarchive.storage.layout import Layout
from ytarchive.storage.repository import Library

log = logger.bind(service="storage")


@dataclass(frozen=True)
class Draft:
    """A metadata file that waits in the scratch folder."""

    path: Path
    video_id: str
    digest: str


class MetadataStore:
    """Takes metadata in. Callers see to it that no video's is taken in twice at the same time."""

    def __init__(self, library: Library, layout: Layout) -> None:
        self._library = library
        self._layout = layout

    async def save(self, metadata: VideoMetadata) -> StorageLocation:
        """Write `metadata/videos/<id>.json` and register it; where the video lies."""
        content = metadata.model_dump_json(indent=2).encode()
        draft = await asyncio.to_thread(self._write, metadata.video_id, content)
        try:
            location = await self._library.save_metadata(metadata, content)
        except BaseException:
            await asyncio.to_thread(draft.path.unlink, missing_ok=True)
            raise
        await asyncio.to_thread(self._put_in_place, draft)
        return location

    async def recover(self) -> None:
        """Put in place what was registered and not renamed; forget the other drafts."""
        for draft in await asyncio.to_thread(lambda: list(self._drafts())):
            path = self._layout.relative(self._layout.metadata_file(draft.video_id))
            if await self._library.digest_of(draft.video_id, path) == draft.digest:
                log.info("{}: finishing its metadata", draft.video_id)
                await asyncio.to_thread(self._put_in_place, draft)
            else:
                await asyncio.to_thread(draft.path.unlink)

    def _write(self, video_id: str, content: bytes) -> Draft:
        digest = hashlib.sha256(content).hexdigest()
        path = self._layout.scratch / f"{video_id}.{digest}{files.DRAFT}"
        path.unlink(missing_ok=True)  # of an attempt that failed
        files.write_durably(path, [content])
        return Draft(path, video_id, digest)

    def _put_in_place(self, draft: Draft) -> None:
        files.put_in_place(draft.path, self._layout.metadata_file(draft.video_id))

    def _drafts(self) -> Iterator[Draft]:
        for path in self._layout.scratch.glob(f"*{files.DRAFT}"):
            video_id, _, digest = path.name.removesuffix(files.DRAFT).partition(".")
            yield Draft(path, video_id, digest)
