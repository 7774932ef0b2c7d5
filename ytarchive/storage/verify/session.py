"""One session of the verification: works on a pass until its end or the time limit."""

import asyncio
import random
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ytarchive.common.database import Row
from ytarchive.common.errors import ArchiveMissing, Cancelled, FileFailure
from ytarchive.storage.store.background import PassState
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.verify.checks import Checked, Checker, FileProblem, RegisteredFile
from ytarchive.storage.verify.finding_handler import FindingHandler
from ytarchive.storage.verify.findings import Findings, damaged_id, id_of
from ytarchive.storage.verify.foreign_search import AcceptedFiles, ForeignFileSearch
from ytarchive.storage.verify.models import FindingKind, VerifyMode, VerifyRequest
from ytarchive.storage.verify.passes import Pass, VerificationPasses

_MAX_MISSING_VIDEOS = 20
_NOT_FILES = frozenset({FindingKind.FOREIGN, FindingKind.UNREADABLE_ROW})


class Sample:
    """Selects an exact percentage of `total` videos by their positions.

    The videos are spread evenly. The seed determines the offset of the first one.
    """

    def __init__(self, total: int, percent: float, seed: str) -> None:
        self._total = max(total, 1)
        self._selected = min(max(round(self._total * percent / 100), 1), self._total)
        self._offset = random.Random(seed).randrange(self._total)  # noqa: S311  # no secret

    def has(self, position: int) -> bool:
        """Return whether the video at a position, from 0, belongs to the sample."""
        reached = position * self._selected + self._offset
        return reached // self._total != (reached + self._selected) // self._total


@dataclass(frozen=True)
class VerificationBatch:
    """Consecutive videos, and the files of those that are to be checked."""

    cursor: int
    videos: int
    """The number of videos with files."""
    files: list[RegisteredFile]


Window = deque[tuple[VerificationBatch, asyncio.Task[Checked]]]


