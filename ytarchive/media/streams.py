"""Which streams a media file has, and how large its picture is, as ffmpeg reads its header."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ytarchive.common.errors import IntegrityFailure
from ytarchive.media.ffmpeg import printed_by_ffmpeg

PICTURE = "video"
SOUND = "audio"

_SECONDS = 60
_STREAM = re.compile(r"Stream #0:\d+.*?: (Video|Audio): (.*)")
_SIZE = re.compile(r"\b(\d{2,5})x(\d{2,5})\b")
_DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", re.MULTILINE)
_CODEC = re.compile(r"^\w*")
_COVER = "(attached pic)"
_PAGE = re.compile(r"^ +(?:purl|comment) *: (https?://\S+)$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Streams:
    """The kinds of streams in a file, and width and height of its picture in pixels."""

    kinds: frozenset[str]
    picture: tuple[int, int] | None
    picture_codecs: tuple[str, ...] = ()
    sound_codecs: tuple[str, ...] = ()
    """ffmpeg's names, such as `h264` and `aac`, in the order of the streams."""
    seconds: float | None = None
    """The longest stream's duration; None if the header does not have it."""

    @property
    def codecs(self) -> tuple[str, ...]:
        """Return the codecs of all streams, the picture's first."""
        return (*self.picture_codecs, *self.sound_codecs)


def streams_of(path: Path, ffmpeg: str | None) -> Streams:
    """Return the streams of a file; a cover picture is no stream.

    Raises IntegrityFailure if ffmpeg is missing or cannot read the file, or OSError.
    """
    if ffmpeg is None:
        raise IntegrityFailure(f"{path} cannot be inspected without ffmpeg")
    header = _header(path, ffmpeg)
    found = [each for each in _STREAM.findall(header) if _COVER not in each[1]]
    if not found:
        raise IntegrityFailure(f"{path} has no stream that can be played")
    sizes = [size for kind, text in found if kind == "Video" and (size := _SIZE.search(text))]
    picture = (int(sizes[0][1]), int(sizes[0][2])) if sizes else None
    codecs = {kind: tuple(_CODEC.findall(text)[0] for each, text in found if each == kind)
              for kind in ("Video", "Audio")}  # fmt: skip
    kinds = frozenset(kind.lower() for kind, _ in found)
    return Streams(kinds, picture, codecs["Video"], codecs["Audio"], _seconds_in(header))


def _seconds_in(header: str) -> float | None:
    found = _DURATION.search(header)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else None


def pages_of(path: Path, ffmpeg: str) -> list[str]:
    """Return the addresses in a file's tags, where yt-dlp embeds the page of the video.

    Raises IntegrityFailure, or OSError.
    """
    return _PAGE.findall(_header(path, ffmpeg))


def _header(path: Path, ffmpeg: str) -> str:
    try:
        # Without an output ffmpeg prints what it found and exits with an error.
        return printed_by_ffmpeg(ffmpeg, path, timeout=_SECONDS, check=False)
    except subprocess.SubprocessError as error:
        raise IntegrityFailure(f"ffmpeg does not answer about {path}") from error
