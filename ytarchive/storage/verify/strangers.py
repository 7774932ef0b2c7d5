"""Looks for foreign files in the videos' folder, outside the folders of registered videos."""

import asyncio
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from ytarchive.common import filesystem
from ytarchive.common.disk import os_errors
from ytarchive.common.file_names import file_name, stored_name
from ytarchive.storage.library.discovery import listed
from ytarchive.storage.store.layout import VIDEO_ID, Layout
from ytarchive.storage.verify.checks import Checker, foreign
from ytarchive.storage.verify.findings import Findings
from ytarchive.storage.verify.models import FindingKind

_NAMES_AT_ONCE = 1000


class Strangers:
    """Records foreign files as findings, and lists them."""

    def __init__(self, findings: Findings, layout: Layout, checker: Checker) -> None:
        self._findings = findings
        self._layout = layout
        self._checker = checker

    async def look(self) -> None:
        """Record every foreign file. Raises FileFailure if the folder cannot be read."""
        parent = self._layout.relative(self._layout.videos)
        for names in _chunks(await asyncio.to_thread(_entries, self._layout.videos)):
            ids = [name for name in names if VIDEO_ID.fullmatch(name)]
            known = await self._findings.folders_known(parent, ids)
            for name in names:
                path = f"{parent}/{name}"
                if name not in known and self._checker.reports(path, parent):
                    await self._record(name, path, parent)

    async def recheck(self, paths: list[str]) -> None:
        """Delete findings of files that no longer exist, are registered or are not reported."""
        parent = self._layout.relative(self._layout.videos)
        gone = await asyncio.to_thread(_without_file, self._layout.base, paths)
        silent = {path for path in paths if not self._checker.reports(path, parent)}
        registered = await self._findings.paths_known(paths)
        await self._findings.settle({*gone, *silent, *registered})

    async def found(self) -> list[str]:
        """Return the paths of all recorded foreign files."""
        found: list[str] = []
        cursor: bytes | None = b""
        while cursor is not None:
            known, cursor = await self._findings.untreated(cursor)
            found += [each.path for each in known if each.kind is FindingKind.FOREIGN]
        return found

    async def _record(self, name: str, path: str, parent: str) -> None:
        video_id = name if VIDEO_ID.fullmatch(name) else ""
        paths = await asyncio.to_thread(_below, self._layout.base, path)
        for some in _chunks(paths):
            strangers = [
                foreign(video_id, each) for each in some if self._checker.reports(each, parent)
            ]
            known = await self._findings.paths_known([each.path for each in strangers])
            await self._findings.record(each for each in strangers if each.path not in known)


def _entries(folder: Path) -> list[str]:
    with os_errors(folder), os.scandir(folder) as entries:
        return sorted(stored_name(entry.name) for entry in entries)


def _without_file(base: Path, paths: list[str]) -> list[str]:
    return [path for path in paths if not os.path.lexists(base / file_name(path))]


def _below(base: Path, path: str) -> list[str]:
    """Return the files below a path, or the path itself if it is not a folder."""
    place = base / file_name(path)
    if filesystem.is_link(place) or not filesystem.is_folder(place):
        return [path]
    return listed(base, path)


def _chunks(names: list[str]) -> Iterator[tuple[str, ...]]:
    taken = iter(names)
    while some := tuple(itertools.islice(taken, _NAMES_AT_ONCE)):
        yield some
