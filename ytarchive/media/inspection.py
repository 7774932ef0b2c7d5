"""The content of a finished media file: its streams and the length of each.

The index of an MP4 contains them, and is read here without a program. ffmpeg reads all packets of
other files.
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from ytarchive.common.errors import IntegrityFailure
from ytarchive.common.regular import open_regular
from ytarchive.media.ffmpeg import printed_by_ffmpeg
from ytarchive.media.formats import (
    SHARE,
    Info,
    agree,
    agreed_seconds,
    chosen_formats,
    codec_of,
    formats_in,
    own_seconds,
)
from ytarchive.media.streams import Streams, streams_of

_SHARE_OF_RECORDING = 0.1
_KINDS = {b"vide": "video", b"soun": "audio"}

Box = tuple[bytes, int, int]
"""Name, start and end of the content."""


@dataclass(frozen=True)
class Contents:
    """The seconds of each kind of stream with content (`video`, `audio`)."""

    seconds: dict[str, float]
    picture: tuple[int, int] | None = None
    """Width and height in pixels, if they were read."""


def check_media(path: Path, info: Info, ffmpeg: str) -> list[str]:
    """Compare a file with the chosen formats; return the accepted differences.

    The length (seconds) that YouTube states for a video is sometimes wrong. Then the file is
    accepted if its length is the one that YouTube states for the streams. Raises IntegrityFailure.
    """
    found = contents_of(path, ffmpeg)
    for codec, kind in (("vcodec", "video"), ("acodec", "audio")):
        if codec_of(info, codec) and kind not in found.seconds:
            raise IntegrityFailure(f"the file has no {kind}")
    announced = info.get("duration")
    if not announced:  # as with the recording of a live stream that has just ended
        return []
    share = _SHARE_OF_RECORDING if info.get("was_live") else SHARE
    played = _judged(found, info)
    if _all_agree(played, announced, share):
        return []
    if not (_as_stated(played, info, share) or _is_complete(found, info)):
        raise IntegrityFailure(f"the file plays {min(played):.0f} of {announced:.0f} seconds")
    return [f"plays {max(played):.0f} seconds; YouTube announces {announced:.0f}"]


def contents_of(path: Path, ffmpeg: str) -> Contents:
    """Return the kinds of streams in a file and their lengths.

    Raises IntegrityFailure for a file that is cut short or cannot be read, or OSError.
    """
    return _contents_of_mp4(path) or _contents_by_ffmpeg(path, ffmpeg)


def _as_stated(played: list[float], info: Info, share: float) -> bool:
    """Return whether the file, its streams and most other formats are of one length (seconds)."""
    usual = agreed_seconds(formats_in(info) or chosen_formats(info))
    stated = [own_seconds(each) for each in chosen_formats(info)]
    known = [seconds for seconds in stated if seconds is not None]
    return usual is not None and bool(known) and _all_agree([*played, max(known)], usual, share)


def _is_complete(found: Contents, info: Info) -> bool:
    """Return whether two streams of unstated lengths came with all bytes and agree."""
    chosen = chosen_formats(info)
    is_stated = any(own_seconds(each) is not None for each in formats_in(info) or chosen)
    if is_stated or len(chosen) < 2 or not all(each.get("filesize") for each in chosen):
        return False
    return agree(min(found.seconds.values()), max(found.seconds.values()))


def _all_agree(lengths: list[float], expected: float, share: float) -> bool:
    return all(agree(each, expected, share) for each in lengths)


def require_playable(path: Path, ffmpeg: str | None) -> None:
    """Check that a file plays; without ffmpeg, a file that only ffmpeg could check passes.

    Raises IntegrityFailure, or OSError.
    """
    found = _contents_of_mp4(path)
    if found is None and ffmpeg is not None:
        found = _contents_by_ffmpeg(path, ffmpeg)
    if found is not None and not found.seconds:
        raise IntegrityFailure("it has no playable stream")


def header_of(path: Path, ffmpeg: str | None) -> Streams:
    """Return the streams of a file, without their codecs if it is an MP4.

    Raises IntegrityFailure if the file cannot be read, or is no MP4 and ffmpeg is missing; OSError.
    """
    found = _contents_of_mp4(path)
    if found is None:
        return streams_of(path, ffmpeg)
    if not found.seconds:
        raise IntegrityFailure(f"{path} has no stream that can be played")
    return Streams(frozenset(found.seconds), found.picture, seconds=max(found.seconds.values()))


def _judged(found: Contents, info: Info) -> list[float]:
    """Return the duration to compare with the video's: the longest stream's, in seconds.

    For streams whose bytes could not be counted, each stream's duration: in some videos the sound
    ends before the picture, but an interrupted transfer looks the same.
    """
    counted = all(each.get("filesize") for each in chosen_formats(info))
    seconds = list(found.seconds.values()) or [0.0]
    return [max(seconds)] if counted else seconds


# --- an MP4's index -----------------------------------------------------------------------------


def _contents_of_mp4(path: Path) -> Contents | None:
    """Return None for no MP4, or a fragmented one. Raises IntegrityFailure if it is cut short."""
    with open_regular(path) as file:
        size = file.seek(0, 2)
        outermost = list(_boxes_of_file(file, size))
        if not outermost or outermost[0][0] != b"ftyp":
            return None
        index = next((box for box in outermost if box[0] == b"moov"), None)
        if index is None or outermost[-1][2] > size:
            raise IntegrityFailure("the file is cut short")
        _, start, stop = index
        if stop - start > 256 * 2**20:
            return None
        file.seek(start)
        moov = memoryview(file.read(stop - start))
    if _find(moov, b"mvex") is not None:
        return None
    tracks = [moov[first:last] for name, first, last in _boxes(moov) if name == b"trak"]
    lengths = [(kind, seconds) for kind, seconds in map(_track, tracks) if kind and seconds]
    pictures = filter(None, map(_picture, tracks))
    # Of two streams of a kind, the longer one counts.
    return Contents(dict(sorted(lengths, key=itemgetter(1))), next(pictures, None))


def _boxes_of_file(file: BinaryIO, size: int) -> Iterator[Box]:
    """Return the outermost boxes; the last one may claim to end behind the file."""
    position = 0
    while position < size:
        file.seek(position)
        head = file.read(16)
        name, start, stop = _box(memoryview(head), position, size)
        yield name, start, stop
        position = stop


def _boxes(within: memoryview) -> Iterator[Box]:
    position = 0
    while position < len(within):
        name, start, stop = _box(within[position : position + 16], position, len(within))
        if stop > len(within):
            raise IntegrityFailure("the file's index is damaged")
        yield name, start, stop
        position = stop


def _box(head: memoryview, position: int, end: int) -> Box:
    """Return a box from its first 16 bytes: size 1 precedes the true size, 0 is "to the end"."""
    size, name, begin = int.from_bytes(head[:4]), bytes(head[4:8]), 8
    if size == 1:
        size, begin = int.from_bytes(head[8:16]), 16
    elif size == 0:
        size = end - position
    if len(head) < begin or size < begin:
        raise IntegrityFailure("the file is damaged or cut short")
    return name, position + begin, position + size


def _find(within: memoryview, *names: bytes) -> memoryview | None:
    """Return the content of the box at the path of nested names."""
    for name in names:
        found = next((box for box in _boxes(within) if box[0] == name), None)
        if found is None:
            return None
        within = within[found[1] : found[2]]
    return within


def _track(trak: memoryview) -> tuple[str | None, float]:
    """Return a track's kind (None if neither picture nor sound) and its duration in seconds."""
    handler = _find(trak, b"mdia", b"hdlr")
    header = _find(trak, b"mdia", b"mdhd")
    sizes = _find(trak, b"mdia", b"minf", b"stbl", b"stsz")
    if handler is None or header is None or sizes is None or not int.from_bytes(sizes[8:12]):
        return None, 0.0
    long = header[0] == 1
    scale, length = (header[20:24], header[24:32]) if long else (header[12:16], header[16:20])
    seconds = int.from_bytes(length) / (int.from_bytes(scale) or 1)
    return _KINDS.get(bytes(handler[8:12])), seconds


