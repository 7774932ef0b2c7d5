"""What becomes of files that look wrong: looked at again, told, and if wanted taken out."""

import asyncio
from collections.abc import Callable, Collection, Sequence

from loguru import logger

from ytarchive.common.models import utc_now
from ytarchive.storage import quarantine
from ytarchive.storage.checks import Checker, RegisteredFile, Trouble, video_folder
from ytarchive.storage.findings import Findings
from ytarchive.storage.layout import Layout, Role
from ytarchive.storage.repository import Library
from ytarchive.storage.verify_models import FindingKind

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
                await self._treat(trouble, registered)

    async def _treat(self, trouble: Trouble, registered: Sequence[RegisteredFile]) -> None:
        log.warning("{}: {}: {}", trouble.path, trouble.kind, trouble.detail)
        if not self._takes_out or trouble.kind not in _TAKEN_OUT:
            await self._findings.record([trouble])
            return
        moved: str | None = None
        if trouble.kind is not FindingKind.MISSING:
            moved = await asyncio.to_thread(
                quarantine.move_away, self._layout, trouble.path, utc_now()
            )
            log.warning("{}: moved to {}", trouble.path, moved)
        await self._findings.take_out(trouble, moved)
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


def _look_again(
    checker: Checker, registered: Sequence[RegisteredFile], paths: Collection[str]
) -> list[Trouble]:
    suspects = [file for file in registered if file.path in paths]
    strangers = [trouble for trouble in checker.foreign(registered) if trouble.path in paths]
    return [*checker.check_files(suspects), *strangers]
