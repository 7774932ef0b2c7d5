"""The names of files of downloaders: media, side files of a video, and files that are neither."""

import re
from collections.abc import Container
from pathlib import PurePosixPath

from ytarchive.common.archived_files import ArchivedFile, Role, captions_file
from ytarchive.common.languages import ALL_LANGUAGES
from ytarchive.common.requested_languages import parse_language
from ytarchive.storage.store.known_files import is_known_foreign
from ytarchive.storage.store.layout import parsed

INFO = ".info.json"
NFO = ".nfo"
_UNFINISHED = re.compile(
    r"\.(part|ytdl|tmp|aria2)$|\.part-Frag\d+|\.temp\.\w+$|\.f(\d|hls|dash|http)[\w-]*\.\w+$"
)
_THUMBNAIL = re.compile(r"-thumb\.(jpg|jpeg|png|webp)$", re.IGNORECASE)
_SAFE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_NO_LANGUAGE = "und"


def is_unfinished(name: str) -> bool:
    """Return whether a name is that of a partial download or of a format that is not merged."""
    return _UNFINISHED.search(name) is not None


def is_media(name: str) -> bool:
    """Return whether a name is that of a finished media file."""
    return parsed(name).role is Role.MEDIA and not is_unfinished(name)


def is_of_no_video(name: str) -> bool:
    """Return whether systems and media servers use a name, which is no thumbnail of a video."""
    return is_known_foreign(name) and _THUMBNAIL.search(name) is None


def stems_of(name: str) -> list[str]:
    """Return the names without suffix that the media of a file may have, longest first."""
    if name.endswith(INFO):
        stem = name.removesuffix(INFO)
        return [stem, *stems_of(stem)[:1]] if is_media(stem) else [stem]
    thumbnail = _THUMBNAIL.search(name)
    found = [name[: thumbnail.start()]] if thumbnail else []
    stem, dot, _ = name.rpartition(".")
    while dot and stem:
        found.append(stem)
        stem, dot, _ = stem.rpartition(".")
    return found


def info_names(media: str) -> tuple[str, str]:
    """Return the names that the `info.json` of a media file may have."""
    return f"{stems_of(media)[0]}{INFO}", f"{media}{INFO}"


def rest_of(name: str, stem: str, names: Container[str]) -> str:
    """Return the part of a file's name after that of its media: `en.vtt`, `info.json`.

    The side file of `A.mp4` may be named `A.info.json` or `A.mp4.info.json`. `names`: of the files
    in the folder.
    """
    rest = name[len(stem) :].removeprefix("-thumb")[1:]
    suffix, _, after = rest.partition(".")
    media = f"{stem}.{suffix}"
    return after if after and media in names and is_media(media) else rest


def archived_side_file(video_id: str, rest: str, generated: Container[str]) -> ArchivedFile | None:
    """Return a side file as the archive names it; None for a name that it cannot have.

    `rest`: see `rest_of`. `generated`: YouTube's codes of automatic captions.
    """
    if _SAFE.fullmatch(rest) is None or is_known_foreign(f"{video_id}.{rest}"):
        return None
    if is_unfinished(f"{video_id}.{rest}"):
        return None
    file = parsed(f"{video_id}.{rest}")
    if file.role is Role.INFO and f".{rest}" != INFO:
        return None
    if file.role is Role.CAPTIONS:
        return _captions(video_id, rest, generated)
    if file.role is Role.THUMBNAIL and "." in rest:  # one of several pictures
        return file.model_copy(update={"role": Role.OTHER})
    return file if file.role is not Role.MEDIA else None


def _captions(video_id: str, rest: str, generated: Container[str]) -> ArchivedFile | None:
    path = PurePosixPath(rest)
    code = path.stem if path.suffix else _NO_LANGUAGE
    format_ = (path.suffix or f".{rest}")[1:].lower()
    try:
        parse_language(code)
    except ValueError:
        return None
    if code.lower() == ALL_LANGUAGES:
        return None
    return captions_file(video_id, code, format_, automatic=code in generated)
