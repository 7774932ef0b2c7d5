"""Determines which files of a video's folder a download adds, replaces and keeps.

The better media file is stored (`ranking`); no file is overwritten. A replaced file is moved to the
trash, or to the quarantine if it is damaged.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Self

from ytarchive.common.archived_files import ArchivedFile, Role, Transferred
from ytarchive.common.errors import IntegrityFailure
from ytarchive.storage.bins import bins
from ytarchive.storage.bins.models import BinName, Reason, TrashItem
from ytarchive.storage.intake import ranking
from ytarchive.storage.intake.changes import Change, PresentFile, StoredCopy
from ytarchive.storage.intake.contents import with_stored_comments, without_format
from ytarchive.storage.store import file_sets
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.layout import CHECKSUMS, MANIFEST, FileTypes
from ytarchive.storage.store.manifest import Facts, Manifest, manifest_in, transferred_in, types_in
from ytarchive.storage.store.media_store import FileState
from ytarchive.storage.store.store_folder import StoreFolder


class Swap:
    """Prepares a staged download for its target folder; each staged file is hashed once."""

    def __init__(
        self,
        staged: StoreFolder,
        video: StoredCopy,
        expected: Mapping[str, str] | None,
        fetched: Transferred | Manifest | None,
        manifest: Manifest | None,
        scratch: Path,
    ) -> None:
        """`expected`: digests by name of the files in the folder; None if there is no folder.

        `fetched`: what is recorded of the staged files. `manifest`: that of the folder.
        """
        self._staged = staged
        self._video = video
        self._is_new = expected is None
        self._expected = expected or {}
        self._fetched = fetched
        self._manifest = manifest
        # The manifest precedes the library because it alone has YouTube's own language codes.
        self._types = FileTypes((file.name, file) for file in video.known)
        self._types |= types_in(manifest, fetched)
        self._scratch = scratch
        self._seen: dict[str, PresentFile] = {}

    @classmethod
    async def of(cls, staged: StoreFolder, video: StoredCopy, scratch: Path) -> Self:
        """Return the swap of a download and a stored copy. `scratch`: for temporary files."""
        folder = video.folder
        # Sealing replaces `transfer.json` by a manifest, which an interrupted move leaves.
        fetched = await transferred_in(staged) or await manifest_in(staged)
        if (await folder.store.stat([folder.prefix]))[folder.prefix].is_missing:
            return cls(staged, video, None, fetched, None, scratch)
        expected = await folder.checksums()
        expected |= {file.name: file.sha256 for file in video.known}
        return cls(staged, video, expected, fetched, await manifest_in(folder), scratch)

    @property
    def folder(self) -> str:
        """Return the prefix of the stored copy."""
        return self._video.folder.prefix

    @property
    def video_id(self) -> str:
        """Return the id of the video."""
        return self._video.video_id

    async def is_damaged(self, name: str) -> bool:
        """Return whether a file of the stored copy is missing or damaged."""
        present = await self._present([name])
        return not present or present[0].is_damaged

    async def changes_manifest(self, facts: Facts) -> bool:
        """Return whether the manifest of the stored copy is damaged, or records other facts.

        A folder without a manifest, from before there were manifests, stays without one.
        """
        if MANIFEST not in self._expected:
            return False
        present = await self._present([MANIFEST])
        if not present or present[0].is_damaged:
            return True
        return self._manifest is None or self._manifest.facts != facts

    async def compare_media(self, quality: str | None, *, replace: bool) -> str | None:
        """Return why the stored media is kept; None if the staged media replaces it.

        `replace`: accept worse media. Raises IntegrityFailure if the download is not finished.
        """
        names = await file_sets.finished_set(self._staged, self.video_id, self._types)
        [media] = self._media_in(names)
        fetched = await self._facts(self._staged, media, names, quality)
        for other in await self._other_media(media):
            stored = await self._facts_of(other)
            accept = replace or other.is_lost
            reason = ranking.reason_to_keep(stored, fetched, accept=accept)
            if reason is not None:
                return reason
        return None

    async def take(self, detail: str, facts: Facts) -> Change:
        """Prepare the whole download: digests, `checksums.sha256`, sync.

        `detail` is written to the manifest of the replaced files.
        """
        await self._add_stored_comments()
        states = await file_sets.finished_set(self._staged, self.video_id, self._types, hashed=True)
        others = [each.name for each in await self._other_media(*self._media_in(states))]
        return await self._prepare(states, [*states, *others], detail, facts)

    async def take_files(
        self,
        names: list[str],
        detail: str,
        facts: Facts,
        originals: Mapping[str, str] | None = None,
    ) -> Change:
        """Prepare to add the named files. Media replaces other media.

        `originals`: by name, the digests with which they were first stored. Raises
        IntegrityFailure if the video would have no media.
        """
        await self._add_stored_comments()
        media = self._media_in(names)
        others = [each.name for each in await self._other_media(media[0])] if media else []
        states = await self._staged.states(names, hashed=True)
        change = await self._prepare(states, [*names, *others], detail, facts, originals)
        if not any(file.role is Role.MEDIA for file in change.files):
            message = f"the media of {self.video_id} does not have its registered size"
            raise IntegrityFailure(f"{message}: nothing is added to it")
        return change

    async def _prepare(
        self,
        states: Mapping[str, FileState],
        replaced: Collection[str],
        detail: str,
        facts: Facts,
        originals: Mapping[str, str] | None = None,
    ) -> Change:
        """Prepare to replace files by staged files, whose states have digests.

        `facts`: what is known of the video afterwards. `originals`: by name, the digests with
        which the staged files were first stored.
        """
        described = file_sets.described(states, self._types)
        fresh = [_with_original(file, originals) for file in described]
        digests = {file.name: file.sha256 for file in fresh}
        there = await self._present(replaced)
        leaving = [each for each in there if each.sha256 != digests.get(each.name)]
        kept = await self._kept({*digests, *(each.name for each in leaving)})
        source = self._fetched if any(file.role is Role.MEDIA for file in fresh) else None
        files = [*fresh, *kept]
        manifest = Manifest.of(self.video_id, facts, files, source or self._manifest)
        if not self._is_new:
            await file_sets.refuse_links(self._video.folder, list(digests))
        sealed = await file_sets.seal(self._staged, fresh, kept, manifest.encoded())
        return Change(sealed, self._items(leaving, detail), len(fresh))

    async def _add_stored_comments(self) -> None:
        """Add the stored comments to those of a download, which may lack some of them."""
        name = f"{self.video_id}.{Role.COMMENTS}.json"
        is_fetched = isinstance(self._fetched, Transferred) and name in await self._staged.names()
        if not is_fetched or await self.is_damaged(name):
            return
        store, key = self._staged.store, self._staged.key(name)
        stored = await store.read(self._video.folder.key(name))
        fetched = await store.read(key)
        content = await asyncio.to_thread(with_stored_comments, fetched, stored)
        if content != fetched:
            await store.write(key, content)

    async def side_files(self) -> list[ArchivedFile]:
        """Return the staged captions and thumbnails. Raises IntegrityFailure for other files."""
        names = await file_sets.side_files_in(self._staged, self.video_id, self._types)
        return [self._types[name] for name in names]

    async def keep_missing_side_files(self) -> list[ArchivedFile]:
        """Delete from staging all but missing side files, and return them.

        A damaged side file counts as missing. The media is always deleted.
        """
        names = await file_sets.finished_set(self._staged, self.video_id, self._types)
        sound = {each.name for each in await self._present(names) if not each.is_damaged}
        files = [self._types[name] for name in names if name not in sound]
        wanted = [file for file in files if file.role is not Role.MEDIA]
        staged = self._staged.store
        if not wanted:
            await staged.delete(self._staged.prefix)
            return []
        for name in {*names, MANIFEST, CHECKSUMS} - {file.name for file in wanted}:
            await staged.delete(self._staged.key(name))
        for file in wanted:
            if file.role is Role.INFO:
                content = await staged.read(self._staged.key(file.name))
                await staged.write(self._staged.key(file.name), without_format(content))
        return wanted

    async def _other_media(self, media: str) -> list[PresentFile]:
        """Return the media files in the folder, of which at most one may be kept."""
        return await self._present([*self._media_in(self._expected), media])

    def _media_in(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if self._types[name].role is Role.MEDIA]

    async def _present(self, names: Iterable[str]) -> list[PresentFile]:
        """Return the named files that exist in the folder; each file is read once."""
        wanted, folder = list(dict.fromkeys(names)), self._video.folder
        if self._is_new:
            return []
        states = await folder.states(name for name in wanted if name not in self._seen)
        there = [name for name, state in states.items() if not state.is_missing]
        for name, state in (await folder.states(there, hashed=True)).items():
            size = states[name].size or 0
            self._seen[name] = PresentFile(name, size, _digest(state), self._expected.get(name))
        return [self._seen[name] for name in wanted if name in self._seen]

    async def _kept(self, replaced: Collection[str]) -> list[StoredFile]:
        """Return the files that are kept, as they were registered."""
        folder, known = self._video.folder, {file.name: file for file in self._video.known}
        if self._is_new:
            return []
        listed = set(await folder.names())
        there = sorted(listed & self._expected.keys() - {*replaced, MANIFEST, CHECKSUMS})
        states = await folder.states(there)
        found = [
            (
                known.get(name)
                or StoredFile.of(self._types[name], states[name].size or 0, self._expected[name])
            ).typed_as(self._types[name])
            for name in there
        ]
        return [file for file in found if states[file.name].checked().size == file.size_bytes]

    async def _facts_of(self, media: PresentFile) -> ranking.MediaFacts:
        info = await self._present([str(PurePosixPath(media.name).with_suffix(".info.json"))])
        intact = [each.name for each in info if not each.is_damaged]
        return await self._facts(self._video.folder, media.name, intact, self._video.quality)

    async def _facts(
        self, folder: StoreFolder, media: str, names: Collection[str], quality: str | None
    ) -> ranking.MediaFacts:
        """Return the facts of a media file. `names`: the intact files of its folder."""
        info = str(PurePosixPath(media).with_suffix(".info.json"))
        described = info if info in names else None
        return await ranking.facts_of(folder, media, described, quality, self._scratch)

    def _items(self, leaving: list[PresentFile], detail: str) -> list[TrashItem]:
        damaged = [each for each in leaving if each.is_damaged]
        if self._media_in(each.name for each in damaged):  # keeps files that describe it
            damaged = leaving
        intact = [each for each in leaving if each not in damaged]
        return [
            self._item(name, reason, some, detail)
            for name, reason, some in (
                (BinName.TRASH, Reason.REPLACED, intact),
                (BinName.QUARANTINE, Reason.DAMAGED, damaged),
            )
            if some
        ]

    def _item(
        self, name: BinName, reason: Reason, some: list[PresentFile], detail: str
    ) -> TrashItem:
        """Return an item, with the quality and missing files of the video if it has the media."""
        files = [each.trashed(self.folder) for each in some]
        item = bins.new_item(name, reason, self.folder, files, self.video_id, detail)
        if not self._media_in(each.name for each in some):
            return item
        known = {"quality": self._video.quality, "missing": list(self._video.missing)}
        return item.model_copy(update=known)


def _digest(state: FileState) -> str | None:
    """Return the digest for `PresentFile`."""
    if state.error is not None:
        return None
    return state.sha256 or ""


def _with_original(file: StoredFile, originals: Mapping[str, str] | None) -> StoredFile:
    original = (originals or {}).get(file.name)
    if original in {None, file.sha256}:
        return file
    return file.model_copy(update={"original_sha256": original})
