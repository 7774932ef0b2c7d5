"""Determines which files of a video's folder a download adds, replaces and keeps.

The better media file is stored (`ranking`); no file is overwritten. A replaced file is moved to the
trash, or to the quarantine if it is damaged.

Everything here blocks; callers run it in a thread.
"""

import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import from_json, to_json

from ytarchive.common.disk import os_errors
from ytarchive.common.errors import IntegrityFailure, LocalError
from ytarchive.storage.bins import bins
from ytarchive.storage.bins.models import BinName, Reason, TrashedFile, TrashItem
from ytarchive.storage.intake import ranking
from ytarchive.storage.store import file_sets, files
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.layout import CHECKSUMS, Layout, Role, role_of

_OF_THE_FORMAT = ("ext", "vcodec", "acodec", "width", "height", "fps", "tbr", "vbr", "abr",
                  "dynamic_range", "resolution", "filesize", "filesize_approx")  # fmt: skip
"""Fields of `info.json` that describe only the fetched media."""


@dataclass(frozen=True)
class Present:
    """A file that is in the folder now."""

    name: str
    size_bytes: int
    sha256: str | None
    """None if it cannot be read; empty if it is not a regular file."""
    expected: str | None
    """The registered digest, if known."""

    @property
    def is_damaged(self) -> bool:
        """Return whether the content differs from the registered digest or cannot be read."""
        return not self.sha256 or self.expected not in {None, self.sha256}

    @property
    def is_lost(self) -> bool:
        """Return whether the content was read and differs from the registered digest."""
        return self.is_damaged and self.sha256 is not None


@dataclass(frozen=True)
class StoredCopy:
    """A stored video, as the library knows it, in the target folder of a download."""

    video_id: str
    folder: Path
    known: list[StoredFile]
    quality: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """The future files of the folder, new ones first, and the files that are moved out of it."""

    files: list[StoredFile]
    displaced: list[TrashItem]
    new: int
    """The number of new files."""


