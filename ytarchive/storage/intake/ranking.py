"""Decides which of two media files of a video is better.

Everything here blocks; callers run it in a thread.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ytarchive.common.disk import os_errors
from ytarchive.common.errors import IntegrityFailure
from ytarchive.common.json_text import stored_json
from ytarchive.common.regular import NotRegularFile, read_regular
from ytarchive.media import (
    PICTURE,
    SOUND,
    Streams,
    ffmpeg_path,
    is_upscaled,
    quality_label,
    streams_of,
)
from ytarchive.storage.store.layout import is_sound_alone

_SAME_BITRATE = 1.25
"""Bitrates within this factor count as equal, because the output of encoders varies."""
_EFFICIENCY = {"av01": 1.8, "vp09": 1.4, "vp9": 1.4, "hev1": 1.5, "hvc1": 1.5, "opus": 1.3}
"""By codec: the number of bits in H.264 or AAC that match one bit in quality."""
_SMOOTH = 31.0
"""Frames per second above which motion counts as smooth."""


@dataclass(frozen=True)
class MediaFacts:
    """The properties by which media files are compared; None means unknown."""

    streams: frozenset[str] | None
    height: int | None = None
    fps: float | None = None
    is_hdr: bool | None = None
    is_uploaded: bool = True
    """Whether the picture has the uploaded size, not one upscaled by YouTube."""
    bitrate: float | None = None
    """kbit/s of a file in H.264 and AAC of the same quality."""

    @property
    def is_sound_alone(self) -> bool:
        """Return whether the file is known to have sound and no picture."""
        return self.streams is not None and PICTURE not in self.streams and SOUND in self.streams

    @property
    def label(self) -> str:
        """Return the quality in words: `720p`, `audio`."""
        if self.is_sound_alone:
            return "audio"
        return f"{self.height}p" if self.height else "unknown"


def facts_of(media: Path, info: Path | None, quality: str | None) -> MediaFacts:
    """Return the facts of a media file: from its `info.json`, or else from the file itself.

    `quality` is its registered quality. The facts of a damaged file are unknown. Raises FileFailure
    if the disk fails, since no decision is possible then.
    """
    described = _read(info) if info is not None else {}
    is_of_it = described.get("ext") in {None, media.suffix.removeprefix(".")}
    if is_of_it and (described.get("vcodec") or described.get("height")):
        return _described(described, media)
    return _inspected(media, quality)


def reason_to_keep(stored: MediaFacts, fetched: MediaFacts, *, replace: bool) -> str | None:
    """Return why the stored file is kept, in words; None if the fetched file replaces it.

    `replace`: accept a worse file, though never audio in place of video.
    """
    if fetched.is_sound_alone and not stored.is_sound_alone and stored.streams is not None:
        return "audio does not replace a video"
    if replace or (stored.is_sound_alone and not fetched.is_sound_alone):
        return None
    for name, worse in _comparisons(stored, fetched):
        if worse is not None:
            return f"the stored {stored.label} file is better: {name}" if worse else None
    return None


def _comparisons(stored: MediaFacts, fetched: MediaFacts) -> list[tuple[str, bool | None]]:
    """Return reasons and whether they hold; None if undecided. The first decision counts."""
    lost = stored.streams is not None and fetched.streams is not None
    silent = lost and SOUND in (stored.streams or ()) and SOUND not in (fetched.streams or ())
    motion = (_is_smooth(stored.fps), _is_smooth(fetched.fps))
    return [
        ("the fetched one has no sound", True if silent else None),
        (
            "the fetched one was upscaled by YouTube",
            _is_worse(stored.is_uploaded, fetched.is_uploaded),
        ),
        (f"the fetched one has {fetched.label}", _is_worse(stored.height, fetched.height)),
        ("the fetched one has fewer frames a second", _is_worse(*motion)),
        ("the fetched one has no HDR", _is_worse(stored.is_hdr, fetched.is_hdr)),
        ("the fetched one has a lower bitrate", _has_less(stored.bitrate, fetched.bitrate)),
    ]


def _is_worse(stored: float | None, fetched: float | None) -> bool | None:
    if stored is None or stored == fetched:
        return None
    return fetched is None or fetched < stored


def _has_less(stored: float | None, fetched: float | None) -> bool | None:
    if not stored or not fetched:
        return None
    if max(stored, fetched) <= _SAME_BITRATE * min(stored, fetched):
        return None
    return fetched < stored


def _is_smooth(fps: float | None) -> bool | None:
    return None if fps is None else fps > _SMOOTH


def _read(info: Path) -> dict[str, Any]:
    try:
        with os_errors(info):
            found = stored_json(_content(info))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _described(info: dict[str, Any], media: Path) -> MediaFacts:
    if is_sound_alone(media.name):
        return MediaFacts(frozenset({SOUND}), bitrate=_bitrate(info | {"vcodec": "none"}, media))
    label = quality_label(info)
    return MediaFacts(
        streams=frozenset(
            kind
            for kind, codec in ((PICTURE, "vcodec"), (SOUND, "acodec"))
            if info.get(codec) not in {None, "none"}
        ),
        height=int(label[:-1]) if label else None,
        fps=_number(info.get("fps")),
        is_hdr=_is_hdr(info.get("dynamic_range")),
        is_uploaded=not is_upscaled(info),
        bitrate=_bitrate(info, media),
    )


def _bitrate(info: dict[str, Any], media: Path) -> float | None:
    """Return the bitrate of the picture, or of the sound without one; else of the whole file."""
    kind, codec = (
        ("vbr", "vcodec") if info.get("vcodec") not in {None, "none"} else ("abr", "acodec")
    )
    announced = _number(info.get(kind)) or _number(info.get("tbr"))
    seconds = _number(info.get("duration"))
    if not announced and seconds:
        announced = media.stat().st_size * 8 / 1000 / seconds
    if not announced:
        return None
    return announced * _EFFICIENCY.get(str(info.get(codec)).partition(".")[0], 1.0)


def _is_hdr(dynamic_range: Any) -> bool | None:
    return dynamic_range.upper() != "SDR" if isinstance(dynamic_range, str) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _inspected(media: Path, quality: str | None) -> MediaFacts:
    height = int(quality[:-1]) if quality and quality[:-1].isdigit() else None
    if is_sound_alone(media.name):
        return MediaFacts(frozenset({SOUND}))
    try:
        with os_errors(media):
            found = _streams(media)
    except IntegrityFailure:
        return MediaFacts(frozenset({PICTURE}) if height else None, height)
    shorter_side = min(found.picture) if found.picture else None
    return MediaFacts(frozenset(found.kinds), height or shorter_side)


def _content(info: Path) -> bytes:
    try:
        return read_regular(info)
    except (FileNotFoundError, NotRegularFile):
        return b""


def _streams(media: Path) -> Streams:
    try:
        return streams_of(media, ffmpeg_path())
    except (FileNotFoundError, NotRegularFile) as error:
        raise IntegrityFailure(f"{media}: {error.strerror}") from error
