"""Foreign files in the videos' folder: those that the user has accepted, and all others."""

import itertools
import json
from collections.abc import Iterable, Iterator

from loguru import logger

from ytarchive.common.file_names import file_name, stored_name
from ytarchive.common.json_text import json_bytes
from ytarchive.common.regular import read_regular
from ytarchive.common.rows import UNREADABLE
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import VIDEO_ID, Layout
from ytarchive.storage.store.media_store import FileKind
from ytarchive.storage.verify.checks import Checker, foreign
from ytarchive.storage.verify.findings import Findings
from ytarchive.storage.verify.models import FindingKind

log = logger.bind(service="storage")


class AcceptedFiles:
    """Foreign files that the user has accepted, which are no longer reported.

    They are recorded in `metadata/accepted_files.json`, so that they stay accepted after `rebuild`.
    Everything here blocks.
    """

    def __init__(self, layout: Layout) -> None:
        self._path = layout.metadata / "accepted_files.json"
        self._scratch = layout.scratch

    def paths(self) -> frozenset[str]:
        """Return the accepted paths, relative to the archive, as stored in databases."""
        try:
            recorded = json.loads(read_regular(self._path))
            return frozenset(stored_name(path) for path in recorded["paths"])
        except FileNotFoundError:
            return frozenset()
        except (OSError, *UNREADABLE, RecursionError) as error:
            log.warning("{}: no foreign file counts as accepted: {}", self._path, error)
            return frozenset()

    def add(self, paths: Iterable[str]) -> frozenset[str]:
        """Accept further files; return all accepted paths. Raises DiskFull or NotWritable."""
        accepted = self.paths() | frozenset(paths)
        content = {"version": 1, "paths": sorted(map(file_name, accepted))}
        files.write_atomically(self._path, json_bytes(content, indent=2), self._scratch)
        return accepted


class ForeignFileSearch:
    """Records foreign files outside the folders of registered videos as findings; lists them."""

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
        unreported = {path for path in paths if not self._checker.reports(path, parent)}
        registered = await self._findings.paths_known(paths)
        await self._findings.remove_findings({*gone, *unreported, *registered})

    async def found(self) -> list[str]:
        """Return the paths of all recorded foreign files."""
        found: list[str] = []
        cursor: bytes | None = b""
        while cursor is not None:
            known, cursor = await self._findings.unhandled(cursor)
            found += [each.path for each in known if each.kind is FindingKind.FOREIGN]
        return found

    async def _record(self, name: str, path: str, parent: str) -> None:
        video_id = name if VIDEO_ID.fullmatch(name) else ""
        paths = await self._below(path)
        for some in _chunks(paths):
            unregistered = [
                foreign(video_id, each) for each in some if self._checker.reports(each, parent)
            ]
            known = await self._findings.paths_known([each.path for each in unregistered])
            await self._findings.record(each for each in unregistered if each.path not in known)

    async def _below(self, path: str) -> list[str]:
        """Return the files below a path, or the path itself if it is not a folder."""
        if (await self._store.stat([path]))[path].checked().kind is not FileKind.FOLDER:
            return [path]
        return sorted([key async for key in self._store.iterate(path, lenient=True)])


def _chunks(names: list[str]) -> Iterator[tuple[str, ...]]:
    taken = iter(names)
    while some := tuple(itertools.islice(taken, 1000)):
        yield some
