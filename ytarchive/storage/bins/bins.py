"""Moves files to the trash or the quarantine, and deletes them there. No other module does.

    .ytarchive/<bin>/<item>/item.json               the manifest (`TrashItem`)
    .ytarchive/<bin>/<item>/<path in the archive>   the files

The manifest is written before the first file is moved, so every moved file is listed. Files are
renamed, which needs no disk space. Items that early versions quarantined have no manifest; they are
described by their contents.

Everything here blocks; callers run it in a thread.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

from pydantic import TypeAdapter, ValidationError

from ytarchive.common import filesystem
from ytarchive.common.disk import os_errors, sync
from ytarchive.common.errors import InvalidIdentifier, LocalError, NotFound
from ytarchive.common.file_names import file_name, stored_name
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
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import CHECKSUMS, Layout

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
    """The trash and the quarantine of one archive."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def put(self, item: TrashItem, arrived: Mapping[str, str] | None = None) -> None:
        """Move the files of an item to its bin. The call can be repeated after a crash.

        `arrived`: digests, by path, of new files that may already have replaced the item's files;
        the new files are not moved. Raises DiskFull, NotWritable or FileFailure.
        """
        home = self._home(item)
        if not filesystem.exists(home / _MANIFEST):
            files.make_folders(home)
            content = item.model_dump_json(indent=2).encode()
            files.write_atomically(home / _MANIFEST, content, self._layout.scratch)
        for file in item.files:
            source, target = self._layout.absolute(file.path), home / file_name(file.path)
            if os.path.lexists(target) or not os.path.lexists(source):
                continue
            if not _is_new(source, (arrived or {}).get(file.path)):
                _rename(source, target)

    def put_back(self, item: TrashItem) -> None:
        """Undo `put` for each file whose original path is free."""
        for file in item.files:
            source = self._home(item) / file_name(file.path)
            target = self._layout.absolute(file.path)
            if os.path.lexists(source) and not os.path.lexists(target):
                _rename(source, target)
        self.forget_if_empty(item)

    def forget_if_empty(self, item: TrashItem) -> None:
        """Remove an item that no longer has files."""
        if not self.contents(item):
            self._delete(self._home(item))

    def contents(self, item: TrashItem) -> list[TrashedFile]:
        """Return the files that an item holds now, with their sizes."""
        root = self.root(item)
        return [
            file.model_copy(update={"size_bytes": (root / file_name(file.path)).lstat().st_size})
            for file in item.files
            if os.path.lexists(root / file_name(file.path))
        ]

    def root(self, item: TrashItem) -> Path:
        """Return the folder below which the files of an item have their original paths."""
        return self._home(item)

    def holder_of(self, path: Path) -> TrashItem | None:
        """Return the item whose files are below `path`, if it is inside one of the bins."""
        for name in BinName:
            if path.is_relative_to(self._folder(name)):
                return self.read(name, path.relative_to(self._folder(name)).parts[0])
        return None

    def read(self, bin_name: BinName, item_id: str) -> TrashItem:
        """Return an item as it is now. Raises NotFound."""
        home = self._folder(bin_name) / _ID.validate_python(item_id)
        if (
            item_id.endswith(_DELETING)
            or filesystem.is_link(home)
            or not filesystem.is_folder(home)
        ):
            raise NotFound(f"there is no item {item_id} in the {bin_name}")
        item = _manifest(home, bin_name) or self._first_stage_item(home, bin_name)
        kept = self.contents(item)
        size = sum(file.size_bytes for file in kept)
        return item.model_copy(update={"files": kept, "size_bytes": size})

    def items(self, bin_name: BinName, after: str | None = None) -> Iterator[TrashItem]:
        """Iterate over the items with files, newest first, starting after the item `after`."""
        for item_id in self._ids(bin_name):
            if after is None or item_id < after:
                with suppress(NotFound):  # it was restored or deleted meanwhile
                    item = self.read(bin_name, item_id)
                    if item.files:
                        yield item

    def empty(self, older_than: timedelta) -> Emptied:
        """Permanently delete the items of the trash that are older than `older_than`.

        Raises NotWritable or FileFailure.
        """
        self._finish_deleting()
        limit, emptied = utc_now() - older_than, Emptied()
        for item_id in self._ids(BinName.TRASH):
            with suppress(NotFound):
                item = self.read(BinName.TRASH, item_id)
                if item.moved_at <= limit:
                    self._delete(self._home(item))
                    emptied = _added(emptied, item)
        return emptied

    def _folder(self, bin_name: BinName) -> Path:
        return self._layout.own / bin_name.value

    def _home(self, item: TrashItem) -> Path:
        return self._folder(item.bin) / item.id

    def _ids(self, bin_name: BinName) -> list[str]:
        folder = self._folder(bin_name)
        with os_errors(folder):
            is_there = filesystem.is_folder(folder)
            names = [path.name for path in folder.iterdir()] if is_there else []
        return sorted(filter(_is_item, names), reverse=True)

    def _delete(self, home: Path) -> None:
        """Delete an item. It is renamed first, so that no partial item is ever listed."""
        doomed = home.with_name(home.name + _DELETING)
        with os_errors(home):
            if filesystem.is_folder(home):
                home.rename(doomed)
                sync(home.parent)
                shutil.rmtree(doomed)

    def _finish_deleting(self) -> None:
        for name in BinName:
            for doomed in self._folder(name).glob(f"*{_DELETING}"):
                with os_errors(doomed):
                    shutil.rmtree(doomed)

    def _first_stage_item(self, home: Path, bin_name: BinName) -> TrashItem:
        names = [
            stored_name(path)
            for path in files.list_files(home)
            if path not in {_MANIFEST, CHECKSUMS} and not path.endswith(f"/{CHECKSUMS}")
        ]
        moved = TrashedFile(path=names[0], size_bytes=0) if names else None
        folder = _folder_of(moved.path) if moved else ""
        return TrashItem(
            id=home.name,
            bin=bin_name,
            reason=Reason.DAMAGED,
            detail="moved by an earlier version",
            moved_at=_time_of(home),
            video_id=_video_of(folder),
            folder=folder,
            files=[TrashedFile(path=name, size_bytes=0) for name in names],
        )