def _picture(trak: memoryview) -> tuple[int, int] | None:
    """Return the width and height of a track; None without a picture."""
    handler = _find(trak, b"mdia", b"hdlr")
    entries = _find(trak, b"mdia", b"minf", b"stbl", b"stsd")
    if handler is None or entries is None or bytes(handler[8:12]) != b"vide":
        return None
    # After version, number of entries and head of the first one: see ISO 14496-12, 12.1.
    size = (int.from_bytes(entries[40:42]), int.from_bytes(entries[42:44]))
    return size if all(size) else None


# --- anything else ------------------------------------------------------------------------------


def _contents_by_ffmpeg(path: Path, ffmpeg: str) -> Contents:
    try:
        output = printed_by_ffmpeg(
            ffmpeg, path, "-map", "0:V?", "-map", "0:a?", "-c", "copy", "-f", "null", "-",
            timeout=1800, check=True,
        )  # fmt: skip
    except subprocess.SubprocessError as error:
        raise IntegrityFailure("ffmpeg cannot read the file to its end") from error
    kinds = re.findall(r"Stream #0:\d+.*?: (Video|Audio): (?!.*\(attached pic\))", output)
    times = re.findall(r"time=(\d+):(\d+):([\d.]+)", output)
    hours, minutes, seconds = times[-1] if times else (0, 0, 0)
    played = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return Contents({kind.lower(): played for kind in kinds})
