"""What is embedded into a media file: tags, chapters, a cover and captions."""

import base64
import itertools
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ytarchive.common.profile import ArchiveProfile
from ytarchive.media.formats import Info

EMBEDDABLE = ("vtt", "srt")
"""The formats of captions that can be embedded."""
_SPECIAL = str.maketrans({each: f"\\{each}" for each in "=;#\\\n"} | {"\0": None, "\r": None})
_SEGMENT = "[SponsorBlock]: {}"
_FRONT_COVER = 3
_IN_OGG = {"comment": "purl"}


class Chapter(NamedTuple):
    """A chapter, in seconds."""

    start: float
    end: float
    title: str


class EmbeddedCaptions(NamedTuple):
    """A file of captions, as `vtt` or `srt`, and its language."""

    path: Path
    language: str
    automatic: bool = False

    @property
    def title(self) -> str:
        """Return the name of the track in players."""
        return f"{self.language} (automatic)" if self.automatic else self.language


class SoundTrack(NamedTuple):
    """The language (as YouTube writes it) and name of a sound track."""

    language: str
    title: str


@dataclass(frozen=True)
class Extras:
    """What is embedded. Without tags, those of the source are kept, and likewise chapters."""

    tags: tuple[tuple[str, str], ...] = ()
    chapters: tuple[Chapter, ...] = ()
    cover: Path | None = None
    captions: tuple[EmbeddedCaptions, ...] = ()
    sounds: tuple[SoundTrack, ...] = ()
    """Names of the sound tracks, in their order; written if the file is written for a reason."""

    def __bool__(self) -> bool:
        return bool(self.tags or self.chapters or self.cover or self.captions)

    def written(self, *, for_ogg: bool) -> bytes:
        """Return tags and chapters in ffmpeg's format.

        `for_ogg`: the cover is a tag, and the address is `purl`, because ffmpeg writes `comment`
        into Ogg as a second `description`.
        """
        tags = [(_IN_OGG.get(name, name) if for_ogg else name, value) for name, value in self.tags]
        if for_ogg and self.cover is not None:
            tags.append(("METADATA_BLOCK_PICTURE", _ogg_picture(self.cover)))
        lines = [";FFMETADATA1", *(_line(*tag) for tag in tags)]
        for each in self.chapters:
            times = f"START={round(each.start * 1000)}", f"END={round(each.end * 1000)}"
            lines += ["[CHAPTER]", "TIMEBASE=1/1000", *times, _line("title", each.title)]
        return "\n".join([*lines, ""]).encode("utf-8", "replace")


def extras_for(
    profile: ArchiveProfile, info: Info, cover: Path | None, captions: Sequence[EmbeddedCaptions]
) -> tuple[Extras, list[str]]:
    """Return what a profile embeds, and remarks about what does not exist.

    `info`: yt-dlp's, which may be incomplete. `cover` and `captions`: the files that exist.
    """
    chapters = _chapters(info.get("chapters"))
    if profile.sponsorblock_chapters:
        chapters = _with_segments(chapters, _chapters(info.get("sponsorblock_chapters")), info)
    elif not profile.embed_chapters:
        chapters = []
    found = Extras(
        tags=tuple(_tags(info)) if profile.embed_metadata else (),
        chapters=tuple(chapters),
        cover=cover if profile.embed_thumbnail else None,
        captions=tuple(_once_a_language(captions)) if profile.embed_captions else (),
    )
    absent = [
        (profile.embed_metadata and not found.tags, "metadata"),
        (profile.embed_chapters and not found.chapters, "chapters"),
        (profile.embed_thumbnail and not found.cover, "thumbnail"),
        (profile.embed_captions and not found.captions, "captions"),
    ]
    names = ", ".join(name for is_absent, name in absent if is_absent)
    return found, [f"not embedded, because there are none: {names}"] if names else []


def _tags(info: Info) -> list[tuple[str, str]]:
    day = str(info.get("upload_date") or "")
    known = {
        "title": info.get("title"),
        "artist": info.get("channel") or info.get("uploader"),
        "date": f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == len("20260131") else day,
        "description": info.get("description"),
        "comment": info.get("webpage_url"),
    }
    return [(name, str(value)) for name, value in known.items() if value]


def _with_segments(chapters: list[Chapter], segments: list[Chapter], info: Info) -> list[Chapter]:
    """Return chapters divided by SponsorBlock's segments; without chapters, the whole video."""
    ends = [each.end for each in (*chapters, *segments)]
    last = max([float(info.get("duration") or 0), *ends])
    whole = [*chapters, Chapter(0, last, str(info.get("title") or ""))]
    marked = [Chapter(each.start, each.end, _SEGMENT.format(each.title)) for each in segments]
    points = sorted({0, last, *(time for each in (*chapters, *segments) for time in each[:2])})
    divided: list[Chapter] = []
    for start, end in itertools.pairwise(points) if segments else ():
        title = next(each.title for each in (*marked, *whole) if each.start <= start < each.end)
        if divided and divided[-1].title == title:
            divided[-1] = divided[-1]._replace(end=end)
        else:
            divided.append(Chapter(start, end, title))
    return divided or chapters


def _chapters(given: Any) -> list[Chapter]:
    found = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    made = [
        Chapter(float(each["start_time"]), float(each["end_time"]), str(each.get("title") or ""))
        for each in found
        if _is_time(each.get("start_time")) and _is_time(each.get("end_time"))
    ]
    return [each for each in made if 0 <= each.start < each.end]


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float)


def _once_a_language(captions: Sequence[EmbeddedCaptions]) -> Iterable[EmbeddedCaptions]:
    """Return one file for each language: WebVTT before others, made by people before automatic."""
    ranked = sorted(captions, key=lambda each: (each.automatic, each.path.suffix != ".vtt"))
    first = {each.language: each for each in reversed(ranked)}
    return [first[language] for language in dict.fromkeys(each.language for each in captions)]


def _line(name: str, value: str) -> str:
    return f"{name.translate(_SPECIAL)}={value.translate(_SPECIAL)}"


def _ogg_picture(cover: Path) -> str:
    """Return a picture as FLAC and Ogg store it. Sizes of 0 mean that the picture states them."""
    image = cover.read_bytes()
    kind = b"image/png" if cover.suffix == ".png" else b"image/jpeg"
    head = struct.pack(">II", _FRONT_COVER, len(kind)) + kind
    sizes = struct.pack(">IIIIII", *[0] * 5, len(image))
    return base64.b64encode(head + sizes + image).decode()