def _is_item(name: str) -> bool:
    try:
        return _ID.validate_python(name) == name and not name.endswith(_DELETING)
    except ValidationError:
        return False


def _manifest(home: Path, bin_name: BinName) -> TrashItem | None:
    """Return the manifest; None if it is missing, invalid or describes another item."""
    try:
        item = TrashItem.model_validate(stored_json(files.read(home / _MANIFEST)))
    except (LocalError, NotFound, ValueError):
        return None
    own = (item.id, item.bin) == (home.name, bin_name)
    paths = (PurePosixPath(file.path) for file in item.files)
    inside = all(not path.is_absolute() and ".." not in path.parts for path in paths)
    return item if own and inside else None


def _is_new(path: Path, digest: str | None) -> bool:
    return digest is not None and files.size(path) is not None and files.sha256(path) == digest


def _rename(source: Path, target: Path) -> None:
    files.make_folders(target.parent)
    with os_errors(source):
        source.rename(target)
        sync(target.parent)
        sync(source.parent)


def _added(emptied: Emptied, item: TrashItem) -> Emptied:
    return Emptied(
        items=emptied.items + 1,
        files=emptied.files + len(item.files),
        size_bytes=emptied.size_bytes + item.size_bytes,
    )


def _time_of(home: Path) -> datetime:
    try:
        return datetime.strptime(home.name, _FIRST_STAGE_TIME).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(home.stat().st_mtime, UTC)


def _folder_of(path: str) -> str:
    """Return the folder of a video's files, one of which is at `path`."""
    parent = PurePosixPath(path).parent
    return str(parent.parent if parent.name == "captions" else parent)


def _video_of(folder: str) -> str | None:
    try:
        return parse_video_id(PurePosixPath(folder).name)
    except InvalidIdentifier:
        return None