class VerificationSession:
    """Checks batches in parallel, and handles results in order, so the cursor skips no video."""

    def __init__(
        self,
        passes: VerificationPasses,
        findings: Findings,
        layout: Layout,
        handler: FindingHandler,
        progress: Pass,
        request: VerifyRequest,
        threads: int,
    ) -> None:
        self._passes = passes
        self._findings = findings
        self._layout = layout
        self._handler = handler
        self._pass = progress
        self._request = request
        self._ahead = 2 * threads
        self._limit = asyncio.Semaphore(threads)
        self._stop = threading.Event()
        reads = request.mode is VerifyMode.FULL
        self._accepted = AcceptedFiles(layout)
        self._checker = Checker(handler.store, reads_content=reads, stop=self._stop)
        self._foreign_search = ForeignFileSearch(findings, layout, self._checker)
        self._deadline = time.monotonic() + (request.time_limit or float("inf"))
        self._saved = time.monotonic()
        self._unconfirmed: list[FileProblem] | None = []
        self._unconfirmed_videos = 0

    def stop(self) -> None:
        """Make `run` end soon; the next session repeats unfinished batches."""
        self._stop.set()

    async def run(self) -> PassState:
        """Resume the pass. Return its state afterwards.

        Raises FileFailure if nothing could be read, or ArchiveMissing.
        """
        try:
            self._checker.accepted.update(await asyncio.to_thread(self._accepted.paths))
            await self._look_at_known()
            if self._request.known_only or await self._check_everything():
                return PassState.COMPLETE
        except Cancelled:
            await self._save()
        except ArchiveMissing:
            await self._save()
            raise
        finally:
            self.stop()
            await self._accept_foreign()
        return PassState.STOPPED

    async def _check_everything(self) -> bool:
        """Check all files of the pass. Return whether the pass reached its end.

        Raises FileFailure if the pass ended but no file could be read.
        """
        is_complete = await self._check_registered()
        await self._save()
        if not is_complete:
            return False
        if self._pass.sample_percent == 100 and not self._request.known_only:
            await self._findings.record(await self._findings.broken_relations())
        await self._foreign_search.look()
        if self._pass.videos_total and not self._pass.files_checked:
            raise FileFailure(
                f"no file could be read of {self._pass.videos_total} registered videos: check that "
                f"the archive's disk is mounted at {self._layout.base}, or run `ytarchive rebuild`"
            )
        return True

    async def _accept_foreign(self) -> None:
        if self._request.accept_foreign:
            await self._findings.watch.require()
            found = await self._foreign_search.found()
            await asyncio.to_thread(self._accepted.add, found)
            await self._findings.remove_findings(found)

    @property
    def _is_over(self) -> bool:
        return self._stop.is_set() or time.monotonic() >= self._deadline

    async def _look_at_known(self) -> None:
        """Check earlier findings again, reading content in any mode: files may be intact again."""
        checker = replace(self._checker, reads_content=True)
        cursor: bytes | None = b""
        while cursor is not None:
            known, cursor = await self._findings.unhandled(cursor)
            foreign_paths = [each.path for each in known if each.kind is FindingKind.FOREIGN]
            await self._foreign_search.recheck(foreign_paths)
            await self._confirm((each for each in known if each.kind not in _NOT_FILES), checker)

    async def _check_registered(self) -> bool:
        """Check registered files from the cursor on. Return whether the end was reached."""
        window: Window = deque()
        try:
            async for batch in self._batches():
                if self._is_over and (window or self._stop.is_set()):
                    break  # check at least one batch, or short sessions would make no progress
                window.append((batch, asyncio.create_task(self._check(batch))))
                if len(window) >= self._ahead:
                    await self._settle(*window.popleft())
            # Finish the first batch, so that even a short session makes progress.
            finished = not self._is_over
            first = window[0][1] if window else None
            while window and (finished or window[0][1] is first or window[0][1].done()):
                await self._settle(*window.popleft())
        finally:
            left = [checking for _, checking in window]
            for checking in left:
                checking.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        unconfirmed, self._unconfirmed = self._unconfirmed or [], None
        await self._confirm(unconfirmed, self._checker)
        return finished

    async def _check(self, batch: VerificationBatch) -> Checked:
        async with self._limit:
            return await self._checker.check(batch.files)

    async def _batches(self) -> AsyncIterator[VerificationBatch]:
        sample = Sample(self._pass.videos_total, self._pass.sample_percent, self._pass.seed)
        position, cursor = await self._passes.covered_videos(self._pass), self._pass.video_cursor
        while rows := await self._findings.videos_after(cursor):
            wanted = [row for at, row in enumerate(rows, position) if sample.has(at)]
            files = await self._files_of(wanted)
            for batch in packed([(row["number"], id_of(row)) for row in rows], files):
                yield batch
            position, cursor = position + len(rows), rows[-1]["number"]

    async def _files_of(self, rows: Sequence[Row]) -> dict[str, list[RegisteredFile]]:
        """Return the files of videos. Record unreadable rows as findings."""
        ids = [id_of(row) for row in rows]
        files, damaged = await self._findings.files_and_damage([each for each in ids if each])
        damaged += [damaged_id(row) for row, each in zip(rows, ids, strict=True) if each is None]
        if damaged:
            await self._findings.record(damaged)
        return files

    async def _settle(self, batch: VerificationBatch, checking: asyncio.Task[Checked]) -> None:
        checked = await checking
        await self._findings.watch.require()  # else files of a missing disk would count as lost
        await self._confirm(self._plausible_problems(batch, checked.problems), self._checker)
        self._pass = self._pass.advanced(batch.cursor, batch.videos, checked.files, checked.bytes)
        if time.monotonic() - self._saved > 1.0:
            await self._save()

    async def _save(self) -> None:
        """Record the progress, unless problems before the cursor are not yet recorded."""
        if not self._unconfirmed:
            self._saved = time.monotonic()
            await self._passes.save_progress(self._pass)

    def _plausible_problems(
        self, batch: VerificationBatch, problems: list[FileProblem]
    ) -> list[FileProblem]:
        """Return the problems to handle: none until one file exists, as the disk may be unmounted.

        Raises FileFailure if too many videos are missing completely.
        """
        if self._unconfirmed is None:
            return problems
        missing = sum(problem.kind is FindingKind.MISSING for problem in problems)
        self._unconfirmed.extend(problems)
        if missing < len(batch.files):
            confirmed, self._unconfirmed = self._unconfirmed, None
            return confirmed
        self._unconfirmed_videos += len({file.video_id for file in batch.files})
        if self._unconfirmed_videos >= _MAX_MISSING_VIDEOS:
            message = f"none of {self._unconfirmed_videos} videos is in {self._layout.base}"
            raise FileFailure(f"{message}: is the archive's disk mounted?")
        return []

    async def _confirm(self, problems: Iterable[FileProblem], checker: Checker) -> None:
        by_video: dict[str, set[str]] = {}
        for problem in problems:
            by_video.setdefault(problem.video_id, set()).add(problem.path)
        for video_id, paths in by_video.items():
            await self._handler.confirm(video_id, paths, checker)


def packed(
    videos: Sequence[tuple[int, str | None]], files: Mapping[str, list[RegisteredFile]]
) -> Iterator[VerificationBatch]:
    """Group whole videos into batches of a limited number of files and bytes.

    `videos`: number and id of each; the id is None if it is damaged.
    """
    count, together, size = 0, list[RegisteredFile](), 0
    for number, video_id in videos:
        own = files.get(video_id, []) if video_id else []
        count += bool(own)
        together += own
        size += sum(file.size_bytes for file in own)
        if size >= 32 * 2**20 or len(together) >= 100:
            yield VerificationBatch(number, count, together)
            count, together, size = 0, [], 0
    if videos:
        yield VerificationBatch(videos[-1][0], count, together)
