"""Makes the folder of one view equal to what the library has.

A video's files are planned again when the library reports a change of it. Reading the folders finds
what is missing or of other origin; missing files are planned again in the same way. Each file is
recorded before it is created, so that a later synchronisation recognises it after a crash.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISDIR
from typing import TypeVar

from loguru import logger

from ytarchive.common.database import Row
from ytarchive.common.errors import FileGone
from ytarchive.common.file_names import file_name
from ytarchive.common.paths import VIEW_MARKER
from ytarchive.storage.store.layout import VIDEO_ID
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.views.entries import (
    Entry,
    Folder,
    Policy,
    ViewChannel,
    ViewVideo,
    joined,
)
from ytarchive.storage.views.folders import FolderNames
from ytarchive.storage.views.links import (
    Recorded,
    ViewFolder,
    Wanted,
    inner_folders,
    is_unfinished,
    listed,
)
from ytarchive.storage.views.models import ViewSync
from ytarchive.storage.views.placing import placed, spelled
from ytarchive.storage.views.repository import Record, Records, ShownLibrary

log = logger.bind(service="storage")

T = TypeVar("T")

_FOLDERS_AT_ONCE = 200
_SHOWN = 100
"""The most paths that a report names."""
CHANNEL = "channel "
"""Begins the owner of a channel's own files; the channel's key follows."""


@dataclass(frozen=True)
class ViewParts:
    """What the synchronisation of a view needs."""

    name: str
    policy: Policy
    folder: ViewFolder
    library: ShownLibrary
    records: Records
    store: MediaStore


class Synchronisation:
    """Updates one view once. `dry_run`: only count."""

    def __init__(self, parts: ViewParts, names: FolderNames, *, dry_run: bool = False) -> None:
        self._parts = parts
        self._names = names
        self._dry_run = dry_run
        self._counts: Counter[str] = Counter()
        self._foreign: list[str] = []
        self._blocked: list[str] = []

    def report(self) -> ViewSync:
        """Return the changes so far."""
        return ViewSync(
            name=self._parts.name,
            dry_run=self._dry_run,
            method=self._parts.folder.method,
            foreign_paths=self._foreign,
            blocked=self._blocked,
            **self._counts,
        )

    async def show(self, videos: list[ViewVideo]) -> None:
        """Show videos as they are now; those without media are removed from the view."""
        policy = self._parts.policy
        folders = {video.video_id: policy.folder(video) for video in videos}
        keys = {folder.key for folder in folders.values() if folder}
        channels = await self._parts.library.channels(keys)
        names: dict[str, str] = {}
        plans: dict[str, list[Entry]] = {}
        for video in videos:
            if (folder := folders[video.video_id]) and folder.key not in names:
                names[folder.key] = await self._folder(
                    folder, channels.get(folder.key), omitted=folders
                )
            name = names[folder.key] if folder else ""
            plans[video.video_id] = policy.video(video, name) if video.files else []
        if policy.describes_channels:
            plans |= {
                f"{CHANNEL}{key}": policy.channel(channels[key], name) if key in channels else []
                for key, name in names.items()
            }
        await self.apply(plans)

    async def apply(self, plans: Mapping[str, list[Entry]]) -> None:
        """Create, replace and remove files so that each owner has the planned entries."""
        parts, view = self._parts, self._parts.name
        known = {
            each.place: each
            for each in await parts.records.entries("entries_of", view, owners=plans)
        }
        if parts.policy.names_folders:
            plans = await spelled(plans, parts.records, view)
        wanted = await placed(plans, parts.records, view)
        gone = [record for place, record in known.items() if place not in wanted]
        if self._dry_run:
            changed = {
                place for place, (record, _) in wanted.items()
                if place not in known or known[place].facts is None
                or (known[place].source, known[place].digest) != (record.source, record.digest)
            }  # fmt: skip
            self._counts["unchanged"] += len(wanted) - len(changed)
            self._counts["removed"] += len(gone)
            self._counts["replaced"] += sum(place in known for place in changed)
            self._counts["created"] += sum(place not in known for place in changed)
            return
        new = [record for place, (record, _) in wanted.items() if place not in known]
        await parts.records.database.write(self._names.save)
        await parts.records.intend(view, new)
        made = await asyncio.to_thread(self._work, gone, wanted, known)
        await parts.records.save(view, made, gone)

    async def read_folders(self) -> None:
        """Read all folders: plan missing files again, and find files of other origin."""
        parts, view = self._parts, self._parts.name
        removed = self._counts["removed" if self._dry_run else "created"]
        self._counts["unchanged"] = -self._counts["replaced"] - removed  # of all files read below
        rows = await parts.records.database.fetch_all("folders_with_entries", {"view": view})
        recorded = {row["folder"] for row in rows}
        present = await asyncio.to_thread(_folders_below, parts.folder.root)
        missing: list[Record] = []
        for some in in_parts(sorted(recorded | present), _FOLDERS_AT_ONCE):
            entries = await parts.records.rows("entries_in", view, folders=some)
            missing += await asyncio.to_thread(self._missing, some, entries)
        if missing:
            await self._create_again(missing)

    # --- planning -----------------------------------------------------------------------------

    async def _folder(
        self, folder: Folder, channel: ViewChannel | None, *, omitted: Collection[str]
    ) -> str:
        """Return the name of a channel's folder, after the title in its newest metadata.

        If the name changes, move the channel's other videos there, without those of `omitted`.
        """
        title = (channel.title if channel else "") or folder.title
        name, is_renamed = self._names.name(Folder(folder.key, title))
        if is_renamed:
            for some in in_parts(await self._parts.library.of_channel(folder.key)):
                others = [each for each in some if each.video_id not in omitted]
                await self.apply(
                    {each.video_id: self._parts.policy.video(each, name) for each in others}
                )
        return name

    async def _create_again(self, missing: list[Record]) -> None:
        if self._dry_run:
            self._counts["created"] += len(missing)
            return
        await self._parts.records.not_made(self._parts.name, missing)
        before = self._counts["unchanged"]
        await self._show_owners({record.owner for record in missing})
        self._counts["unchanged"] = before

    async def _show_owners(self, owners: set[str]) -> None:
        """Plan some owners again."""
        for some in in_parts(sorted(owner for owner in owners if VIDEO_ID.fullmatch(owner))):
            await self.show(await self._parts.library.videos(some))
        keys = [each.removeprefix(CHANNEL) for each in owners if each.startswith(CHANNEL)]
        for key, channel in (await self._parts.library.channels(keys)).items():
            name, _ = self._names.name(Folder(key, channel.title))
            await self.apply({f"{CHANNEL}{key}": self._parts.policy.channel(channel, name)})

    # --- on disk, in a thread -----------------------------------------------------------------

    def _work(
        self,
        gone: list[Record],
        planned: Mapping[tuple[str, str], tuple[Record, Entry]],
        known: Mapping[tuple[str, str], Record],
    ) -> list[Record]:
        """Remove and create files. Return the records that are new or have changed.

        Files whose record has not changed are compared too: another file with the same content
        can be in the place of the stored file, and the archive can have moved.
        """
        for record in gone:
            is_removed = self._parts.folder.remove(self._recorded(record))
            self._counts["removed" if is_removed else "foreign"] += 1
        made, lost = [], []
        for place, (record, entry) in planned.items():
            old = known.get(place)
            source = self._local(record.source) if record.source else None
            wanted = Wanted(file_name(record.path), source, entry.content)
            try:
                facts, is_new = self._parts.folder.put(wanted, self._recorded(old) if old else None)
            except FileGone:
                lost.append(record.source)
                continue
            if facts is None:
                if len(self._blocked) < _SHOWN and record.path not in self._blocked:
                    self._blocked.append(record.path)
                continue
            was_there = old is not None and old.facts is not None
            self._counts[("replaced" if was_there else "created") if is_new else "unchanged"] += 1
            now = replace(record, facts=facts)
            made += [now] if now != old else []
        if lost:
            log.warning("view {}: {} stored files are missing, as {}; run `ytarchive verify`",
                        self._parts.name, len(lost), lost[0])  # fmt: skip
        return made

    def _missing(self, folders: Iterable[str], rows: Iterable[Row]) -> list[Record]:
        """Return the recorded files that do not exist, and count those of other origin."""
        by_folder: dict[str, dict[str, Row]] = {folder: {} for folder in folders}
        for row in rows:
            by_folder[row["folder"]][row["name"]] = row
        missing = []
        for folder, recorded in by_folder.items():
            path = self._parts.folder.root / file_name(folder)
            found = listed(path) if self._parts.folder.contains(path) else {}
            missing += [Record.of(row) for name, row in recorded.items() if name not in found]
            for name, status in found.items():
                if self._is_own(recorded.get(name), status):
                    self._counts["unchanged"] += 1
                elif is_unfinished(name) and not self._dry_run:
                    (path / name).unlink(missing_ok=True)
                    self._parts.folder.remove_empty(path)
                elif (name in recorded or not S_ISDIR(status.st_mode)) and (
                    folder or name != VIEW_MARKER
                ):
                    self._found_foreign(joined(folder, name))
        return missing

    def _is_own(self, row: Row | None, found: os.stat_result) -> bool:
        if row is None:
            return False
        # Nearly all files are as recorded, so this comparison needs no objects.
        recorded = (row["inode"], row["size"], row["modified"])
        if recorded == (found.st_ino, found.st_size, found.st_mtime_ns):
            return True
        return self._parts.folder.is_own(self._recorded(Record.of(row)), found)

    def _found_foreign(self, path: str) -> None:
        self._counts["foreign"] += 1
        self._foreign += [path] if len(self._foreign) < _SHOWN else []

    def _recorded(self, record: Record) -> Recorded:
        source = self._local(record.source) if record.source else None
        return Recorded(file_name(record.path), source, record.digest, record.facts)

    def _local(self, key: str) -> Path | None:
        return self._parts.store.local_path(key)


def in_parts(values: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """Yield a sequence in parts."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _folders_below(root: Path) -> set[str]:
    """Return all folders below a view's folder, and the view's folder as an empty name."""
    found, pending = {""}, [""]
    while pending:
        folder = pending.pop()
        below = {joined(folder, name) for name in inner_folders(root / file_name(folder))}
        found |= below
        pending += below
    return found
