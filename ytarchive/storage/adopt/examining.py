"""Examines the files of a video before it is adopted: descriptions, media and side files. Blocks.

A file that cannot be read is refused with the reason. Errors that may have another cause, such as a
disk that was removed, are raised.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ytarchive.common.archived_files import ArchivedFile, Role
from ytarchive.common.disk import os_errors
from ytarchive.common.errors import FileFailure, FileGone, IntegrityFailure, PermissionDenied
from ytarchive.common.file_names import file_name
from ytarchive.common.json_text import stored_json
from ytarchive.common.media import VideoMetadata
from ytarchive.common.models import from_micros
from ytarchive.common.regular import open_regular, read_regular
from ytarchive.media import (
    LARGEST_FILE,
    ContentError,
    Info,
    check_media,
    ffmpeg_path,
    formats_in,
    require_captions,
    require_playable,
    video_metadata,
)
from ytarchive.storage.adopt.describing import provisional_metadata
from ytarchive.storage.adopt.naming import INFO, archived_side_file
from ytarchive.storage.adopt.recognisers import FoundFile
from ytarchive.storage.adopt.recorded_ids import LARGEST_INFO, other_site, youtube_id
from ytarchive.storage.intake.ranking import MediaFacts, facts_of_local
from ytarchive.storage.store.layout import is_sound_alone

_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")
_JPEG, _JPEG_END = _PICTURES[0], b"\xff\xd9"
_UNREADABLE = (FileGone, FileFailure, PermissionDenied)


class Refused(Exception):  # a reason for the report, no error
    """A file is not adopted; the text says why."""


@dataclass
class ExaminedCopy:
    """One media file of a video with its side files."""

    media: FoundFile
    facts: MediaFacts
    info: Info
    metadata: VideoMetadata | None
    is_described: bool
    """Whether the metadata is from an `info.json`; otherwise it is provisional."""
    side_files: list[tuple[FoundFile, ArchivedFile]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """Side files that are not adopted, with the reasons."""

    @property
    def files(self) -> list[FoundFile]:
        """Return the files to adopt."""
        return [self.media, *(file for file, _ in self.side_files)]


class Examiner:
    """Examines files of the folder `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, file: FoundFile) -> Path:
        """Return the absolute path of a file."""
        return self._root / file_name(file.path)

    def examine(self, media: FoundFile, files: Collection[FoundFile]) -> ExaminedCopy:
        """Return a copy of a video. `files`: of the same name. Raises Refused or a LocalError."""
        video_id = media.video_id or ""
        described = next((each for each in files if f".{each.rest}" == INFO), None)
        info: Info = {}
        refused: dict[str, str] = {}
        if described is not None:
            try:
                info = self._info(described, video_id)
            except _UnusableInfo as error:
                refused[described.path] = str(error)
        _attempt(lambda: self._check_media(media, info))
        facts = facts_of_local(self.path(media), media.size, info)
        metadata = _metadata(info)
        known = metadata or self._provisional(media, video_id)
        copy = ExaminedCopy(media, facts, info, known, metadata is not None, refused=refused)
        self._add_side_files(copy, video_id, [each for each in files if not each.is_media])
        return copy

    def _provisional(self, media: FoundFile, video_id: str) -> VideoMetadata | None:
        path = self.path(media)
        with os_errors(path):
            changed = path.stat().st_mtime_ns
        return provisional_metadata(path, video_id, from_micros(max(changed, 0) // 1000))

    def _info(self, file: FoundFile, video_id: str) -> Info:
        content = _attempt(lambda: self._read(file, LARGEST_INFO))
        try:
            info = stored_json(content)
        except ValueError as error:
            raise _UnusableInfo(f"it is damaged: {error}") from None
        found = youtube_id(info)
        if found is None and (site := other_site(info)):
            raise Refused(f"its info.json describes a video of {site}")
        if found is None:
            raise _UnusableInfo("it does not describe a video of YouTube")
        if found != video_id:
            raise Refused(f"its info.json describes another video, {found}")
        return dict(info)

    def _read(self, file: FoundFile, limit: int) -> bytes:
        path = self.path(file)
        with os_errors(path):
            return read_regular(path, limit=limit)

    def _check_media(self, media: FoundFile, info: Info) -> None:
        path, ffmpeg = self.path(media), ffmpeg_path()
        if not media.size:
            raise Refused("the file is empty")
        with os_errors(path):
            if ffmpeg is None or not info:
                require_playable(path, ffmpeg)
                return
            try:
                check_media(path, _as_fetched(info, media), ffmpeg)
            except IntegrityFailure:
                shortened = _without_cut_parts(info)
                if shortened is None:
                    raise
                check_media(path, _as_fetched(shortened, media), ffmpeg)

    def _add_side_files(
        self, copy: ExaminedCopy, video_id: str, files: Iterable[FoundFile]
    ) -> None:
        generated = _generated(copy.info)
        for file in files:
            if file.path in copy.refused:
                continue
            archived = archived_side_file(video_id, file.rest, generated)
            try:
                named = _wanted(archived, copy)
                _attempt(partial(self._check_side_file, file, named))
            except Refused as refusal:
                copy.refused[file.path] = str(refusal)
            else:
                copy.side_files.append((file, named))

    def _check_side_file(self, file: FoundFile, archived: ArchivedFile) -> None:
        if not file.size:
            raise Refused("the file is empty")
        if archived.role is Role.INFO:
            return
        if archived.role in {Role.CAPTIONS, Role.THUMBNAIL} and file.size > LARGEST_FILE:
            raise Refused(f"it has more than {LARGEST_FILE // 2**20} MiB")
        if archived.role is Role.CAPTIONS and archived.format == "vtt":
            require_captions(self._read(file, LARGEST_FILE))
        elif archived.role is Role.THUMBNAIL:
            _require_picture(self._read(file, LARGEST_FILE))
        else:
            path = self.path(file)
            with os_errors(path), open_regular(path):
                pass


def _wanted(archived: ArchivedFile | None, copy: ExaminedCopy) -> ArchivedFile:
    if archived is None:
        raise Refused("no file that the archive keeps with a video")
    if any(archived.name == other.name for _, other in copy.side_files):
        raise Refused(f"a second file for {archived.name}")
    return archived


class _UnusableInfo(Exception):
    """An `info.json` says nothing about its media; the text says why."""


def _attempt(work: Any) -> Any:
    """Return the result of reading a file. Raises Refused if the cause is this file."""
    try:
        return work()
    except ContentError:
        raise Refused("the captions are damaged, empty or cut short") from None
    except IntegrityFailure as failure:
        raise Refused(failure.message) from None
    except _UNREADABLE as failure:
        cause = failure.__cause__
        reason = cause.strerror if isinstance(cause, OSError) else None
        raise Refused(f"it cannot be read: {reason or failure.message}") from None


def _as_fetched(info: Info, media: FoundFile) -> Info:
    """Return the info with its chosen formats, and without those that were not kept."""
    ids = str(info.get("format_id") or "").split("+")
    by_id = {each.get("format_id"): each for each in formats_in(info)}
    chosen = [by_id[each] for each in ids if each in by_id]
    if is_sound_alone(media.path):
        chosen = [each for each in chosen if each.get("acodec") != "none"]
        return info | {"vcodec": "none", "requested_formats": _as_sound(chosen)}
    return info | {"requested_formats": chosen if len(chosen) == len(ids) else None}


def _as_sound(chosen: list[Info]) -> list[Info]:
    return [each | {"vcodec": "none"} for each in chosen]


def _without_cut_parts(info: Info) -> Info | None:
    """Return the info with the length that remains if SponsorBlock's segments were cut."""
    segments = info.get("sponsorblock_chapters")
    duration = info.get("duration")
    if not isinstance(segments, list) or not isinstance(duration, int | float):
        return None
    end = cut = 0.0
    for start, stop in sorted(_span(each) for each in segments):
        cut += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return info | {"duration": max(duration - cut, 1)} if cut else None


def _span(segment: Any) -> tuple[float, float]:
    try:
        return float(segment["start_time"]), float(segment["end_time"])
    except (TypeError, KeyError, ValueError):
        return 0.0, 0.0


def _generated(info: Info) -> frozenset[str]:
    """Return the codes of captions that only YouTube's recognition of speech provides."""
    written, automatic = info.get("subtitles"), info.get("automatic_captions")
    known = written if isinstance(written, dict) else {}
    return frozenset(automatic or ()) - known.keys() if isinstance(automatic, dict) else frozenset()


def _metadata(info: Info) -> VideoMetadata | None:
    """Return the metadata in an info; None if it has none that can be read."""
    if not info.get("title"):
        return None
    try:
        metadata = video_metadata(info)
        fetched = info.get("epoch")
        at = from_micros(int(fetched * 1_000_000)) if fetched else metadata.fetched_at
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError):
        return None
    return metadata.model_copy(update={"fetched_at": at})


def _require_picture(content: bytes) -> None:
    if not content.startswith(_PICTURES):
        raise Refused("it is not a picture")
    if content.startswith(_JPEG) and not content.rstrip(b"\0\r\n").endswith(_JPEG_END):
        raise Refused("the picture is cut short")
