"""Moves files from the trash or the quarantine back to their paths, and registers them."""

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from loguru import logger

from ytarchive.common.archived_files import ArchivedFile, Role
from ytarchive.common.errors import IntegrityFailure, NotFound, PathOutsideArchive, RestoreConflict
from ytarchive.common.models import utc_now
from ytarchive.storage.bins.bins import Bins
from ytarchive.storage.bins.models import BinName, Restored, TrashItem
from ytarchive.storage.intake.changes import Change, StoredCopy
from ytarchive.storage.intake.swapping import Swap
from ytarchive.storage.intake.videos import VideoStore
from ytarchive.storage.library.descriptions import MetadataStore
from ytarchive.storage.library.models import StorageLocation
from ytarchive.storage.library.records import FileSet, Move
from ytarchive.storage.library.repository import Library
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.manifest import Facts, Manifest, manifest_in, types_in
from ytarchive.storage.store.store_folder import StoreFolder
from ytarchive.storage.trash.descriptions import Descriptions
from ytarchive.storage.verify.checks import FileProblem
from ytarchive.storage.verify.findings import Findings
from ytarchive.storage.verify.models import FindingKind

log = logger.bind(service="storage")


@dataclass(frozen=True)
class _Restoring:
    """An item that is being restored."""

    item: TrashItem
    video_id: str
    staged: str
    target: StoreFolder
    files: list[ArchivedFile]
    location: StorageLocation | None
    manifest: Manifest | None
    """Of the files, if the item has one."""

    @property
    def names(self) -> list[str]:
        """Return the names of the files."""
        return [file.name for file in self.files]

    @property
    def has_media(self) -> bool:
        """Return whether the item has the media, and not only side files."""
        return any(file.role is Role.MEDIA for file in self.files)


class Restorer:
    """Restores items. The caller must hold the lock of the item's video."""

    def __init__(
        self,
        layout: Layout,
        library: Library,
        videos: VideoStore,
        bins: Bins,
        findings: Findings,
        metadata: MetadataStore,
    ) -> None:
        self._layout = layout
        self._store = bins.store
        self._library = library
        self._videos = videos
        self._bins = bins
        self._findings = findings
        self._descriptions = Descriptions(layout, bins, metadata)

    async def restore(self, bin_name: BinName, item_id: str, *, replace: bool) -> Restored:
        """Restore an item. `replace`: move files at the original paths to the trash.

        Raises NotFound, RestoreConflict, IntegrityFailure, PathOutsideArchive or a LocalError.
        """
        item, described = self._descriptions.split(await self._bins.read(bin_name, item_id))
        if described and item.video_id and not item.files:
            restored = await self._descriptions.restore(item, described)
            await self._bins.forget_if_empty(item.model_copy(update={"files": described}))
            return Restored(item_id=item.id, video_id=item.video_id, files=restored)
        restoring = await self._restoring(item)
        known = await self._library.files_of(restoring.video_id, item.folder)
        swap = await self._videos.swap(restoring.staged, _copy_of(restoring, known))
        change = await _prepared(swap, restoring)
        damaged = [file for file in change.files if file.original_sha256 is not None]
        _require(restoring, change, damaged, replace=replace)
        # The media comes last: until then the item is restored by a further call.
        restored = await self._descriptions.restore(item, described)
        await self._videos.execute(Move(restoring.staged, _set(restoring, change),
                                          change.displaced))  # fmt: skip
        await self._mark(restoring, damaged)
        log.info("{}: restored from the {}", restoring.video_id, bin_name)
        folder = item.folder
        return Restored(
            item_id=item.id,
            video_id=restoring.video_id,
            files=[*(file.path for file in item.files), *restored],
            damaged=[f"{folder}/{file.name}" for file in damaged],
            replaced=[each.id for each in change.displaced],
        )

    async def _restoring(self, item: TrashItem) -> _Restoring:
        video_id = item.video_id
        if video_id is None or not item.files:
            raise NotFound(f"item {item.id} has no files of a video")
        await self._videos.finish_move(video_id)
        for file in item.files:
            inside = file.path.startswith(f"{item.folder}/")
            if not inside or await self._store.place(file.path) != file.path:
                where = self._layout.shown(self._bins.root(item))
                message = f"{file.path} is not a place for the files of a video"
                raise PathOutsideArchive(f"{message}; the files of the item are in {where}")
        staged, target = f"{self._bins.root(item)}/{item.folder}", self._folder(item.folder)
        manifest = await manifest_in(self._folder(staged))
        types = types_in(await manifest_in(target), manifest)
        files = [types[file.path.removeprefix(f"{item.folder}/")] for file in item.files]
        item, files = _without_lists(item, files)
        restoring = _Restoring(
            item=item,
            video_id=video_id,
            staged=staged,
            target=target,
            files=files,
            location=await self._location(video_id),
            manifest=manifest,
        )
        self._require_media(restoring)
        return restoring

    def _require_media(self, restoring: _Restoring) -> None:
        """Raise NotFound if side files would be restored to a folder without the media."""
        if restoring.has_media:
            return
        stored = restoring.location.video_path if restoring.location else None
        folder = PurePosixPath(self._layout.key_of(stored)).parent if stored else None
        if str(folder) != restoring.item.folder:
            message = f"the media of {restoring.video_id} is not in {restoring.item.folder}"
            raise NotFound(f"{message}: restore the item that has it first")

    def _folder(self, prefix: str) -> StoreFolder:
        return StoreFolder(self._store, prefix)

    async def _location(self, video_id: str) -> StorageLocation | None:
        try:
            return await self._videos.locate(video_id)
        except NotFound:
            return None

    async def _mark(self, restoring: _Restoring, damaged: list[StoredFile]) -> None:
        detail = "it was restored from the quarantine"
        await self._findings.record(
            FileProblem(
                restoring.video_id,
                f"{restoring.item.folder}/{file.name}",
                FindingKind.DAMAGED,
                detail,
            )
            for file in damaged
        )


