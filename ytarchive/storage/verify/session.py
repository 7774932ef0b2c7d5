"""One session of the verification: goes on with a pass until its end, or until the time is up."""

import asyncio
import itertools
import os
import threading
import time
import zlib
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ytarchive.common.errors import Cancelled, FileFailure
from ytarchive.storage.layout import Layout
from ytarchive.storage.verify.checks import Checker, RegisteredFile, Trouble, foreign, listed
from ytarchive.storage.verify.findings import Findings
from ytarchive.storage.verify.models import FindingKind, VerifyMode, VerifyRequest, VerifyState
from ytarchive.storage.verify.passes import Pass, Passes
from ytarchive.storage.verify.treatment import Treatment

_BATCH_BYTES = 32 * 2**20
_BATCH_FILES = 100
_SAVE_SECONDS = 1.0
_NAMES_AT_ONCE = 1000
_VIDEOS_THAT_CANNOT_ALL_BE_GONE = 20
_NICENESS = 10


@dataclass(frozen=True)
class Batch:
    """Some videos that follow each other, and the files of those that are to be checked."""

    cursor: str
    videos: int
    files: list[RegisteredFile]

    @property
    def size(self) -> int:
        """Bytes of the files, as they were stored."""
        return sum(file.size_bytes for file in self.files)


def _give_way() -> None:
    with suppress(OSError, AttributeError):  # not every system can; it is a courtesy
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


class Session:
    """Checks batches in threads, a few ahead, and settles them in order: the cursor never skips."""

    def __init__(
        self,
        passes: Passes,
        findings: Findings,
        layout: Layout,
        treatment: Treatment,
        progress: Pass,
        request: VerifyRequest,
        threads: int,
    ) -> None:
        self._passes = passes
        self._findings = findings
        self._layout = layout
        self._treatment = treatment
        self._pass = progress
        self._request = request
        self._ahead = 2 * threads
        # These threads give way to everything else on this machine.
        self._pool = ThreadPoolExecutor(threads, "verify", _give_way)
        self._stop = threading.Event()
        reads = request.mode is VerifyMode.FULL
        self._checker = Checker(layout.base, reads_content=reads, stop=self._stop)
        self._deadline = time.monotonic() + (request.time_limit or float("inf"))
        self._saved = time.monotonic()
        self._unsure: list[Trouble] | None = []
        self._unsure_videos = 0

    def stop(self) -> None:
        """Have `run` end soon; what is only half checked is checked again by the next session."""
        self._stop.set()

    async def run(self) -> VerifyState:
        """Go on with the pass; how it stands afterwards. Raises FileFailure if no disk is there."""
        try:
            await self._look_at_known()
            if self._request.known_only:
                return VerifyState.COMPLETE
            is_complete = await self._check_registered()
            await self._save()
            if is_complete:
                await self._look_for_foreign()
                return VerifyState.COMPLETE
        except Cancelled:
            await self._save()
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)
        return VerifyState.STOPPED

    @property
    def _is_over(self) -> bool:
        return self._stop.is_set() or time.monotonic() >= self._deadline

    async def _look_at_known(self) -> None:
        """See what has become of earlier findings, whatever the mode: some may be well again."""
        checker = Checker(self._layout.base, reads_content=True, stop=self._stop)
        cursor = ""
        while known := await self._findings.untreated(cursor):
            strangers = [each.path for each in known if each.kind is FindingKind.FOREIGN]
            gone = await asyncio.to_thread(_without_file, self._layout.base, strangers)
            await self._findings.settle({*gone, *await self._findings.paths_known(strangers)})
            rest = (each for each in known if each.kind is not FindingKind.FOREIGN)
            await self._confirm(rest, checker)
            cursor = known[-1].path

    async def _check_registered(self) -> bool:
        """Check every registered file from the cursor on; whether the end was reached."""
        window: deque[tuple[Batch, Future[list[Trouble]]]] = deque()
        async for batch in self._batches():
            if self._is_over and (window or self._stop.is_set()):
                break  # one batch at least, or the shortest sessions would never get on
            window.append((batch, self._pool.submit(self._checker.check, batch.files)))
            if len(window) >= self._ahead:
                await self._settle(*window.popleft())
        # What has been begun is finished, so that even a short session gets on.
        finished = not self._is_over
        first = window[0][1] if window else None
        begun = itertools.takewhile(
            lambda item: finished or item[1] is first or not item[1].cancel(), window
        )
        for batch, checked in begun:
            await self._settle(batch, checked)
        unsure, self._unsure = self._unsure or [], None
        await self._confirm(unsure, self._checker)
        return finished

    async def _batches(self) -> AsyncIterator[Batch]:
        cursor = self._pass.cursor
        while ids := await self._findings.videos_after(cursor):
            files = await self._findings.files_of([each for each in ids if self._is_wanted(each)])
            for batch in packed(ids, files):
                yield batch
            cursor = ids[-1]

    def _is_wanted(self, video_id: str) -> bool:
        """Whether the sample has this video; each pass draws another one."""
        drawn = zlib.crc32(f"{self._pass.seed}{video_id}".encode()) / 2**32
        return drawn * 100 < self._pass.sample_percent

    async def _settle(self, batch: Batch, checked: Future[list[Trouble]]) -> None:
        troubles = await asyncio.wrap_future(checked)
        await self._confirm(self._believed(batch, troubles), self._checker)
        self._pass = self._pass.advanced(batch.cursor, batch.videos, len(batch.files), batch.size)
        if time.monotonic() - self._saved > _SAVE_SECONDS:
            await self._save()

    async def _save(self) -> None:
        """Keep how far the pass is, unless troubles before the cursor are not told yet."""
        if not self._unsure:
            self._saved = time.monotonic()
            await self._passes.save_progress(self._pass)

    def _believed(self, batch: Batch, troubles: list[Trouble]) -> list[Trouble]:
        """What to act upon: nothing until one file was there, for the disk may not be mounted.

        Raises FileFailure when too many videos are missing entirely.
        """
        if self._unsure is None:
            return troubles
        missing = sum(trouble.kind is FindingKind.MISSING for trouble in troubles)
        self._unsure.extend(troubles)
        if missing < len(batch.files):
            believed, self._unsure = self._unsure, None
            return believed
        self._unsure_videos += len({file.video_id for file in batch.files})
        if self._unsure_videos >= _VIDEOS_THAT_CANNOT_ALL_BE_GONE:
            message = f"none of {self._unsure_videos} videos is in {self._layout.base}"
            raise FileFailure(f"{message}: is the archive's disk mounted?")
        return []

    async def _confirm(self, troubles: Iterable[Trouble], checker: Checker) -> None:
        by_video: dict[str, set[str]] = {}
        for trouble in troubles:
            by_video.setdefault(trouble.video_id, set()).add(trouble.path)
        for video_id, paths in by_video.items():
            await self._treatment.confirm(video_id, paths, checker)

    async def _look_for_foreign(self) -> None:
        """Find what lies in the videos' folder and belongs to no registered video."""
        entries = _entries(self._layout.videos)
        parent = self._layout.relative(self._layout.videos)
        while names := await asyncio.to_thread(_take, entries, _NAMES_AT_ONCE):
            known = await self._findings.folders_known(parent, _tellable(names))
            for name in names:
                if name not in known:
                    await self._record_foreign(name, f"{parent}/{name}")

    async def _record_foreign(self, name: str, path: str) -> None:
        is_folder, paths = await asyncio.to_thread(_below, self._layout.base, path)
        for some in _chunks(paths):
            strangers = [foreign(name if is_folder else "", each) for each in some]
            known = await self._findings.paths_known([each.path for each in strangers])
            await self._findings.record(each for each in strangers if each.path not in known)


