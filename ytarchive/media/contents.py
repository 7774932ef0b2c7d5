"""Checks of side files: captions must parse as WebVTT, and a thumbnail must decode completely.

YouTube, or a proxy on the way, answers some requests with a web page, nothing, or part of a file,
under status 200. simplejpeg recognises complete JPEGs, which YouTube usually sends, without the
start of a program. ffmpeg, in a process that can be killed, decides about all other pictures.
"""

import functools
import re
import subprocess
from typing import Any

from ytarchive.common.json_text import read_json

LARGEST_FILE = 32 * 2**20
"""Bytes; the captions of a day-long video have about 10 MiB."""
_MAX_PIXELS = 64 * 2**20
_MAX_PIXELS_IN_PROCESS = 16 * 2**20
"""A progressive JPEG of this size needs 100 MiB of memory while it is decoded."""
_WEB_PAGE = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE)
_XML_CAPTIONS = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*<((?:\w+:)?(?:tt|timedtext|transcript))[\s>]"
)
_LINE_END = re.compile(r"\r\n|\r|\n")
_SIGNATURE = re.compile(r"WEBVTT(?:[ \t].*)?")
_TIME = r"(?:\d{2,}:)?[0-5]\d:[0-5]\d\.\d{3}"
_TIMING = re.compile(rf"\s*{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t].*)?")
_JPEG, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_STRICT = ("-v", "error", "-xerror", "-err_detect", "explode", "-max_pixels", str(_MAX_PIXELS))
_TO_JPEG = ("-frames:v", "1", "-f", "mjpeg", "-q:v", "2", "pipe:1")
_TO_NOTHING = ("-frames:v", "1", "-f", "null", "-")


class ContentError(ValueError):
    """What arrived is not the file that was requested."""


def require_captions(content: bytes) -> None:
    """Check that bytes are WebVTT in UTF-8 with at least one cue. Raises ContentError."""
    _require_something(content)
    try:
        lines = _LINE_END.split(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ContentError("YouTube sent captions that are not UTF-8") from error
    timings = [line for line in lines if "-->" in line]
    if not _SIGNATURE.fullmatch(lines[0]) or "\0" in "".join(lines):
        raise ContentError("YouTube sent something that is not WebVTT")
    if not timings:
        raise ContentError("YouTube sent captions without a cue")
    if not all(map(_TIMING.fullmatch, timings)):
        raise ContentError("YouTube sent captions that are damaged or cut short")


def require_json_captions(content: bytes) -> None:
    """Check that bytes are captions in YouTube's JSON format with a line. Raises ContentError."""
    _require_something(content)
    try:
        document = read_json(content)
    except ValueError as error:
        raise ContentError("YouTube sent captions that are not JSON, or cut short") from error
    events = document.get("events") if isinstance(document, dict) else None
    if not isinstance(events, list) or not any(isinstance(each, dict) for each in events):
        raise ContentError("YouTube sent captions without a line")


def require_xml_captions(content: bytes) -> None:
    """Check that bytes are captions in TTML or YouTube's XML formats. Raises ContentError."""
    opening = _XML_CAPTIONS.match(content)
    if opening is None:
        _require_something(content)
        raise ContentError("YouTube sent something that is not captions in XML")
    if len(content) > LARGEST_FILE or not content.rstrip().endswith(b"</" + opening[1] + b">"):
        raise ContentError("YouTube sent captions that are too long, or cut short")


def as_jpeg(image: bytes, ffmpeg: str) -> bytes:
    """Decode a JPEG, PNG or WebP completely; return a JPEG as it is, others as a new JPEG.

    Raises ContentError.
    """
    _require_something(image)
    is_jpeg, demuxer = image.startswith(_JPEG), _demuxer(image)
    if demuxer is None:
        raise ContentError("YouTube sent something that is not an image")
    if is_jpeg and not image.rstrip(b"\0\r\n").endswith(_JPEG_END):
        raise ContentError("YouTube sent an image that is cut short")
    if is_jpeg and _decodes_without_warning(image):
        return image
    source = ("-protocol_whitelist", "pipe", "-f", demuxer, "-i", "pipe:0")
    command = [ffmpeg, *_STRICT, *source, *(_TO_NOTHING if is_jpeg else _TO_JPEG)]
    try:
        made = subprocess.run(  # noqa: S603  # our own ffmpeg with fixed arguments
            command, input=image, capture_output=True, check=True, timeout=20
        ).stdout
    except subprocess.SubprocessError as error:
        raise ContentError("YouTube sent an image that is damaged or cut short") from error
    return image if is_jpeg else made


@functools.cache
def jpeg_decoder() -> Any:
    """Return the module simplejpeg, or None on a system without a ready package of it.

    Workers and pictures of channels need it, and numpy takes 75 ms to load, so it is not imported
    with this module.
    """
    try:
        import simplejpeg  # noqa: PLC0415  # see above
    except ImportError:
        return None
    return simplejpeg


def _decodes_without_warning(jpeg: bytes) -> bool:
    """Return whether simplejpeg reads all coefficients of a JPEG; it makes a small picture of them.

    `strict` makes libjpeg's warnings errors: libjpeg fills missing parts of a picture in grey.
    """
    if (decoder := jpeg_decoder()) is None:
        return False
    try:
        height, width, *_ = decoder.decode_jpeg_header(jpeg)
        if height * width > _MAX_PIXELS_IN_PROCESS:
            return False
        decoder.decode_jpeg(jpeg, "GRAY", min_height=1, min_width=1, strict=True)
    except ValueError:
        return False
    return True


def _require_something(content: bytes) -> None:
    if not content:
        raise ContentError("YouTube sent an empty file")
    if len(content) > LARGEST_FILE:
        raise ContentError(f"YouTube sent more than {LARGEST_FILE // 2**20} MiB")
    if _WEB_PAGE.match(content):
        raise ContentError("YouTube sent a web page instead")


def _demuxer(image: bytes) -> str | None:
    """Return ffmpeg's reader for an image; naming it keeps ffmpeg from guessing others."""
    if image.startswith(_JPEG):
        return "jpeg_pipe"
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png_pipe"
    return "webp_pipe" if image[:4] == b"RIFF" and image[8:12] == b"WEBP" else None
