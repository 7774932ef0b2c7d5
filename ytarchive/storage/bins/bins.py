"""Moves files to the trash or the quarantine, and deletes them there. No other module does.

    .ytarchive/<bin>/<item>/item.json               the manifest (`TrashItem`)
    .ytarchive/<bin>/<item>/<path in the archive>   the files

The manifest is written before the first file is moved, so every moved file is listed. Files are
renamed, which needs no disk space. Items that early versions quarantined have no manifest; they are
described by their contents.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from pydantic import TypeAdapter, ValidationError

from ytarchive.common.config import OWN_FOLDER
from ytarchive.common.errors import InvalidIdentifier, LocalError, NotFound
from ytarchive.common.identifiers import new_id, parse_video_id
from ytarchive.common.json_text import stored_json
from ytarchive.common.models import utc_now
from ytarchive.storage.bins.models import (
    BinName,
    Emptied,
    ItemId,
    Reason,
    TrashedFile,
    TrashItem,
)
from ytarchive.storage.store.layout import CHECKSUMS
from ytarchive.storage.store.media_store import FileKind, FileState, MediaStore
from ytarchive.storage.store.store_folder import StoreFolder

_MANIFEST = "item.json"
_DELETING = ".deleting"
"""Suffix of an item's folder while the item is being deleted; no item id has this suffix."""
_FIRST_STAGE_TIME = "%Y%m%dT%H%M%S.%fZ"
_ID: TypeAdapter[str] = TypeAdapter(ItemId)


def new_item(
    bin_name: BinName,
    reason: Reason,
    folder: str,
    contents: Iterable[TrashedFile],
    video_id: str | None,
    detail: str = "",
) -> TrashItem:
    """Return an item for files that are about to be moved; nothing is written yet."""
    listed = list(contents)
    return TrashItem(
        id=new_id(),
        bin=bin_name,
        reason=reason,
        detail=detail,
        moved_at=utc_now(),
        video_id=video_id,
        folder=folder,
        files=listed,
        size_bytes=sum(file.size_bytes for file in listed),
    )


