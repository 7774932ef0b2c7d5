"""Writes the streams of a media file into another container or format, by one call of ffmpeg.

The picture is always copied. Sound is copied if the format has its codec, and otherwise converted.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ytarchive.common.errors import IntegrityFailure
from ytarchive.common.media_formats import AudioFormat, Container
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality
from ytarchive.media.ffmpeg import FILES_ALONE
from ytarchive.media.formats import agree
from ytarchive.media.inspection import contents_of
from ytarchive.media.streams import PICTURE, SOUND, Streams

_MOST_SECONDS = 4 * 3600
_MUXERS = {"mp4": "mp4", "m4a": "ipod", "mkv": "matroska", "webm": "webm", "opus": "opus",
           "mp3": "mp3"}  # fmt: skip
_SOUND_OF = {AudioFormat.M4A: "aac", AudioFormat.OPUS: "opus", AudioFormat.MP3: "mp3"}
_ENCODERS = {
    AudioFormat.M4A: ("aac", "-b:a", "192k"),
    AudioFormat.OPUS: ("libopus", "-b:a", "128k"),
    AudioFormat.MP3: ("libmp3lame", "-q:a", "2"),
}
_IN_WEBM = {"vp8", "vp9", "av1", "opus", "vorbis"}


class PackagingError(Exception):
    """ffmpeg could not write the file, or wrote another one than was requested."""


@dataclass(frozen=True)
class Package:
    """The form of a media file."""

    format: str
    """The suffix of the file, as `mkv`."""
    sound_alone: bool = False
    encoder: Sequence[str] = ("copy",)
    """ffmpeg's arguments for the sound."""

    @property
    def suffix(self) -> str:
        """Return the suffix with its dot."""
        return f".{self.format}"

    def keeps(self, media: Path) -> bool:
        """Return whether a file has this form already."""
        return self.suffix == media.suffix and tuple(self.encoder) == ("copy",)


def package_for(profile: ArchiveProfile, found: Streams, current: str) -> tuple[Package, list[str]]:
    """Return the form that a profile requests for a file, and remarks about differences.

    `current`: the file's suffix without the dot, which stays if nothing else is requested.
    """
    if profile.quality is Quality.AUDIO or PICTURE not in found.kinds:
        return _of_sound(profile.audio_format, found, current), []
    wanted = profile.container or current
    if wanted == Container.WEBM and not _IN_WEBM.issuperset(found.codecs):
        codecs = " and ".join(found.codecs)
        return Package(Container.MKV), [f"in mkv, because webm cannot have {codecs}"]
    return Package(wanted), []


def _of_sound(wanted: AudioFormat | None, found: Streams, current: str) -> Package:
    if wanted is None or SOUND not in found.kinds:
        return Package(current)
    copies = found.sound_codecs == (_SOUND_OF[wanted],)
    return Package(wanted, sound_alone=True, encoder=("copy",) if copies else _ENCODERS[wanted])


def write_package(source: Path, target: Path, package: Package, ffmpeg: str) -> None:
    """Write the streams of a file in another form, and check the result against the source.

    Raises PackagingError, or OSError.
    """
    try:
        subprocess.run(  # noqa: S603  # our own ffmpeg with fixed arguments
            [ffmpeg, *_command(source, target, package)],
            capture_output=True, check=True, timeout=_MOST_SECONDS,
        )  # fmt: skip
        _require_same(source, target, package, ffmpeg)
    except subprocess.SubprocessError as error:
        target.unlink(missing_ok=True)
        raise PackagingError(f"ffmpeg could not write {package.format}") from error
    except IntegrityFailure as error:
        target.unlink(missing_ok=True)
        raise PackagingError(f"the {package.format} is not complete: {error.message}") from error


def _command(source: Path, target: Path, package: Package) -> list[str]:
    streams = ["-map", "0:a"] if package.sound_alone else ["-map", "0:V?", "-map", "0:a?"]
    is_mp4 = package.format in {Container.MP4, AudioFormat.M4A}
    return [
        *("-y", "-v", "error", "-nostdin", *FILES_ALONE, "-i", f"file:{source}"),
        *(*streams, "-c", "copy", "-c:a", *package.encoder),
        *(("-movflags", "+faststart") if is_mp4 else ()),
        *("-f", _MUXERS[package.format], f"file:{target}"),
    ]


def _require_same(source: Path, target: Path, package: Package, ffmpeg: str) -> None:
    before, after = contents_of(source, ffmpeg).seconds, contents_of(target, ffmpeg).seconds
    kinds = {SOUND} if package.sound_alone else set(before)
    if set(after) != kinds:
        raise IntegrityFailure(f"it has {', '.join(after) or 'nothing'}")
    if not agree(max(after.values()), max(before[kind] for kind in kinds)):
        raise IntegrityFailure(
            f"it plays {max(after.values()):.0f} of {max(before.values()):.0f} seconds"
        )
