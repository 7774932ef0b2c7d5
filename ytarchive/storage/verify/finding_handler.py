"""Handles problems of files: checks again, records, and on request quarantines or repairs."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from loguru import logger

from ytarchive.common.archived_files import Role
from ytarchive.common.file_names import file_name, shown_name
from ytarchive.storage.bins.bins import Bins, new_item
from ytarchive.storage.bins.models import BinName, Reason, TrashedFile
from ytarchive.storage.library.discovery import quality_of
from ytarchive.storage.library.repository import Library
from ytarchive.storage.store.checksums import checksum_lines
from ytarchive.storage.store.file_sets import StoredFile, written_file
from ytarchive.storage.store.layout import CHECKSUMS
from ytarchive.storage.store.media_store import FileKind, MediaStore
from ytarchive.storage.verify.checks import Checker, FileProblem, RegisteredFile, video_folder
from ytarchive.storage.verify.findings import Copy, Findings
from ytarchive.storage.verify.models import FindingKind, VerifyRequest

log = logger.bind(service="storage")

_TAKEN_OUT = frozenset({FindingKind.DAMAGED, FindingKind.TRUNCATED, FindingKind.MISSING})


class FindingHandler:
    """Confirms problems while holding the video's lock, so that no running change is reported."""

    def __init__(
        self,
        findings: Findings,
        library: Library,
        lock: Callable[[str], asyncio.Lock],
        bins: Bins,
        forget_if_removed: Callable[[str], Awaitable[bool]],
        request: VerifyRequest,
    ) -> None:
        self._findings = findings
        self._library = library
        self.store = bins.store
        self._lock = lock
        self._bins = bins
        self._forget_if_removed = forget_if_removed
        self._request = request

    async def confirm(self, video_id: str, paths: Collection[str], checker: Checker) -> None:
        """Check files of a video again, and record their problems."""
        async with self._lock(video_id):
            if await self._library.move_of(video_id) is not None:
                log.info("{}: not verified, its move is not finished", video_id)
                return
            if await self._forget_if_removed(video_id):
                return
            files, _ = await self._findings.files_and_damage([video_id])
            registered = files.get(video_id, [])
            problems = await _check_again(checker, registered, paths)
            wrong = {problem.path for problem in problems}
            await self._findings.remove_findings(path for path in paths if path not in wrong)
            for problem in problems:
                await self._handle(problem, registered, checker)

    async def _handle(
        self, problem: FileProblem, registered: Sequence[RegisteredFile], checker: Checker
    ) -> None:
        shown = shown_name(file_name(problem.path))
        log.warning("{}: {}: {}", shown, problem.kind, problem.detail)
        copy = None
        if self._is_taken_out(problem):
            reading = replace(checker, reads_content=True)
            copy = await _intact_copy(problem, registered, reading)
        file = next((file for file in registered if file.path == problem.path), None)
        if file is None or not self._may_leave(problem, file, copy):
            await self._findings.record([problem])
            return
        moved: str | None = None
        if problem.kind is not FindingKind.MISSING:
            moved = await self._quarantined(problem, file)
            log.warning("{}: moved to {}", shown, moved)
        await self._findings.remove_file(problem, moved, copy)
        await self._restore_checksums(problem, registered)

    def _is_taken_out(self, problem: FileProblem) -> bool:
        wanted = self._request.quarantine or self._request.repair
        return wanted and problem.kind in _TAKEN_OUT

    def _may_leave(self, problem: FileProblem, file: RegisteredFile, copy: Copy | None) -> bool:
        """Return whether to take out a damaged file; a repair requires a replacement."""
        has_replacement = copy is not None or file.role == Role.CHECKSUMS
        return self._is_taken_out(problem) and (self._request.quarantine or has_replacement)

    async def _quarantined(self, problem: FileProblem, file: RegisteredFile) -> str:
        """Move a file to the quarantine. Return its path there, relative to the archive."""
        state = (await self.store.stat([problem.path]))[problem.path].checked()
        moved = TrashedFile(path=problem.path, size_bytes=state.size or 0, sha256=file.sha256.hex())
        folder = video_folder(problem.path, problem.video_id) or problem.path.rpartition("/")[0]
        item = new_item(
            BinName.QUARANTINE, Reason.DAMAGED, folder, [moved], problem.video_id, problem.detail
        )
        await self._bins.put(item)
        return f"{self._bins.root(item)}/{problem.path}"

    async def _restore_checksums(
        self, problem: FileProblem, registered: Sequence[RegisteredFile]
    ) -> None:
        """Write a removed list of digests again, from the digests in the library."""
        role = next(file.role for file in registered if file.path == problem.path)
        folder = video_folder(problem.path, problem.video_id)
        if role != Role.CHECKSUMS or folder is None:
            return
        if (await self.store.stat([folder]))[folder].checked().kind is not FileKind.FOLDER:
            return
        written = await write_checksums(self.store, folder, registered)
        await self._findings.register_checksums(problem.video_id, problem.path, written)
        log.info("{}: written again", problem.path)


async def _intact_copy(
    problem: FileProblem, registered: Sequence[RegisteredFile], checker: Checker
) -> Copy | None:
    """Return an intact copy of a damaged media file, if the video was stored twice."""
    media = [file for file in registered if file.role == Role.MEDIA]
    if problem.path not in {file.path for file in media}:
        return None
    for file in media:
        if file.path != problem.path and not await checker.check_files([file]):
            info = str(PurePosixPath(file.path).with_suffix(".info.json"))
            return Copy(file.path, await quality_of(checker.store, info))
    return None


async def _check_again(
    checker: Checker, registered: Sequence[RegisteredFile], paths: Collection[str]
) -> list[FileProblem]:
    suspects = [file for file in registered if file.path in paths]
    foreign = await checker.foreign(registered)
    unregistered = [problem for problem in foreign if problem.path in paths]
    return [*await checker.check_files(suspects), *unregistered]


async def write_checksums(
    store: MediaStore, folder: str, registered: Iterable[RegisteredFile]
) -> StoredFile:
    """Rewrite a folder's list of digests. `registered`: the video's files."""
    digests = {
        file.path.removeprefix(f"{folder}/"): file.sha256.hex()
        for file in registered
        if file.path.startswith(f"{folder}/") and file.path != f"{folder}/{CHECKSUMS}"
    }
    content = checksum_lines(digests)
    await store.write(f"{folder}/{CHECKSUMS}", content)
    return written_file(CHECKSUMS, content)
