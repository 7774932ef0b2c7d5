"""Recognises videos in a folder by its names: one small function for each naming of a program.

A recogniser gets the name of a file without suffix, its folder and the ids that programs recorded,
and returns the id of the video. The first one that knows the name decides.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ytarchive.common.identifiers import VIDEO_ID
from ytarchive.storage.adopt.naming import (
    INFO,
    is_media,
    is_of_no_video,
    is_unfinished,
    rest_of,
    stems_of,
)

_ID = r"(?P<id>[A-Za-z0-9_-]{11})"
_IN_BRACKETS = re.compile(rf"\[{_ID}\](?: \[[^\]]*\])?$")
_ANYWHERE = re.compile(rf".*(?:\[{_ID}\]|\({_ID.replace('id', 'other')}\))")
_OF_TUBESYNC = re.compile(rf"^\d{{4}}-\d\d-\d\d_.*_{_ID}_(\d{{3,4}}p-[a-z0-9-]+|[a-z0-9]+)$")
_AFTER_DASH = re.compile(rf"-{_ID}$")
_OF_TWITCH = re.compile(r"v\d{10}")
_PART = r"(?:(?:[A-Z]?[a-z]+|[A-Z]+)\d*|\d+)"
_WORD = re.compile(rf"{_PART}(?:[-_]{_PART})*|(?:[A-Z][a-z]+)+\d*")
"""Names, and parts of titles, that are as long as an id: `holiday2020`, `IMG_1234567`."""


@dataclass(frozen=True)
class Listing:
    """The regular files of one folder."""

    folder: str
    """Relative to the adopted folder; empty for that folder itself."""
    sizes: Mapping[str, int]
    described: Mapping[str, str] = field(default_factory=dict)
    """Video ids from the `info.json` files, by the name without suffix; empty: of no video."""
    recorded: Mapping[str, str] = field(default_factory=dict)
    """Video ids that a program recorded in a file of its own, by path without suffix."""
    in_nfo: Mapping[str, str] = field(default_factory=dict)
    """Video ids from NFO files, by the name without suffix; empty: none."""
    in_tags: Mapping[str, str] = field(default_factory=dict)
    """Video ids from the tags of media, by the name without suffix; empty: none."""

    def path(self, name: str) -> str:
        """Return the path of a file in the adopted folder."""
        return f"{self.folder}/{name}" if self.folder else name


@dataclass(frozen=True)
class FoundFile:
    """A file, and the video to which it belongs by its name."""

    path: str
    size: int
    problem: str | None = None
    """Why it belongs to no video."""
    video_id: str | None = None
    layout: str | None = None
    stem: str = ""
    """The path of the media without suffix: files with the same one are of one copy."""
    rest: str = ""
    """The name after that of the media; empty for the media itself."""
    begun_as: str | None = None
    """The name under which a session began to store it, without recording the outcome."""

    @property
    def is_media(self) -> bool:
        """Return whether it is the media."""
        return not self.rest


Recogniser = Callable[[str, Listing], str | None]


def _described(stem: str, listing: Listing) -> str | None:
    return listing.described.get(stem)


def _recorded(stem: str, listing: Listing) -> str | None:
    return listing.recorded.get(listing.path(stem))


def _in_nfo(stem: str, listing: Listing) -> str | None:
    return listing.in_nfo.get(stem)


def _in_tags(stem: str, listing: Listing) -> str | None:
    return listing.in_tags.get(stem)


def _of_tube_archivist(stem: str, listing: Listing) -> str | None:
    is_channel = re.search(r"(^|/)UC[A-Za-z0-9_-]{22}$", listing.folder)
    old = re.match(rf"\d{{8}}_{_ID}_", stem)  # before version 0.3.7
    if old:
        return old["id"]
    return stem if VIDEO_ID.fullmatch(stem) and is_channel else None


def _id_alone(stem: str, _: Listing) -> str | None:
    return stem if VIDEO_ID.fullmatch(stem) and not _WORD.fullmatch(stem) else None


def _in_brackets(stem: str, _: Listing) -> str | None:
    found = _word_in_brackets(stem, _)
    return found if found and not _WORD.fullmatch(found) else None


def _word_in_brackets(stem: str, _: Listing) -> str | None:
    found = _IN_BRACKETS.search(stem)
    return found["id"] if found and not _OF_TWITCH.fullmatch(found["id"]) else None


def _within_name(stem: str, _: Listing) -> str | None:
    found = _ANYWHERE.match(stem)
    video_id = (found["id"] or found["other"]) if found else ""
    return None if not found or _WORD.fullmatch(video_id) else video_id


def _in_folder_too(stem: str, listing: Listing) -> str | None:
    """Return the id of Youtarr, whose folder has the name of the video, and earlier ` - id`."""
    found, folder = _IN_BRACKETS.search(stem), listing.folder.rpartition("/")[2]
    is_own = found and folder.endswith((f"[{found['id']}]", f" - {found['id']}"))
    return found["id"] if found and is_own else None


def _in_dated_folder(stem: str, listing: Listing) -> str | None:
    """Return the id of Pinchflat: the folder is `<date> <title>`."""
    found, folder = _IN_BRACKETS.search(stem), listing.folder.rpartition("/")[2]
    is_own = found and re.match(r"\d{4}-\d\d-\d\d .*\S", folder)
    return found["id"] if found and is_own else None


def _of_tubesync(stem: str, _: Listing) -> str | None:
    found = _OF_TUBESYNC.search(stem)
    return found["id"] if found else None


def _after_dash(stem: str, _: Listing) -> str | None:
    found = _AFTER_DASH.search(stem)
    return found["id"] if found and not _WORD.fullmatch(found["id"]) else None


RECOGNISERS: Sequence[tuple[str, Recogniser]] = (
    ("Youtarr", _in_folder_too),
    ("Pinchflat", _in_dated_folder),
    ("yt-dlp", _in_brackets),
    ("Tube Archivist", _of_tube_archivist),
    ("TubeSync", _of_tubesync),
    ("recorded", _recorded),
    ("info.json", _described),
    ("id", _id_alone),
    ("yt-dlp, old", _after_dash),
    ("NFO", _in_nfo),
    ("tags", _in_tags),
    ("id in a name", _within_name),
    ("word in brackets", _word_in_brackets),
)
"""The namings of programs. Those that only one program uses precede the general ones."""
LAST = frozenset({"id in a name", "word in brackets"})
"""The namings that are considered only if no file has the id."""
UNSURE = LAST | {"id", "yt-dlp, old"}
"""The namings that a title may have by chance, so that an `info.json` decides."""


def recognised(stem: str, listing: Listing) -> tuple[str, str] | None:
    """Return the layout and the video id of a name without suffix; None if it has no id."""
    for layout, recognise in RECOGNISERS:
        video_id = recognise(stem, listing)
        if video_id:
            return layout, video_id
    return None


def files_in(listing: Listing) -> Iterator[FoundFile]:
    """Return every file of a folder with its video, or with the reason why it has none."""
    media = {stems_of(name)[0] for name in listing.sizes if is_media(name)}
    found = {stem: recognised(stem, listing) for stem in media}
    for name, size in listing.sizes.items():
        path, problem = listing.path(name), _problem(name)
        if problem is not None:
            yield FoundFile(path, size, problem)
            continue
        stems = stems_of(name)
        stem = next((each for each in stems if each in media), None)
        if stem is None:
            yield FoundFile(path, size, "there is no media file of this name")
        elif (known := found[stem]) is None:
            yield FoundFile(path, size, _unknown(stem, listing))
        else:
            rest = "" if is_media(name) else rest_of(name, stem, listing.sizes)
            yield FoundFile(path, size, None, known[1], known[0], listing.path(stem), rest)


def _problem(name: str) -> str | None:
    if is_unfinished(name):
        return "unfinished: a partial download, or a format that was not merged"
    if is_of_no_video(name):
        return "a file of the system or of a media server"
    return None


def _unknown(stem: str, listing: Listing) -> str:
    if listing.described.get(stem) == "":
        return f"{stem}{INFO} does not describe a video of YouTube"
    return "no id of a video is in its name, an info.json, an NFO file or its tags"
