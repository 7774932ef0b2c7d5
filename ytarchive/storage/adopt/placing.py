"""Places the files of an examined copy in staging, and removes moved files. Blocks."""

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ytarchive.common.archived_files import TRANSFER, ArchivedFile, Role, Transferred
from ytarchive.common.disk import os_errors, sync
from ytarchive.common.errors import Cancelled, CannotLink
from ytarchive.common.file_names import file_name
from ytarchive.common.filesystem import exists
from ytarchive.common.json_text import json_bytes, stored_json
from ytarchive.common.models import from_micros
from ytarchive.common.regular import open_regular, read_regular
from ytarchive.media import without_secrets
from ytarchive.storage.adopt.examining import ExaminedCopy
from ytarchive.storage.adopt.models import AdoptMethod
from ytarchive.storage.adopt.naming import INFO
from ytarchive.storage.adopt.recognisers import FoundFile
from ytarchive.storage.store.layout import Layout, parsed

_CHUNK = 2**20
_WATCH_URL = "https://www.youtube.com/watch?v={}"


class Placer:
    """Links or copies files of the folder `root` to the staging folder."""

    def __init__(
        self, root: Path, layout: Layout, method: AdoptMethod, is_stopped: Callable[[], bool]
    ) -> None:
        self._root = root
        self._staging = adoption_folder(layout)
        same_disk = root.stat().st_dev == layout.base.stat().st_dev
        self._moves = method is AdoptMethod.MOVE
        self.copies = method is AdoptMethod.COPY or (self._moves and not same_disk)
        """Whether files are copied, which needs space; otherwise they are linked."""
        self._is_stopped = is_stopped

    def path(self, file: FoundFile) -> Path:
        """Return the absolute path of a file."""
        return self._root / file_name(file.path)

    def place(self, copy: ExaminedCopy, video_id: str) -> dict[str, str]:
        """Place all files of a copy in an empty folder of staging.

        Return the digests of the copied files by name. Raises CannotLink, Cancelled or a
        LocalError.
        """
        folder = self._staging / video_id
        with os_errors(folder):
            shutil.rmtree(folder, ignore_errors=True)
            (folder / "captions").mkdir(parents=True)
        digests: dict[str, str] = {}
        for file, archived in archived_files(copy, video_id):
            target = folder / archived.name
            if archived.role is Role.INFO:
                with os_errors(target):
                    target.write_bytes(stored_info(self.path(file)))
            elif not self._linked(self.path(file), target):
                digests[archived.name] = self._copy(self.path(file), target)
        with os_errors(folder):
            with suppress(OSError):
                (folder / "captions").rmdir()  # unless it has captions
            (folder / TRANSFER).write_bytes(json_bytes(self._transferred(copy, video_id)))
        return digests

    def _linked(self, source: Path, target: Path) -> bool:
        """Link a file, unless files are copied. Raises CannotLink if only a link was wanted."""
        if self.copies:
            return False
        try:
            _link(source, target)
        except CannotLink:
            if not self._moves:
                raise
            self.copies = True  # as on exFAT, or if another disk is mounted in the folder
            return False
        return True

    def _copy(self, source: Path, target: Path) -> str:
        """Copy a file, and return the digest of the bytes that were read."""
        digest = hashlib.sha256()
        with os_errors(source), open_regular(source) as file, target.open("xb") as copied:
            while part := file.read(_CHUNK):
                digest.update(part)
                copied.write(part)
                if self._is_stopped():
                    raise Cancelled("the adoption was stopped")
            times = os.fstat(file.fileno())
            copied.flush()
            os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
        return digest.hexdigest()

    def _transferred(self, copy: ExaminedCopy, video_id: str) -> Transferred:
        """Return what is known of the download of a copy."""
        changed = self.path(copy.media).stat().st_mtime_ns
        version = copy.info.get("_version")
        known = version.get("version") if isinstance(version, dict) else None
        formats = copy.info.get("format_id")
        fetched_at = from_micros(max(changed, 0) // 1000)
        return Transferred(
            source_url=_WATCH_URL.format(video_id),
            fetched_at=copy.metadata.fetched_at if copy.metadata else fetched_at,
            format_ids=formats if isinstance(formats, str) else None,
            yt_dlp_version=known if isinstance(known, str) else "unknown",
            files=[archived for _, archived in archived_files(copy, video_id)],
        )

    def is_same(self, file: FoundFile, stored: Path | None, sha256: str | None) -> bool:
        """Return whether a stored file has the content of a file, or the file was removed."""
        path = self.path(file)
        with os_errors(path):
            try:
                if stored is not None and exists(stored) and path.samefile(stored):
                    return True
                if f".{file.rest}" == INFO:
                    return hashlib.sha256(stored_info(path)).hexdigest() == sha256
                with open_regular(path) as opened:
                    return hashlib.file_digest(opened, "sha256").hexdigest() == sha256
            except FileNotFoundError:
                return sha256 is not None

    def remove(self, file: FoundFile) -> None:
        """Remove a file of the folder, whose content is stored."""
        path = self.path(file)
        with os_errors(path):
            path.unlink(missing_ok=True)
            sync(path.parent)


def adoption_folder(layout: Layout) -> Path:
    """Return the folder of staging where files of adoptions are placed."""
    return layout.staging / "adopt"


def archived_files(copy: ExaminedCopy, video_id: str) -> list[tuple[FoundFile, ArchivedFile]]:
    """Return the files of a copy with their names in the archive, the media first."""
    suffix = Path(copy.media.path).suffix.lower()
    return [(copy.media, parsed(f"{video_id}{suffix}")), *copy.side_files]


def stored_info(path: Path) -> bytes:
    """Return the content of an `info.json` as it is stored, without secrets."""
    return json_bytes(without_secrets(stored_json(read_regular(path))))


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except FileNotFoundError:
        with os_errors(source):
            raise
    except OSError as error:
        raise CannotLink(f"{source} cannot be linked into the archive: {error.strerror}") from error
