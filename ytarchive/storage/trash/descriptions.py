"""Restores what describes a removed video outside its folder: metadata, and the registration."""

from loguru import logger

from ytarchive.common.json_text import stored_json
from ytarchive.common.media import VideoMetadata
from ytarchive.storage.bins.bins import Bins
from ytarchive.storage.bins.models import TrashedFile, TrashItem
from ytarchive.storage.library.descriptions import MetadataStore
from ytarchive.storage.store.layout import Layout

log = logger.bind(service="storage")


class Descriptions:
    """Moves JSON files of videos from the trash back to `metadata/`."""

    def __init__(self, layout: Layout, bins: Bins, metadata: MetadataStore) -> None:
        self._layout = layout
        self._bins = bins
        self._metadata = metadata

    def split(self, item: TrashItem) -> tuple[TrashItem, list[TrashedFile]]:
        """Return an item without the files of this kind, and these files."""
        own = self._metadata_key(item), self._registration_key(item)
        described = [file for file in item.files if file.path in own]
        files = [file for file in item.files if file not in described]
        return item.model_copy(update={"files": files}), described

    async def restore(self, item: TrashItem, files: list[TrashedFile]) -> list[str]:
        """Restore files of an item. Return the paths of those that are in their place again."""
        return [file.path for file in files if await self._restore(item, file.path)]

    async def _restore(self, item: TrashItem, key: str) -> bool:
        store, source = self._bins.store, f"{self._bins.root(item)}/{key}"
        if key == self._metadata_key(item):
            try:
                metadata = VideoMetadata.model_validate(stored_json(await store.read(source)))
            except ValueError:
                log.warning("{}: the metadata in {} cannot be read", item.video_id, source)
                return False
            await self._metadata.put_back(metadata)
            await store.delete(source)
            return True
        if not (await store.stat([key]))[key].is_missing:
            return False
        await store.move(source, key)
        return True

    def _metadata_key(self, item: TrashItem) -> str:
        return self._layout.relative(self._layout.metadata_file(item.video_id or ""))

    def _registration_key(self, item: TrashItem) -> str:
        return self._layout.relative(self._layout.registration_file(item.video_id or ""))