class Bins:
    """The trash and the quarantine of one media store."""

    def __init__(self, store: MediaStore) -> None:
        self.store = store

    async def put(self, item: TrashItem, arrived: Mapping[str, str] | None = None) -> None:
        """Move the files of an item to its bin. The call can be repeated after a crash.

        `arrived`: digests, by path, of new files that may already have replaced the item's files;
        the new files are not moved. Raises DiskFull, NotWritable or FileFailure.
        """
        manifest = f"{self.root(item)}/{_MANIFEST}"
        root = self.root(item)
        paths = [file.path for file in item.files]
        states = await self.store.stat([manifest, *paths, *(f"{root}/{path}" for path in paths)])
        if states[manifest].is_missing:
            await self.store.write(manifest, item.model_dump_json(indent=2).encode())
        for path in paths:
            target = f"{root}/{path}"
            if not states[target].is_missing or states[path].is_missing:
                continue
            if not await self._is_new(states[path], (arrived or {}).get(path)):
                await self.store.move(path, target)

    async def put_back(self, item: TrashItem) -> None:
        """Undo `put` for each file whose original path is free."""
        root = self.root(item)
        for path in (file.path for file in item.files):
            source = f"{root}/{path}"
            states = await self.store.stat([source, path])
            if not states[source].is_missing and states[path].is_missing:
                await self.store.move(source, path)
        await self.forget_if_empty(item)

    async def forget_if_empty(self, item: TrashItem) -> None:
        """Remove an item that no longer has files."""
        if not await self.contents(item):
            await self.store.delete(self.root(item))

    async def contents(self, item: TrashItem) -> list[TrashedFile]:
        """Return the files that an item holds now, with their sizes."""
        keys = [f"{self.root(item)}/{file.path}" for file in item.files]
        states = await self.store.stat(keys)
        return [
            file.model_copy(update={"size_bytes": states[key].size or 0})
            for file, key in zip(item.files, keys, strict=True)
            if not states[key].is_missing
        ]

    def root(self, item: TrashItem) -> str:
        """Return the prefix below which the files of an item have their original paths."""
        return f"{_folder(item.bin)}/{item.id}"

    async def holder_of(self, key: str) -> TrashItem | None:
        """Return the item whose files are below `key`, if it is inside one of the bins."""
        for name in BinName:
            if key.startswith(f"{_folder(name)}/"):
                item_id, _, _ = key.removeprefix(f"{_folder(name)}/").partition("/")
                return await self.read(name, item_id)
        return None

    async def read(self, bin_name: BinName, item_id: str) -> TrashItem:
        """Return an item as it is now. Raises NotFound."""
        home = f"{_folder(bin_name)}/{_ID.validate_python(item_id)}"
        state = (await self.store.stat([home]))[home].checked()
        if item_id.endswith(_DELETING) or state.kind is not FileKind.FOLDER:
            raise NotFound(f"there is no item {item_id} in the {bin_name}")
        item = await self._manifest(item_id, bin_name)
        item = item or await self._first_stage_item(item_id, bin_name, state)
        kept = await self.contents(item)
        size = sum(file.size_bytes for file in kept)
        return item.model_copy(update={"files": kept, "size_bytes": size})

    async def items(self, bin_name: BinName, after: str | None = None) -> AsyncIterator[TrashItem]:
        """Iterate over the items with files, newest first, starting after the item `after`."""
        for item_id in await self._ids(bin_name):
            if after is None or item_id < after:
                with suppress(NotFound):  # it was restored or deleted meanwhile
                    item = await self.read(bin_name, item_id)
                    if item.files:
                        yield item

    async def empty(
        self, older_than: timedelta, item_ids: Collection[str] | None = None
    ) -> Emptied:
        """Permanently delete items of the trash that are older than `older_than`.

        `item_ids`: only these; None for all.

        Raises NotWritable or FileFailure.
        """
        await self._finish_deleting()
        limit, emptied = utc_now() - older_than, Emptied()
        for item_id in await self._ids(BinName.TRASH):
            if item_ids is not None and item_id not in item_ids:
                continue
            with suppress(NotFound):
                item = await self.read(BinName.TRASH, item_id)
                if item.moved_at <= limit:
                    await self.store.delete(self.root(item))
                    emptied = _added(emptied, item)
        return emptied

    async def _names(self, bin_name: BinName) -> list[str]:
        folder = _folder(bin_name)
        listed = self.store.iterate(folder, deep=False)
        return [key.removeprefix(f"{folder}/").removesuffix("/") async for key in listed]

    async def _ids(self, bin_name: BinName) -> list[str]:
        return sorted(filter(_is_item, await self._names(bin_name)), reverse=True)

    async def _finish_deleting(self) -> None:
        for bin_name in BinName:
            for name in await self._names(bin_name):
                if name.endswith(_DELETING):
                    await self.store.delete(f"{_folder(bin_name)}/{name}")

    async def _is_new(self, state: FileState, digest: str | None) -> bool:
        if digest is None or not state.is_file:
            return False
        hashed = await self.store.stat([state.key], hashed=True)
        return hashed[state.key].checked().sha256 == digest

    async def _manifest(self, item_id: str, bin_name: BinName) -> TrashItem | None:
        """Return the manifest; None if it is missing, invalid or describes another item."""
        try:
            content = await self.store.read(f"{_folder(bin_name)}/{item_id}/{_MANIFEST}")
            item = TrashItem.model_validate(stored_json(content))
        except (LocalError, NotFound, ValueError):
            return None
        own = (item.id, item.bin) == (item_id, bin_name)
        paths = (PurePosixPath(file.path) for file in item.files)
        inside = all(not path.is_absolute() and ".." not in path.parts for path in paths)
        return item if own and inside else None

    async def _first_stage_item(
        self, item_id: str, bin_name: BinName, state: FileState
    ) -> TrashItem:
        names = [
            name
            for name in await StoreFolder(self.store, state.key).names()
            if name not in {_MANIFEST, CHECKSUMS} and not name.endswith(f"/{CHECKSUMS}")
        ]
        folder = folder_of(names[0]) if names else ""
        return TrashItem(
            id=item_id,
            bin=bin_name,
            reason=Reason.DAMAGED,
            detail="moved by an earlier version",
            moved_at=_time_of(item_id, state),
            video_id=_video_of(folder),
            folder=folder,
            files=[TrashedFile(path=name, size_bytes=0) for name in names],
        )


def _folder(bin_name: BinName) -> str:
    return f"{OWN_FOLDER}/{bin_name.value}"


def _is_item(name: str) -> bool:
    try:
        return _ID.validate_python(name) == name and not name.endswith(_DELETING)
    except ValidationError:
        return False


def _added(emptied: Emptied, item: TrashItem) -> Emptied:
    return Emptied(
        items=emptied.items + 1,
        files=emptied.files + len(item.files),
        size_bytes=emptied.size_bytes + item.size_bytes,
    )


def _time_of(item_id: str, state: FileState) -> datetime:
    try:
        return datetime.strptime(item_id, _FIRST_STAGE_TIME).replace(tzinfo=UTC)
    except ValueError:
        return state.modified or utc_now()


def folder_of(path: str) -> str:
    """Return the folder of a video's files, one of which is at `path`."""
    parent = PurePosixPath(path).parent
    return str(parent.parent if parent.name == "captions" else parent)


def _video_of(folder: str) -> str | None:
    try:
        return parse_video_id(PurePosixPath(folder).name)
    except InvalidIdentifier:
        return None
