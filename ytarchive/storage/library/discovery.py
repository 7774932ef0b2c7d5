"""Finds videos by their files alone: folders named after an id, with a list of digests."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from ytarchive.common.archived_files import Role
from ytarchive.common.disk import os_errors
from ytarchive.common.errors import IntegrityFailure, LocalError, YTArchiveError
from ytarchive.common.file_names import file_name, shown_name
from ytarchive.common.json_text import stored_json
from ytarchive.common.models import to_micros
from ytarchive.common.paths import VIEW_MARKER
from ytarchive.media import ffmpeg_path, quality_label, require_playable
from ytarchive.storage.library.records import FileSet
from ytarchive.storage.store import file_sets, files
from ytarchive.storage.store.checksums import parsed_checksums
from ytarchive.storage.store.file_sets import Registration, StoredFile
from ytarchive.storage.store.known_files import is_known_foreign
from ytarchive.storage.store.layout import CHECKSUMS, VIDEO_ID, FileTypes, Layout
from ytarchive.storage.store.manifest import Facts, manifest_in, types_in
from ytarchive.storage.store.media_store import FileKind, FileState, MediaStore
from ytarchive.storage.store.store_folder import StoreFolder, local_file

_MAX_TIME = to_micros(datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True)
class FoundFiles:
    """A video that was found, when it was stored (microseconds), and its problems."""

    stored: FileSet
    media: str | None
    moment: int
    problems: list[str]


async def video_folders(
    layout: Layout, store: MediaStore, note: Callable[[str], None]
) -> AsyncIterator[str]:
    """Iterate over the prefixes that may be of a video; `note` reports those not searched.

    Raises a LocalError if the folder of all videos cannot be read.
    """
    videos, own = layout.relative(layout.videos), layout.own_prefixes
    pending = ["."]
    while pending:
        folder = pending.pop()
        try:
            async for key in _folders_in(folder, store, note):
                if VIDEO_ID.fullmatch(_name(key)) and await _is_video(key, store, videos):
                    yield key
                elif key not in own and not await _is_view(key, store):
                    pending.append(key)
        except LocalError as error:  # such as `lost+found`, if the archive is a whole disk
            if folder == "." or f"{videos}/".startswith(f"{folder}/"):
                raise
            note(error.message)


async def _folders_in(
    folder: str, store: MediaStore, note: Callable[[str], None]
) -> AsyncIterator[str]:
    others: list[str] = []
    async for key in store.iterate(folder, deep=False):
        if is_known_foreign(_name(key)):
            continue
        if key.endswith("/"):
            yield key.removesuffix("/")
        else:
            others.append(key)
    for key, state in (await store.stat(others)).items():
        if state.kind is FileKind.FOLDER_LINK:
            note(f"{shown_name(file_name(key))}: a link to a folder; links are not followed")


def documents(folder: Path, suffix: str = ".json") -> Iterator[Path]:
    """Iterate over the JSON files of a folder: there may be a million. Raises a LocalError."""
    with os_errors(folder):
        if folder.is_dir():
            names = (path for path in folder.iterdir() if path.suffix == suffix)
            yield from (path for path in names if not is_known_foreign(path.name))


def has_documents(layout: Layout) -> bool:
    """Return whether the archive has metadata, playlists, work plans or marks."""
    return any(True for folder in layout.described for _ in documents(folder))


async def _is_video(folder: str, store: MediaStore, videos: str) -> bool:
    if str(PurePosixPath(folder).parent) == videos:
        return True
    key = f"{folder}/{CHECKSUMS}"
    state = (await store.stat([key]))[key]
    # If it is unknown, the folder's examination reports why it cannot be read.
    return state.kind in {FileKind.FILE, FileKind.LINK, FileKind.UNKNOWN}


async def _is_view(folder: str, store: MediaStore) -> bool:
    key = f"{folder}/{VIEW_MARKER}"
    return (await store.stat([key]))[key].is_file


async def examine(store: MediaStore, prefix: str, scratch: Path) -> FoundFiles:
    """Return the files of a video's folder, present or missing, by its list of digests.

    Without such a list, the files themselves count. `scratch`: for temporary copies. Raises a
    LocalError if the folder is not a video or cannot be read.
    """
    folder, video_id = StoreFolder(store, prefix), _name(prefix)
    names = await folder.names(lenient=True)
    checksum_list = await folder.checksum_list()
    recorded = parsed_checksums(checksum_list or b"")
    states = await folder.states({*filter(_is_possible, recorded), *names, CHECKSUMS, "."})
    digests = {name: recorded[name] for name in recorded if _may_have(name, names, states)}
    manifest = await manifest_in(folder)
    types = types_in(manifest)
    if not any(types[name].role is Role.MEDIA for name in digests):
        names = await _playing_set(folder, video_id, types, scratch)
        found = await file_sets.describe(folder, names)
        digests = {file.name: digests.get(file.name) or file.sha256 for file in found}
        problems = [f"{prefix}: has no list of digests that names the video; registered as it is"]
    else:
        problems = [f"{prefix}/{name}: not in the list of digests" for name in names
                    if name not in digests and name != CHECKSUMS]  # fmt: skip
    stored = _described(digests, states, types)
    if checksum_list is not None:
        stored.append(file_sets.written_file(CHECKSUMS, checksum_list))
    lost = [name for name in digests if not states[name].is_file]
    problems += [
        f"{prefix}/{name}: missing" for name in [*lost, *(recorded.keys() - digests.keys())]
    ]
    newest = max(
        (file.name for file in stored if file.role is Role.MEDIA and file.name not in lost),
        key=lambda name: _changed(states[name]),
        default=None,
    )
    moment = _changed(states[CHECKSUMS if states[CHECKSUMS].is_file else newest or "."])
    if manifest is None or manifest.video_id != video_id:
        quality = await quality_of(store, folder.key(f"{video_id}.info.json")) if newest else None
        facts = Facts(quality)
    else:
        facts = manifest.facts
    return FoundFiles(FileSet(video_id, prefix, stored, facts), newest, moment, problems)


async def _playing_set(
    folder: StoreFolder, video_id: str, types: FileTypes, scratch: Path
) -> list[str]:
    """Return the files of a finished video without digests. Raises IntegrityFailure."""
    names = list(await file_sets.finished_set(folder, video_id, types))
    media = next(folder.key(name) for name in names if types[name].role is Role.MEDIA)
    try:
        async with local_file(folder.store, media, scratch) as path:
            await asyncio.to_thread(require_playable, path, ffmpeg_path())
    except IntegrityFailure as failure:
        raise IntegrityFailure(f"{media}: {failure.message}; it is not registered") from failure
    return names


def _is_possible(name: str) -> bool:
    """Return whether a folder can have a file of this name."""
    path = PurePosixPath(name)
    is_inside = not path.is_absolute() and ".." not in path.parts
    return is_inside and all(len(os.fsencode(file_name(part))) <= 255 for part in path.parts)


def _may_have(name: str, names: list[str], states: Mapping[str, FileState]) -> bool:
    """Return whether the folder has or had a file of this name."""
    kind = states[name].checked().kind if name in states else FileKind.FOLDER
    return name in names or kind not in {FileKind.FOLDER, FileKind.FOLDER_LINK}


def _described(
    digests: dict[str, str], states: Mapping[str, FileState], types: FileTypes
) -> list[StoredFile]:
    """Return a folder's files by their digests.

    Missing files are registered, so that `verify` still reports them; their size is unknown.
    """
    return [
        StoredFile.of(types[name], states[name].checked().size or 0, digest)
        for name, digest in digests.items()
    ]


async def examine_registration(path: Path, layout: Layout, store: MediaStore) -> FoundFiles:
    """Return a video that was registered in place. Raises a LocalError or PathOutsideArchive."""
    try:
        content = await asyncio.to_thread(files.read, path)
        note = Registration.model_validate(stored_json(content))
    except ValueError:
        raise IntegrityFailure(f"{path}: not a registration that can be read") from None
    for file in note.files:
        await store.place(f"{note.folder}/{file.name}")
    states = await StoreFolder(store, note.folder).states(file.name for file in note.files)
    lost = [name for name, state in states.items() if not state.is_file]
    media = (file.name for file in note.files if file.role is Role.MEDIA and file.name not in lost)
    problems = [f"{note.folder}/{name}: missing" for name in lost]
    stored = FileSet(note.video_id, note.folder, note.files, Facts(note.quality))
    return FoundFiles(stored, next(media, None), to_micros(note.stored_at), problems)


def changed(path: Path) -> int:
    """Return when a file was changed, in microseconds; out-of-range times are limited."""
    with os_errors(path):
        return min(max(path.stat().st_mtime_ns // 1000, 0), _MAX_TIME)


def _changed(state: FileState) -> int:
    return to_micros(state.modified) if state.modified else 0


async def quality_of(store: MediaStore, info: str) -> str | None:
    """Return the quality of the fetched picture from yt-dlp's info file: `720p`."""
    try:
        recorded: Any = stored_json(await store.read(info))
    except (YTArchiveError, ValueError):
        return None
    return quality_label(recorded) if isinstance(recorded, dict) else None


EXAMINATION_FAILURES = (YTArchiveError, OSError, ValueError, OverflowError)
"""Errors of `examine`: the video is reported, and the search continues."""


def _name(key: str) -> str:
    return PurePosixPath(key).name