class Swap:
    """Prepares a staged download for its target folder; each staged file is hashed once."""

    def __init__(self, layout: Layout, staged: Path, video: StoredCopy) -> None:
        self._layout = layout
        self._staged = staged
        self._video = video
        self._expected = files.read_checksums(video.folder)
        self._expected |= {file.name: file.sha256 for file in video.known}
        self._seen: dict[str, Present] = {}

    @property
    def folder(self) -> Path:
        """Return the folder of the stored copy."""
        return self._video.folder

    def judge(self, quality: str | None, *, replace: bool) -> str | None:
        """Return why the stored media is kept; None if the staged media replaces it.

        `replace`: accept worse media. Raises IntegrityFailure if the download is not finished.
        """
        names = file_sets.finished_set(self._staged, self._video.video_id)
        [media] = _media_in(names)
        fetched = _facts(self._staged / media, names, quality)
        for rival in self._rivals(media):
            stored = self._facts_of(rival)
            accept = replace or rival.is_lost
            reason = ranking.reason_to_keep(stored, fetched, replace=accept)
            if reason is not None:
                return reason
        return None

    def take(self, detail: str) -> Change:
        """Prepare the whole download: digests, `checksums.sha256`, sync.

        `detail` is written to the manifest of the replaced files.
        """
        names = file_sets.finished_set(self._staged, self._video.video_id)
        rivals = [each.name for each in self._rivals(*_media_in(names))]
        return self.prepare(names, [*names, *rivals], detail)

    def take_side_files(self, names: list[str], detail: str) -> Change:
        """Prepare to add the named files next to the media. Raises IntegrityFailure."""
        change = self.prepare(names, names, detail)
        self._require_media(change)
        return change

    def take_back(self, names: list[str], detail: str, originals: Mapping[str, str]) -> Change:
        """Prepare to restore the named files. Restored media replaces other media.

        `originals`: by name, the digests with which they were first stored.
        """
        media = _media_in(names)
        rivals = [each.name for each in self._rivals(media[0])] if media else []
        change = self.prepare(names, [*names, *rivals], detail, originals)
        self._require_media(change)
        return change

    def prepare(
        self,
        names: list[str],
        replaced: Collection[str],
        detail: str,
        originals: Mapping[str, str] | None = None,
    ) -> Change:
        """Prepare to replace files by the named staged files.

        `originals`: by name, the digests with which the staged files were first stored.
        """
        fresh = [_with_original(file, originals) for file in
                 file_sets.describe(self._staged, names)]  # fmt: skip
        digests = {file.name: file.sha256 for file in fresh}
        leaving = [
            each for each in self._present(replaced) if each.sha256 != digests.get(each.name)
        ]
        kept = self._kept({*names, *(each.name for each in leaving)})
        sealed = file_sets.seal(self._staged, self._video.folder, fresh, kept)
        return Change(sealed, self._items(leaving, detail), len(fresh))

    def reduce(self) -> bool:
        """Delete from staging all but missing side files. Return whether any are left.

        A damaged side file counts as missing. The media is always deleted.
        """
        names = file_sets.finished_set(self._staged, self._video.video_id)
        sound = {each.name for each in self._present(names) if not each.is_damaged}
        wanted = [name for name in names if name not in sound and role_of(name) is not Role.MEDIA]
        with os_errors(self._staged):
            if not wanted:
                shutil.rmtree(self._staged)
                return False
            for name in {*names, CHECKSUMS} - set(wanted):
                (self._staged / name).unlink(missing_ok=True)
        for name in wanted:
            if role_of(name) is Role.INFO:
                _forget_format(self._staged / name)
        return True

    def _require_media(self, change: Change) -> None:
        if not any(file.role is Role.MEDIA for file in change.files):
            message = f"the media of {self._video.video_id} does not have its registered size"
            raise IntegrityFailure(f"{message}: nothing is added to it")

    def _rivals(self, media: str) -> list[Present]:
        """Return the media files in the folder, of which at most one may be kept."""
        known = [name for name in self._expected if role_of(name) is Role.MEDIA]
        return self._present(dict.fromkeys([*known, media]))

    def _present(self, names: Iterable[str]) -> list[Present]:
        """Return the named files that exist in the folder; each file is read once."""
        for name in names:
            if name not in self._seen and os.path.lexists(self._video.folder / name):
                self._seen[name] = _present(self._video.folder, name, self._expected.get(name))
        return [self._seen[name] for name in dict.fromkeys(names) if name in self._seen]

    def _kept(self, replaced: Collection[str]) -> list[StoredFile]:
        """Return the files that are kept, as they were registered."""
        folder, known = self._video.folder, {file.name: file for file in self._video.known}
        there = set(files.list_files(folder)) & self._expected.keys() - {*replaced, CHECKSUMS}
        found = [
            known.get(name)
            or StoredFile(
                name=name, size_bytes=files.size(folder / name) or 0, sha256=self._expected[name]
            )
            for name in sorted(there)
        ]
        return file_sets.present(folder, found)

    def _facts_of(self, media: Present) -> ranking.MediaFacts:
        info = self._present([str(Path(media.name).with_suffix(".info.json"))])
        intact = [each.name for each in info if not each.is_damaged]
        return _facts(self._video.folder / media.name, intact, self._video.quality)

    def _items(self, leaving: list[Present], detail: str) -> list[TrashItem]:
        folder = self._layout.relative(self._video.folder)
        damaged = [each for each in leaving if each.is_damaged]
        if _media_in(each.name for each in damaged):  # keeps files that describe it
            damaged = leaving
        intact = [each for each in leaving if each not in damaged]
        return [
            self._described(bins.new_item(name, reason, folder, _trashed(some, folder),
                                          self._video.video_id, detail))
            for name, reason, some in (
                (BinName.TRASH, Reason.REPLACED, intact),
                (BinName.QUARANTINE, Reason.DAMAGED, damaged),
            )
            if some
        ]  # fmt: skip

    def _described(self, item: TrashItem) -> TrashItem:
        """Add the quality and missing files of the video to an item with its media."""
        if not any(role_of(file.path) is Role.MEDIA for file in item.files):
            return item
        known = {"quality": self._video.quality, "missing": list(self._video.missing)}
        return item.model_copy(update=known)


def _present(folder: Path, name: str, expected: str | None) -> Present:
    size = files.size(folder / name) or 0
    return Present(name, size, _digest(folder / name), expected)


def _digest(path: Path) -> str | None:
    try:
        return files.sha256(path) if files.size(path) is not None else ""
    except LocalError:
        return None


def _media_in(names: Iterable[str]) -> list[str]:
    return [name for name in names if role_of(name) is Role.MEDIA]


def _facts(media: Path, names: Collection[str], quality: str | None) -> ranking.MediaFacts:
    info = media.with_suffix(".info.json")
    return ranking.facts_of(media, info if info.name in names else None, quality)


def _with_original(file: StoredFile, originals: Mapping[str, str] | None) -> StoredFile:
    original = (originals or {}).get(file.name)
    if original in {None, file.sha256}:
        return file
    return file.model_copy(update={"original_sha256": original})


def _trashed(some: Iterable[Present], folder: str) -> list[TrashedFile]:
    return [
        TrashedFile(
            path=f"{folder}/{each.name}",
            size_bytes=each.size_bytes,
            sha256=each.expected or each.sha256,
        )
        for each in some
    ]


def _forget_format(info: Path) -> None:
    """Remove the fields of an `info.json` that describe media not stored with it."""
    try:
        found = from_json(info.read_bytes())
    except ValueError:
        return
    if isinstance(found, dict):
        kept = {
            name: value
            for name, value in found.items()
            if name not in _OF_THE_FORMAT and not name.startswith(("format", "requested_"))
        }
        with os_errors(info):
            info.write_bytes(to_json(kept))
