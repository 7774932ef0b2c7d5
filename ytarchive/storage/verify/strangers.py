"""Looks for foreign files in the videos' folder, outside the folders of registered videos."""

import itertools
from collections.abc import Iterator

from ytarchive.storage.store.layout import VIDEO_ID, Layout
from ytarchive.storage.store.media_store import FileKind
from ytarchive.storage.verify.checks import Checker, foreign
from ytarchive.storage.verify.findings import Findings
from ytarchive.storage.verify.models import FindingKind

_NAMES_AT_ONCE = 1000


class Strangers:
    """Records foreign files as findings, and lists them."""

    def __init__(self, findings: Findings, layout: Layout, checker: Checker) -> None:
        self._findings = findings
        self._layout = layout
        self._store = checker.store
        self._checker = checker

    async def look(self) -> None:
        """Record every foreign file. Raises FileFailure if the folder cannot be read."""
        parent = self._layout.relative(self._layout.videos)
        listed = self._store.iterate(parent, deep=False)
        entries = [key.removeprefix(f"{parent}/").removesuffix("/") async for key in listed]
        for names in _chunks(sorted(entries)):
            ids = [name for name in names if VIDEO_ID.fullmatch(name)]
            known = await self._findings.folders_known(parent, ids)
            for name in names:
                path = f"{parent}/{name}"
                if name not in known and self._checker.reports(path, parent):
                    await self._record(name, path, parent)

    async def recheck(self, paths: list[str]) -> None:
        """Delete findings of files that no longer exist, are registered or are not reported."""
        parent = self._layout.relative(self._layout.videos)
        states = await self._store.stat(paths)
        gone = [path for path in paths if states[path].kind is FileKind.MISSING]
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
        paths = await self._below(path)
        for some in _chunks(paths):
            strangers = [
                foreign(video_id, each) for each in some if self._checker.reports(each, parent)
            ]
            known = await self._findings.paths_known([each.path for each in strangers])
            await self._findings.record(each for each in strangers if each.path not in known)

    async def _below(self, path: str) -> list[str]:
        """Return the files below a path, or the path itself if it is not a folder."""
        if (await self._store.stat([path]))[path].checked().kind is not FileKind.FOLDER:
            return [path]
        return sorted([key async for key in self._store.iterate(path, lenient=True)])


def _chunks(names: list[str]) -> Iterator[tuple[str, ...]]:
    taken = iter(names)
    while some := tuple(itertools.islice(taken, _NAMES_AT_ONCE)):
        yield some
