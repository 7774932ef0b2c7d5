"""Reads the ids of videos in the files that programs write next to the media. Blocks."""

import io
import re
from pathlib import Path, PurePosixPath
from typing import Any

from ytarchive.common.errors import IntegrityFailure, InvalidIdentifier
from ytarchive.common.file_names import stored_name
from ytarchive.common.identifiers import VIDEO_ID, parse_video_id
from ytarchive.common.json_text import read_json
from ytarchive.common.regular import read_regular
from ytarchive.media import ffmpeg_path, pages_of
from ytarchive.storage.adopt.naming import INFO, is_media, stems_of
from ytarchive.storage.marks.download_archive import read_lines

LARGEST_INFO = 256 * 2**20
_LARGEST_LIST = 64 * 2**20
_BEGINNING = 2**16
_YTDL_SUB = re.compile(r"\.ytdl-sub-.*-download-archive\.json")
_OF_METUBE = ("completed.json", ".metube/completed.json")
_METUBE = re.compile(r"(completed|queue|pending|subscriptions)\.json")
A_LIST = "a download archive"
DOWNLOAD_ARCHIVE = "yt-dlp's download archive"
"""The layout of such a list in the report of an adoption."""
_LIST_SUFFIXES = frozenset({"", ".txt", ".list", ".archive"})


def id_in_info(path: Path) -> str:
    """Return the id of the video of YouTube that an `info.json` describes; empty if none."""
    return youtube_id(_json_of(path, LARGEST_INFO)) or ""


def id_in_tags(path: Path) -> str:
    """Return the id in the tags of a media file, where yt-dlp embeds the video's page."""
    ffmpeg = ffmpeg_path()
    try:
        pages = pages_of(path, ffmpeg) if ffmpeg is not None else []
    except (IntegrityFailure, OSError):
        return ""
    return next(filter(None, map(_id_of_page, pages)), "")


def youtube_id(info: Any) -> str | None:
    """Return the id in an info of yt-dlp or youtube-dl; None if it is of no video of YouTube."""
    if not isinstance(info, dict) or info.get("_type") not in {None, "video"} or other_site(info):
        return None
    video_id = info.get("id")
    is_id = isinstance(video_id, str) and VIDEO_ID.fullmatch(video_id)
    return video_id if is_id else None


def other_site(info: Any) -> str | None:
    """Return the site of an info that is of another site than YouTube."""
    known = info if isinstance(info, dict) else {}
    site = str(known.get("extractor_key") or known.get("extractor") or "youtube")
    return None if site.lower().startswith("youtube") else site


def recorded_in(folder: Path, name: str, names: set[str]) -> dict[str, str]:
    """Return the ids that programs recorded in this folder, by path without suffix.

    `name`: of the folder. `names`: of its entries.
    """
    found: dict[str, str] = {}
    for each in filter(_YTDL_SUB.fullmatch, names):
        found |= _of_ytdl_sub(_json_of(folder / each, _LARGEST_LIST))
    for each in _OF_METUBE:
        if each.partition("/")[0] in names:
            found |= _of_metube(_json_of(folder / each, _LARGEST_LIST))
    start = f"{name}/" if name else ""
    return {f"{start}{stems_of(path)[0]}": id_ for path, id_ in found.items() if stems_of(path)}


def explained(path: Path) -> str | None:
    """Return what a file of no video is, in words; None if it is nothing special."""
    if path.name.endswith(INFO):
        return _explained_info(path)
    if _YTDL_SUB.fullmatch(path.name):
        return "a list of ytdl-sub, which is read for the ids of its videos"
    if _METUBE.fullmatch(path.name) and path.parent.name == ".metube":
        return "a list of MeTube, which is read for the ids of its videos"
    return _explained_list(path) if path.suffix.lower() in _LIST_SUFFIXES else None


def _explained_info(path: Path) -> str | None:
    found = _json_of(path, LARGEST_INFO)
    if isinstance(found, dict) and found.get("_type") in {"playlist", "multi_video"}:
        return "it describes a playlist or a channel, and no video"
    video_id = youtube_id(found)
    return (
        f"it describes the video {video_id}; there is no media of this name" if video_id else None
    )


def _explained_list(path: Path) -> str | None:
    """Return what a file is if it is a download archive of yt-dlp."""
    video_ids = listed_ids(path)
    if video_ids is None:
        return None
    return f"{A_LIST}; videos of YouTube: {len(video_ids)}"


def listed_ids(path: Path) -> list[str] | None:
    """Return the videos that a download archive of yt-dlp names; None for another file."""
    try:
        beginning = read_regular(path, limit=_BEGINNING)
        if b"\0" in beginning or read_lines(beginning.splitlines()[:-1]).invalid:
            return None
        read = read_lines(io.BytesIO(read_regular(path, limit=_LARGEST_LIST)))
    except OSError:
        return None
    is_list = not read.invalid and (read.video_ids or read.of_other_sites)
    return read.video_ids if is_list else None


def _json_of(path: Path, limit: int) -> Any:
    try:
        return read_json(read_regular(path, limit=limit))
    except (OSError, ValueError):
        return None


def _of_ytdl_sub(content: Any) -> dict[str, str]:
    """Return ids by file from `{id: {"extractor", "file_names": [...]}}`."""
    if not isinstance(content, dict):
        return {}
    return {
        stored_name(path): video_id
        for video_id, entry in content.items()
        if VIDEO_ID.fullmatch(video_id) and isinstance(entry, dict)
        and str(entry.get("extractor") or "youtube").lower() == "youtube"
        for path in entry.get("file_names") or []
        if isinstance(path, str) and is_media(path)
    }  # fmt: skip


def _of_metube(content: Any) -> dict[str, str]:
    """Return ids by file from `{"items": [{"info": {"url", "folder", "filename"}}]}`."""
    items = content.get("items") if isinstance(content, dict) else None
    infos = [each.get("info") for each in items or [] if isinstance(each, dict)]
    return {
        stored_name(str(PurePosixPath(str(info.get("folder") or ""), info["filename"]))): video_id
        for info in infos
        if isinstance(info, dict) and isinstance(info.get("filename"), str)
        and not any(info.get(each) is not None for each in ("clip_start", "clip_end"))
        and (video_id := _id_of_page(str(info.get("url"))))
    }  # fmt: skip


def _id_of_page(url: str) -> str:
    """Return the id in the address of a video's page; empty for other text."""
    if "://" not in url:
        return ""
    try:
        return parse_video_id(url)
    except InvalidIdentifier:
        return ""