def _without_lists(
    item: TrashItem, files: list[ArchivedFile]
) -> tuple[TrashItem, list[ArchivedFile]]:
    """Leave out the manifest and the list of digests of media: they are written again."""
    if not any(file.role is Role.MEDIA for file in files):
        return item, files
    pairs = [
        (trashed, file)
        for trashed, file in zip(item.files, files, strict=True)
        if file.role not in {Role.MANIFEST, Role.CHECKSUMS}
    ]
    return item.model_copy(update={"files": [each for each, _ in pairs]}), [f for _, f in pairs]


def _copy_of(restoring: _Restoring, known: list[StoredFile]) -> StoredCopy:
    """Return the copy that is stored in the target folder now."""
    location = restoring.location
    if location is None:
        return StoredCopy(restoring.video_id, restoring.target, known)
    missing = tuple(location.missing)
    return StoredCopy(restoring.video_id, restoring.target, known, location.quality, missing)


async def _prepared(swap: Swap, restoring: _Restoring) -> Change:
    paths = dict(zip(restoring.names, restoring.item.files, strict=True))
    originals = {name: file.sha256 for name, file in paths.items() if file.sha256}
    detail = f"replaced by item {restoring.item.id}"
    return await swap.take_files(restoring.names, detail, _facts(restoring), originals)


def _facts(restoring: _Restoring) -> Facts:
    """Return what is known of the video after the return of its files."""
    item, location = restoring.item, restoring.location
    if restoring.has_media and restoring.manifest:
        # A restored video is stored anew: rules do not apply to the time at which it was stored.
        return replace(restoring.manifest.facts, stored_at=utc_now())
    if restoring.has_media or location is None:
        return Facts(item.quality, list(item.missing), stored_at=utc_now())
    restored = {file.side_file for file in restoring.files}
    missing = [each for each in location.missing if each not in restored]
    return Facts(location.quality, missing, location.profile, stored_at=location.stored_at)


def _require(
    restoring: _Restoring, change: Change, damaged: list[StoredFile], *, replace: bool
) -> None:
    """Raise an error if files would be overwritten, or were changed in the trash."""
    item = restoring.item
    in_the_way = [file.path for displaced in change.displaced for file in displaced.files]
    if in_the_way and not replace:
        raise RestoreConflict(
            f"item {item.id} is not restored: {in_the_way[0]} exists", files=in_the_way[:20]
        )
    if damaged and item.bin is BinName.TRASH:
        message = f"item {item.id} is not restored: the checksum of {damaged[0].name} is wrong"
        raise IntegrityFailure(message, files=[file.name for file in damaged[:20]])


def _set(restoring: _Restoring, change: Change) -> FileSet:
    has_media = restoring.has_media or restoring.location is None
    adds = None if has_media else change.new
    folder = restoring.item.folder
    return FileSet(restoring.video_id, folder, change.files, _facts(restoring), adds)
