"""What becomes of files that look wrong: looked at again, told, and if wanted taken out."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from loguru import logger

from ytarchive.common.file_names import file_name, shown_name
from ytarchive.common.models import utc_now
from ytarchive.storage.discovery import quality_of
from ytarchive.storage.layout import Layout, Role
from ytarchive.storage.repository import Library
from ytarchive.storage.verify import quarantine
from ytarchive.storage.verify.checks import Checker, RegisteredFile, Trouble, video_folder
from ytarchive.storage.verify.findings import Copy, Findings
from ytarchive.storage.verify.models import FindingKind

log = logger.bind(service="storage")

_TAKEN_OUT = frozenset({FindingKind.DAMAGED, FindingKind.TRUNCATED, FindingKind.MISSING})


class Treatment:
    """Confirms troubles. A video is looked at while nobody can store it, so none is imagined."""

    def __init__(
        self,
        findings: Findings,
        library: Library,
        layout: Layout,
        lock: Callable[[str], asyncio.Lock],
        *,
        quarantine: bool,
    ) -> None:
        self._findings = findings
        self._library = library
        self._layout = layout
        self._lock = lock
        self._takes_out = quarantine

    async def confirm(self, video_id: str, paths: Collection[str], checker: Checker) -> None:
        """Look again at files of a video, and keep what is wrong with them."""
        async with self._lock(video_id):
            if await self._library.move_of(video_id) is not None:
                log.info("{}: not verified, its move is not finished", video_id)
                return
            registered = (await self._findings.files_of([video_id])).get(video_id, [])
            troubles = await asyncio.to_thread(_look_again, checker, registered, paths)
            wrong = {trouble.path for trouble in troubles}
            await self._findings.settle(path for path in paths if path not in wrong)
            for trouble in troubles:
                await self._treat(trouble, registered, checker)

    async def _treat(
        self, trouble: Trouble, registered: Sequence[RegisteredFile], checker: Checker
    ) -> None:
        shown = shown_name(file_name(trouble.path))
        log.warning("{}: {}: {}", shown, trouble.kind, trouble.detail)
        if not self._takes_out or trouble.kind not in _TAKEN_OUT:
            await self._findings.record([trouble])
            return
        copy = await asyncio.to_thread(
            _intact_copy, trouble, registered, replace(checker, reads_content=True)
        )
        moved: str | None = None
        if trouble.kind is not FindingKind.MISSING:
            moved = await asyncio.to_thread(
                quarantine.move_away, self._layout, trouble.path, utc_now()
            )
            log.warning("{}: moved to {}", trouble.path, moved)
        await self._findings.take_out(trouble, moved, copy)
        await self._restore_checksums(trouble, registered)

    async def _restore_checksums(
        self, trouble: Trouble, registered: Sequence[RegisteredFile]
    ) -> None:
        """A lost list of digests is written again: the library knows them all."""
        role = next(file.role for file in registered if file.path == trouble.path)
        folder = video_folder(trouble.path, trouble.video_id)
        if role != Role.CHECKSUMS or folder is None:
            return
        if not self._layout.absolute(folder).is_dir():
            return
        written = await asyncio.to_thread(
            quarantine.write_checksums, self._layout, folder, registered
        )
        await self._findings.register_checksums(trouble.video_id, trouble.path, written)
        log.info("{}: written anew", trouble.path)


def _intact_copy(
    trouble: Trouble, registered: Sequence[RegisteredFile], checker: Checker
) -> Copy | None:
    """What a damaged media file can be replaced by: the video may have been stored twice."""
    media = [file for file in registered if file.role == Role.MEDIA]
    if trouble.path not in {file.path for file in media}:
        return None
    for file in media:
        if file.path != trouble.path and not checker.check_files([file]):
            info = (checker.base / file.path).with_suffix(".info.json")
            return Copy(file.path, quality_of(info))
    return None


def _look_again(
    checker: Checker, registered: Sequence[RegisteredFile], paths: Collection[str]
) -> list[Trouble]:
    suspects = [file for file in registered if file.path in paths]
    strangers = [trouble for trouble in checker.foreign(registered) if trouble.path in paths]
    return [*checker.check_files(suspects), *strangers]
