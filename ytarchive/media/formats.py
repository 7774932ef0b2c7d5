"""Facts about formats in yt-dlp's info: streams, label, URL, length, and choice."""

import re
from statistics import median
from typing import Any
from urllib.parse import unquote

from ytarchive.common.quality import picture_label

Info = dict[str, Any]

_XTAGS = re.compile(r"[?&/]xtags[=/]([^&/]+)")
_LENGTH = re.compile(r"[?&/]dur[=/](\d+(?:\.\d+)?)")
_BYTES_PER_KILOBIT = 125
_SECONDS = 3.0
SHARE = 0.01
"""Maximum difference of two equal lengths."""


def formats_in(info: Info) -> list[Info]:
    """Return all formats of an info, which may be from a changed file."""
    formats = info.get("formats")
    return [each for each in formats if isinstance(each, dict)] if isinstance(formats, list) else []


def has_picture(found: Info) -> bool:
    """Return whether a format holds a picture, as far as that is known."""
    return found.get("vcodec") != "none"


def has_sound(found: Info) -> bool:
    """Return whether a format holds sound, as far as that is known."""
    return found.get("acodec") != "none"


def xtags(found: Info) -> dict[str, str]:
    """Return what YouTube states of a stream in its address, such as `{"acont": "dubbed"}`."""
    match = _XTAGS.search(str(found.get("url") or ""))
    pairs = (pair.partition("=") for pair in unquote(match[1]).split(":")) if match else ()
    return {name: value for name, _, value in pairs}


def note_of(found: Info) -> str:
    """Return yt-dlp's note on a format: sound track, label, and remarks."""
    return str(found.get("format_note") or "")


def is_upscaled(found: Info) -> bool:
    """Return whether YouTube upscaled the uploaded picture."""
    return xtags(found).get("sr") == "1" or "AI-upscaled" in note_of(found)


def is_hdr(found: Info) -> bool:
    """Return whether a picture has a high dynamic range."""
    return found.get("dynamic_range") not in {None, "SDR"} or "HDR" in note_of(found)


def label_of(found: Info, others: list[Info]) -> str | None:
    """Return a picture's label, as `720p`; None for sound alone.

    A format without a label (as from a manifest) has that of another one of the same size.
    """
    if not has_picture(found):
        return None
    size = _size(found)
    notes = (note_of(each) for each in [found, *others] if _size(each) == size)
    labels = (picture_label(None, None, note) for note in notes)
    return next(filter(None, labels), None) or picture_label(*size)


def _size(found: Info) -> tuple[int | None, int | None]:
    width, height = found.get("width"), found.get("height")
    return width if isinstance(width, int) else None, height if isinstance(height, int) else None


def own_seconds(found: Info) -> float | None:
    """Return the length in seconds that YouTube states of this one stream, if it does.

    The URL may contain it. Otherwise yt-dlp calculated `filesize_approx` from it; if the size in
    bytes is unknown, that number may be from the length of the whole video.
    """
    match = _LENGTH.search(str(found.get("url") or ""))
    if match:
        return float(match[1])
    size, rate = found.get("filesize_approx"), found.get("tbr")
    if not found.get("filesize") or not size or not rate:
        return None
    return float(size / (rate * _BYTES_PER_KILOBIT))


def agreed_seconds(formats: list[Info]) -> float | None:
    """Return the length in seconds on which most formats agree; None if there is none."""
    known = [seconds for seconds in map(own_seconds, formats) if seconds is not None]
    if not known:
        return None
    middle = median(known)
    agreeing = [seconds for seconds in known if agree(seconds, middle)]
    return middle if 2 * len(agreeing) > len(known) else None


def agree(one: float, other: float, share: float = SHARE) -> bool:
    """Return whether two lengths in seconds differ by no more than rounding explains."""
    return abs(one - other) <= max(_SECONDS, other * share)


def chosen_formats(info: Info) -> list[Info]:
    """Return the formats that make up a download: picture and sound, or one that has both."""
    found = info.get("requested_formats")
    chosen = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    return chosen or [info]


def codec_of(info: Info, kind: str) -> str | None:
    """Return the short name of the chosen picture (`vcodec`) or sound (`acodec`) codec, if any."""
    found = [each[kind] for each in chosen_formats(info) if each.get(kind) not in {None, "none"}]
    return str(found[0]).partition(".")[0] if found else None


def quality_label(info: Info) -> str | None:
    """Return the picture label of a format or a merge, as `720p`; None for audio alone."""
    picture = next(filter(has_picture, chosen_formats(info)), None)
    if picture is None:
        return None
    return label_of(picture, formats_in(info)) or label_of(info, [])
