"""Makes the folder of one view equal to what the library has.

A video's files are planned again when the library reports a change of it. Reading the folders finds
what is missing or of other origin; missing files are planned again in the same way. Each file is
recorded before it is created, so that a later synchronisation recognises it after a crash.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from loguru import logger

from ytarchive.common.errors import FileGone
from ytarchive.storage.store.layout import VIDEO_ID
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.views.entries import Entry, Folder, Policy, ViewChannel, ViewVideo
from ytarchive.storage.views.folders import FolderNames
from ytarchive.storage.views.links import ViewFolder, lineage
from ytarchive.storage.views.models import ViewSync
from ytarchive.storage.views.placing import placed, spelled
from ytarchive.storage.views.reading import FolderReading
from ytarchive.storage.views.records import Record
from ytarchive.storage.views.repository import Records, ShownLibrary

log = logger.bind(service="storage")

T = TypeVar("T")

Planned = Mapping[tuple[str, str], tuple[Record, Entry]]
"""What the view should have, by place."""

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
        channels = await self._parts.library.channels(keys) if keys else {}
        names: dict[str, str] = {}
        plans: dict[str, list[Entry]] = {}
        for video in videos:
            if (folder := folders[video.video_id]) and folder.key not in names:
                names[folder.key] = await self._folder(
                    folder, channels.get(folder.key), omitted=folders
                )
            name = names[folder.key] if folder else ""
            plans[video.video_id] = policy.video(video, name) if video.files else []
        await self.apply(plans)

    async def describe(self, channel_ids: Sequence[str]) -> None:
        """Show the files of channels that belong to none of their videos."""
        for some in in_parts(channel_ids):
            channels = await self._parts.library.channels(some)
            await self.apply(
                {
                    f"{CHANNEL}{key}": self._parts.policy.channel(channels[key])
                    if key in channels
                    else []
                    for key in some
                }
            )

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
            self._count(wanted, known, gone)
            return
        if self._names.new:
            await parts.records.database.write(self._names.save)
        new = [record for place, (record, _) in wanted.items() if place not in known]
        folders = {record.folder for record in new} - parts.folder.found
        absent = await asyncio.to_thread(parts.folder.absent, folders) if folders else []
        await parts.records.intend(view, new, absent)
        made = await asyncio.to_thread(self._work, gone, wanted, known)
        await self._remove_empty({record.folder for record in gone})
        await parts.records.save(view, made, gone)

    async def read_folders(self) -> None:
        """Read all folders: plan missing files again, and find files of other origin."""
        parts, view = self._parts, self._parts.name
        reading = FolderReading(view, parts.folder, parts.records)
        await reading.run()
        removed = self._counts["removed" if self._dry_run else "created"]
        self._counts["unchanged"] = reading.unchanged - self._counts["replaced"] - removed
        self._counts["foreign"] += reading.foreign
        self._foreign += reading.foreign_paths
        if self._dry_run:
            self._counts["created"] += len(reading.missing)
            return
        if reading.unfinished:
            await asyncio.to_thread(parts.folder.remove_unfinished, reading.unfinished)
            await self._remove_empty({each.folder for each in reading.unfinished})
        if reading.missing:
            await parts.records.not_made(view, reading.missing)
            before = self._counts["unchanged"]
            await self._show_owners({record.owner for record in reading.missing})
            self._counts["unchanged"] = before

    async def clear(self) -> None:
        """Remove the marker, and the view's folder if the view has created it and it is empty."""
        await asyncio.to_thread(self._parts.folder.clear)
        await self._remove_empty({""})

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

    async def _show_owners(self, owners: set[str]) -> None:
        """Plan some owners again."""
        for some in in_parts(sorted(owner for owner in owners if VIDEO_ID.fullmatch(owner))):
            await self.show(await self._parts.library.videos(some))
        keys = [each.removeprefix(CHANNEL) for each in owners if each.startswith(CHANNEL)]
        await self.describe(keys)

    def _count(
        self, wanted: Planned, known: Mapping[tuple[str, str], Record], gone: list[Record]
    ) -> None:
        """Count the changes that `apply` would make."""
        changed = {
            place for place, (record, _) in wanted.items()
            if place not in known or known[place].facts is None
            or (known[place].source, known[place].digest) != (record.source, record.digest)
        }  # fmt: skip
        self._counts["unchanged"] += len(wanted) - len(changed)
        self._counts["removed"] += len(gone)
        self._counts["replaced"] += sum(place in known for place in changed)
        self._counts["created"] += sum(place not in known for place in changed)

    # --- on disk, in a thread -----------------------------------------------------------------

    async def _remove_empty(self, folders: set[str]) -> None:
        """Remove folders, and their parents, that the view has created and that became empty."""
        if folders:
            parts, view = self._parts, self._parts.name
            created = await parts.records.created_folders(view, lineage(folders))
            removed = await asyncio.to_thread(parts.folder.remove_empty, created)
            await parts.records.forget_folders(view, removed)

    def _work(
        self,
        gone: list[Record],
        planned: Planned,
        known: Mapping[tuple[str, str], Record],
    ) -> list[Record]:
        """Remove and create files. Return the records that are new or have changed.

        Files whose record has not changed are compared too: another file with the same content
        can be in the place of the stored file, and the archive can have moved.
        """
        for record in gone:
            is_removed = self._parts.folder.remove(record)
            self._counts["removed" if is_removed else "foreign"] += 1
        made, lost = [], []
        for place, (record, entry) in planned.items():
            old = known.get(place)
            try:
                facts, is_new = self._parts.folder.put(record, entry.content, old)
            except FileGone:
                lost.append(record.source)
                continue
            if facts is None:
                if len(self._blocked) < _SHOWN and record.path not in self._blocked:
                    self._blocked.append(record.path)
                continue
            was_there = old is not None and old.facts is not None
            self._counts[("replaced" if was_there else "created") if is_new else "unchanged"] += 1
            now = record._replace(facts=facts)
            made += [now] if now != old else []
        if lost:
            log.warning("view {}: {} stored files are missing, as {}; run `ytarchive verify`",
                        self._parts.name, len(lost), lost[0])  # fmt: skip
        return made


def in_parts(values: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """Yield a sequence in parts."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
