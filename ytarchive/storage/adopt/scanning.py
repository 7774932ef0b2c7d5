"""Reads the folders of other programs: names, sizes, and the ids in their files. Blocks."""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ytarchive.common.errors import Cancelled
from ytarchive.common.file_names import file_name, stored_name
from ytarchive.common.identifiers import VIDEO_ID
from ytarchive.common.identity import IDENTITY_FILE
from ytarchive.common.json_text import read_json
from ytarchive.common.paths import VIEW_MARKER
from ytarchive.common.regular import read_regular
from ytarchive.storage.adopt.naming import INFO, is_media, stems_of
from ytarchive.storage.adopt.recognisers import FoundFile, Listing, files_in, recognised

LARGEST_INFO = 256 * 2**20
_LARGEST_LIST = 64 * 2**20
_YTDL_SUB = re.compile(r"\.ytdl-sub-.*-download-archive\.json")
_METUBE = ".metube"
_ARCHIVE_LINE = re.compile(rb"^youtube ([A-Za-z0-9_-]{11})\s*$", re.MULTILINE)
_ARCHIVE_NAME = re.compile(r".*archive.*\.txt|complete\.list", re.IGNORECASE)


class Scan:
    """The files below a folder, folder by folder. Links are not followed."""

    def __init__(self, root: Path, own: Path) -> None:
        """`own`: the folder of the archive that adopts."""
        self._root = root
        self._own = own
        self.is_stopped = False

    def files(self) -> Iterator[FoundFile]:
        """Iterate over all files, in the order of their folders.

        Raises OSError if the folder itself cannot be read, and Cancelled after `is_stopped` is set.
        """
        yield from self._folder(self._root, "", {}, None)

    def _folder(
        self, folder: Path, name: str, recorded: Mapping[str, str], problem: str | None
    ) -> Iterator[FoundFile]:
        if self.is_stopped:
            raise Cancelled("the adoption was stopped")
        entries = self._entries(folder, name)
        if entries is None:
            yield FoundFile(f"{name}/", 0, "the folder cannot be read")
            return
        names = {entry.name for entry in entries}
        problem = problem or _problem_of(names)
        recorded = dict(recorded) | _recorded_in(folder, name, names)
        folders, sizes = list[str](), dict[str, int]()
        prefix = f"{name}/" if name else ""
        for entry in entries:
            path = f"{prefix}{stored_name(entry.name)}"
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                folders.append(entry.name)
            elif not stat.S_ISREG(status.st_mode) or problem is not None:
                yield FoundFile(path, status.st_size, problem or _odd(status))
            else:
                sizes[stored_name(entry.name)] = status.st_size
        yield from self._recognised(folder, Listing(name, sizes, {}, recorded))
        for inner in folders:
            path = f"{prefix}{stored_name(inner)}"
            if folder / inner == self._own:
                yield FoundFile(f"{path}/", 0, "this archive itself, which is not examined")
            else:
                yield from self._folder(folder / inner, path, recorded, problem)

    def _entries(self, folder: Path, name: str) -> list["os.DirEntry[str]"] | None:
        """Return the entries of a folder in the order of their names; None if it is unreadable."""
        try:
            with os.scandir(folder) as found:
                return sorted(found, key=lambda entry: os.fsencode(entry.name))
        except PermissionError:
            if not name:
                raise
            return None

    def _recognised(self, folder: Path, listing: Listing) -> Iterator[FoundFile]:
        unnamed = {
            stem
            for stem in {stems_of(name)[0] for name in listing.sizes if is_media(name)}
            if f"{stem}{INFO}" in listing.sizes and recognised(stem, listing) is None
        }
        described = {stem: _id_in(folder / file_name(f"{stem}{INFO}")) for stem in unnamed}
        known = Listing(listing.folder, listing.sizes, described, listing.recorded)
        for file in files_in(known):
            if file.video_id is None:
                name = PurePosixPath(file.path).name
                yield FoundFile(
                    file.path, file.size, _list_of_ids(folder / file_name(name)) or file.problem
                )
            else:
                yield file


def _problem_of(names: set[str]) -> str | None:
    if IDENTITY_FILE in names:
        return "in a folder that is an archive of ytarchive"
    if VIEW_MARKER in names:
        return "in a folder that is a view of an archive"
    return None


def _odd(status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return "a symbolic link, which is not followed"
    return "not a regular file"


def _id_in(path: Path) -> str:
    """Return the id of the video of YouTube that an `info.json` describes; empty if none."""
    found = _json_of(path, LARGEST_INFO)
    return youtube_id(found) or ""


def youtube_id(info: Any) -> str | None:
    """Return the id in an info of yt-dlp or youtube-dl; None if it is of no video of YouTube."""
    if not isinstance(info, dict) or info.get("_type") not in {None, "video"}:
        return None
    site = info.get("extractor_key") or info.get("extractor") or "youtube"
    video_id = info.get("id")
    if not isinstance(video_id, str) or VIDEO_ID.fullmatch(video_id) is None:
        return None
    return video_id if str(site).lower() == "youtube" else None


def _json_of(path: Path, limit: int) -> Any:
    try:
        return read_json(read_regular(path, limit=limit))
    except (OSError, ValueError):
        return None


def _recorded_in(folder: Path, name: str, names: set[str]) -> dict[str, str]:
    """Return the ids that programs recorded in this folder, by path without suffix."""
    found: dict[str, str] = {}
    for each in filter(_YTDL_SUB.fullmatch, names):
        found |= _of_ytdl_sub(_json_of(folder / each, _LARGEST_LIST))
    if _METUBE in names:
        found |= _of_metube(_json_of(folder / _METUBE / "completed.json", _LARGEST_LIST))
    start = f"{name}/" if name else ""
    return {f"{start}{stems_of(path)[0]}": id_ for path, id_ in found.items() if stems_of(path)}


def _of_ytdl_sub(content: Any) -> dict[str, str]:
    """Return ids by file from `{id: {"file_names": [...]}}`."""
    if not isinstance(content, dict):
        return {}
    return {
        stored_name(path): video_id
        for video_id, entry in content.items()
        if VIDEO_ID.fullmatch(video_id) and isinstance(entry, dict)
        for path in entry.get("file_names") or []
        if isinstance(path, str) and is_media(path)
    }


def _of_metube(content: Any) -> dict[str, str]:
    """Return ids by file from `{"items": [{"info": {"id", "folder", "filename"}}]}`."""
    items = content.get("items") if isinstance(content, dict) else None
    infos = [each.get("info") for each in items or [] if isinstance(each, dict)]
    return {
        stored_name(str(PurePosixPath(str(info.get("folder") or ""), info["filename"]))): info["id"]
        for info in infos
        if isinstance(info, dict)
        and isinstance(info.get("filename"), str)
        and isinstance(info.get("id"), str)
        and VIDEO_ID.fullmatch(info["id"])
        and "youtu" in str(info.get("url"))
    }


def _list_of_ids(path: Path) -> str | None:
    """Return what a file is if it is a download archive of yt-dlp."""
    if _ARCHIVE_NAME.fullmatch(path.name) is None:
        return None
    try:
        known = set(_ARCHIVE_LINE.findall(read_regular(path, limit=_LARGEST_LIST)))
    except OSError:
        return None
    if not known:
        return None
    return f"a download archive: it names {len(known)} videos, and has no files of them"
