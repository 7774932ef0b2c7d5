"""Decides which of two media files of a video is better."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ytarchive.common.disk import os_errors
from ytarchive.common.errors import IntegrityFailure, NotFound
from ytarchive.common.json_text import stored_json
from ytarchive.common.regular import NotRegularFile
from ytarchive.media import (
    PICTURE,
    SOUND,
    Streams,
    agree,
    ffmpeg_path,
    header_of,
    is_upscaled,
    quality_label,
)
from ytarchive.storage.store.layout import is_sound_alone
from ytarchive.storage.store.store_folder import StoreFolder, local_file

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
    seconds: float | None = None

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


async def facts_of(
    folder: StoreFolder, media: str, info: str | None, quality: str | None, scratch: Path
) -> MediaFacts:
    """Return the facts of a media file: its length, and the others from its `info.json`, if any.

    `quality` is its registered quality. `scratch`: for a temporary copy. The facts of a damaged
    file are unknown. Raises FileFailure if the disk fails, since no decision is possible then.
    """
    described = await _read(folder, info) if info is not None else {}
    try:
        async with local_file(folder.store, folder.key(media), scratch) as path:
            found = await asyncio.to_thread(_header, path)
    except (IntegrityFailure, NotFound):
        found = None
    if _is_of_it(described, media):
        size = (await folder.states([media]))[media].size or 0
        facts = _described(described, media, size)
        return replace(facts, seconds=found.seconds) if found and found.seconds else facts
    height = int(quality[:-1]) if quality and quality[:-1].isdigit() else None
    if found is not None:
        return _inspected(found, media, height)
    if is_sound_alone(media):
        return MediaFacts(frozenset({SOUND}))
    return MediaFacts(frozenset({PICTURE}) if height else None, height)


def facts_of_local(media: Path, size: int, described: dict[str, Any]) -> MediaFacts:
    """Return the facts of a file of this machine that is not in the archive. Blocks.

    `described`: its info. Raises IntegrityFailure or another LocalError.
    """
    if _is_of_it(described, media.name):
        return _described(described, media.name, size)
    if is_sound_alone(media.name):
        return MediaFacts(frozenset({SOUND}))
    return _inspected(_header(media), media.name)


def _is_of_it(described: dict[str, Any], media: str) -> bool:
    """Return whether an info describes the streams of a media file."""
    is_of_it = described.get("ext") in {None, PurePosixPath(media).suffix.removeprefix(".")}
    return is_of_it and bool(described.get("vcodec") or described.get("height"))


def _inspected(found: Streams, media: str, height: int | None = None) -> MediaFacts:
    if is_sound_alone(media):
        return MediaFacts(frozenset({SOUND}), seconds=found.seconds)
    shorter_side = min(found.picture) if found.picture else None
    return MediaFacts(found.kinds, height or shorter_side, seconds=found.seconds)


def reason_to_keep(stored: MediaFacts, fetched: MediaFacts, *, accept: bool) -> str | None:
    """Return why the stored file is kept, in words; None if the fetched file replaces it.

    `accept`: accept a worse file, though never audio in place of video.
    """
    if fetched.is_sound_alone and not stored.is_sound_alone and stored.streams is not None:
        return "audio does not replace a video"
    if accept:
        return None
    if _is_shorter(fetched.seconds, stored.seconds):
        played = f"{fetched.seconds:.0f} of {stored.seconds:.0f} seconds"
        return f"the fetched file plays {played}; --replace accepts it"
    if stored.is_sound_alone and not fetched.is_sound_alone:
        return None
    for name, worse in _comparisons(stored, fetched):
        if worse is not None:
            return f"the stored {stored.label} file is better: {name}" if worse else None
    return None


def _comparisons(stored: MediaFacts, fetched: MediaFacts) -> list[tuple[str, bool | None]]:
    """Return reasons and whether they hold; None if undecided. The first decision counts."""
    lost = stored.streams is not None and fetched.streams is not None
    lost_sound = lost and SOUND in (stored.streams or ()) and SOUND not in (fetched.streams or ())
    motion = (_is_smooth(stored.fps), _is_smooth(fetched.fps))
    return [
        ("the fetched one has no sound", True if lost_sound else None),
        (
            "the fetched one was upscaled by YouTube",
            _is_worse(stored.is_uploaded, fetched.is_uploaded),
        ),
        (f"the fetched one has {fetched.label}", _is_worse(stored.height, fetched.height)),
        ("the fetched one has fewer frames a second", _is_worse(*motion)),
        ("the fetched one has no HDR", _is_worse(stored.is_hdr, fetched.is_hdr)),
        ("the fetched one has a lower bitrate", _has_less(stored.bitrate, fetched.bitrate)),
    ]


def _is_shorter(fetched: float | None, stored: float | None) -> bool:
    """Return whether a file lacks a part of the stored one, by more than rounding explains."""
    return bool(fetched and stored and fetched < stored and not agree(fetched, stored))


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


async def _read(folder: StoreFolder, info: str) -> dict[str, Any]:
    if not (await folder.states([info]))[info].is_file:
        return {}
    try:
        found = stored_json(await folder.store.read(folder.key(info)))
    except (ValueError, NotFound):
        return {}
    return found if isinstance(found, dict) else {}


def _described(info: dict[str, Any], media: str, size: int) -> MediaFacts:
    """Return the facts in an `info.json`. `size`: of the media, in bytes."""
    if is_sound_alone(media):
        bitrate = _bitrate(info | {"vcodec": "none"}, size)
        return MediaFacts(
            frozenset({SOUND}), bitrate=bitrate, seconds=_number(info.get("duration"))
        )
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
        bitrate=_bitrate(info, size),
        seconds=_number(info.get("duration")),
    )


def _bitrate(info: dict[str, Any], size: int) -> float | None:
    """Return the bitrate of the picture, or of the sound without one; else of the whole file."""
    kind, codec = (
        ("vbr", "vcodec") if info.get("vcodec") not in {None, "none"} else ("abr", "acodec")
    )
    announced = _number(info.get(kind)) or _number(info.get("tbr"))
    seconds = _number(info.get("duration"))
    if not announced and seconds:
        announced = size * 8 / 1000 / seconds
    if not announced:
        return None
    return announced * _EFFICIENCY.get(str(info.get(codec)).partition(".")[0], 1.0)


def _is_hdr(dynamic_range: Any) -> bool | None:
    return dynamic_range.upper() != "SDR" if isinstance(dynamic_range, str) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _header(media: Path) -> Streams:
    with os_errors(media):
        try:
            return header_of(media, ffmpeg_path())
        except (FileNotFoundError, NotRegularFile) as error:
            raise IntegrityFailure(f"{media}: {error.strerror}") from error