def packed(ids: Sequence[str], files: Mapping[str, list[RegisteredFile]]) -> Iterator[Batch]:
    """Whole videos in batches that are neither tiny nor long to check."""
    videos, together, size = 0, list[RegisteredFile](), 0
    for video_id in ids:
        videos += 1
        own = files.get(video_id, [])
        together += own
        size += sum(file.size_bytes for file in own)
        if size >= _BATCH_BYTES or len(together) >= _BATCH_FILES:
            yield Batch(video_id, videos, together)
            videos, together, size = 0, [], 0
    if videos:
        yield Batch(ids[-1], videos, together)


def _without_file(base: Path, paths: Iterable[str]) -> list[str]:
    return [path for path in paths if not os.path.lexists(base / path)]


def _below(base: Path, path: str) -> tuple[bool, list[str]]:
    """Whether a path is a folder, and the files there."""
    if (base / path).is_symlink() or not (base / path).is_dir():
        return False, [path]
    return True, listed(base, path)


def _entries(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        yield from (entry.name for entry in entries)


def _take(names: Iterator[str], count: int) -> list[str]:
    return list(itertools.islice(names, count))


def _chunks(paths: list[str]) -> Iterator[list[str]]:
    return (paths[at : at + _NAMES_AT_ONCE] for at in range(0, len(paths), _NAMES_AT_ONCE))


def _tellable(names: Iterable[str]) -> list[str]:
    """Names that are text; a file's name may be any bytes."""
    return [name for name in names if name.isprintable()]
