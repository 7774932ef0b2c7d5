"""Writes a media file in another form, with what is embedded, by one call of ffmpeg.

The picture is always copied. Sound is copied if the format has its codec, and otherwise converted.
"""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ytarchive.common.errors import IntegrityFailure
from ytarchive.common.media_formats import AudioFormat, Container
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality
from ytarchive.media.embedding import Extras, SoundTrack
from ytarchive.media.ffmpeg import FILES_ALONE
from ytarchive.media.formats import agree
from ytarchive.media.inspection import contents_of
from ytarchive.media.language_codes import three_letters
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
_CAPTIONS = {"mp4": "mov_text", "mkv": "srt", "webm": "webvtt"}
_COVERS = {"mp4", "m4a", "mkv", "opus", "mp3"}
_AS_IT_IS = ("copy",)


class PackagingError(Exception):
    """ffmpeg could not write the file, or wrote another one than was requested."""


@dataclass(frozen=True)
class Package:
    """The form of a media file."""

    format: str
    """The suffix of the file, as `mkv`."""
    sound_alone: bool = False
    encoder: Sequence[str] = _AS_IT_IS
    """ffmpeg's arguments for the sound."""
    extras: Extras = field(default_factory=Extras)

    @property
    def suffix(self) -> str:
        """Return the suffix with its dot."""
        return f".{self.format}"

    @property
    def copies(self) -> bool:
        """Return whether no stream is converted."""
        return self.encoder == _AS_IT_IS

    def keeps(self, media: Path) -> bool:
        """Return whether a file has this form already."""
        return self.suffix == media.suffix and self.copies and not self.extras

    def with_extras(self, extras: Extras) -> tuple["Package", list[str]]:
        """Return this form with what it can embed, and remarks about what it cannot."""
        remarks = []
        if extras.cover and self.format not in _COVERS:
            extras = replace(extras, cover=None)
            remarks.append(f"no cover, because {self.format} cannot have one")
        if extras.captions and self.format not in _CAPTIONS:
            extras = replace(extras, captions=())
            remarks.append(f"no embedded captions, because {self.format} cannot have them")
        return replace(self, extras=extras), remarks


def package_for(
    profile: ArchiveProfile, found: Streams, current: str, *, is_stored: bool = False
) -> tuple[Package, list[str]]:
    """Return the form that a profile requests for a file, and remarks about differences.

    `current`: the file's suffix without the dot, which stays if nothing else is requested.
    `is_stored`: it also stays if the requested container is not possible, instead of mkv.
    """
    if profile.quality is Quality.AUDIO or PICTURE not in found.kinds:
        return _of_sound(profile.audio_format, found, current), []
    wanted = profile.container or current
    obstacle = None if is_stored and wanted == current else _obstacle(wanted, found)
    if obstacle is None:
        return Package(wanted), []
    if is_stored:
        return Package(current), [f"stays {current}, because {obstacle}"]
    return Package(Container.MKV), [f"in mkv, because {obstacle}"]


def _obstacle(container: str, found: Streams) -> str | None:
    """Return why a container cannot have the streams of a file; None if it can."""
    if len(found.sound_codecs) > 1 and container != Container.MKV:
        return "of several sound tracks"
    if container == Container.WEBM and not _IN_WEBM.issuperset(found.codecs):
        return f"webm cannot have {' and '.join(found.codecs)}"
    return None


def _of_sound(wanted: AudioFormat | None, found: Streams, current: str) -> Package:
    if wanted is None or SOUND not in found.kinds:
        return Package(current, sound_alone=PICTURE not in found.kinds)
    copies = found.sound_codecs == (_SOUND_OF[wanted],)
    return Package(wanted, sound_alone=True, encoder=_AS_IT_IS if copies else _ENCODERS[wanted])


def write_package(source: Path, target: Path, package: Package, ffmpeg: str) -> None:
    """Write the streams of a file in another form, and check the result against the source.

    Raises PackagingError, or OSError.
    """
    command = [ffmpeg, *_command(source, target, package)]
    described = package.extras.written(for_ogg=package.format == AudioFormat.OPUS)
    try:
        subprocess.run(  # noqa: S603  # our own ffmpeg with fixed arguments
            command, input=described, capture_output=True, check=True, timeout=_MOST_SECONDS
        )
        _require_same(source, target, package, ffmpeg)
    except subprocess.SubprocessError as error:
        target.unlink(missing_ok=True)
        raise PackagingError(f"ffmpeg could not write {package.format}") from error
    except IntegrityFailure as error:
        target.unlink(missing_ok=True)
        raise PackagingError(f"the {package.format} is not complete: {error.message}") from error


def sound_arguments(tracks: Sequence[SoundTrack]) -> list[str]:
    """Return ffmpeg's arguments that name the sound tracks; the first one is played by default."""
    arguments = []
    for number, track in enumerate(tracks):
        name = f"-metadata:s:a:{number}"
        title = track.title.replace("\0", "")
        arguments += [name, f"language={three_letters(track.language)}", name, f"title={title}"]
        arguments += [f"-disposition:a:{number}", "0" if number else "default"]
    return arguments


def _named_sounds(tracks: Sequence[SoundTrack], form: str) -> list[str]:
    """Return ffmpeg's arguments for the names of the sound tracks in a format."""
    language = three_letters(tracks[0].language) if tracks else ""
    if form == AudioFormat.OPUS:  # the tags of the stream are those of the file: no name
        return ["-metadata:s:a:0", f"language={language}"] * bool(tracks)
    of_the_file = (
        ["-metadata", f"language={language}"] if tracks and form == AudioFormat.MP3 else []
    )
    return [*sound_arguments(tracks), *of_the_file]


def _command(source: Path, target: Path, package: Package) -> list[str]:
    """Return ffmpeg's arguments. The inputs: source, captions, cover, and the written tags."""
    extras, form = package.extras, package.format
    inputs = [source, *(each.path for each in extras.captions)]
    cover = extras.cover if form in {"mp4", "m4a", "mp3"} else None
    inputs += [cover] if cover else []
    described = str(len(inputs))
    has_tags = extras.tags or (form == AudioFormat.OPUS and extras.cover)
    return [
        *("-y", "-v", "error"),
        *(part for each in inputs for part in (*FILES_ALONE, "-i", f"file:{each}")),
        *(*FILES_ALONE, "-f", "ffmetadata", "-i", "pipe:0"),
        *(("-map", "0:a") if package.sound_alone else ("-map", "0:V?", "-map", "0:a?")),
        *_captions(source, package),
        *("-map_metadata", described if has_tags else "0"),
        *("-map_chapters", described if extras.chapters else "0"),
        *("-c:v", "copy", "-c:a", *package.encoder),
        *_named_sounds(extras.sounds, form),
        *(_cover(cover, len(inputs) - 1, package) if cover else ()),
        *(_attached(extras.cover) if form == "mkv" and extras.cover else ()),
        *(("-movflags", "+faststart") if form in {"mp4", "m4a"} else ()),
        *("-f", _MUXERS[form], f"file:{target}"),
    ]


def _captions(source: Path, package: Package) -> Iterator[str]:
    """Yield the arguments for captions: the embedded ones, or else those of the source."""
    codec = _CAPTIONS.get(package.format)
    if codec is None:
        return
    captions = package.extras.captions
    if not captions:
        yield from ("-map", "0:s?", "-c:s", "copy" if source.suffix == package.suffix else codec)
    for number, each in enumerate(captions):
        yield from ("-map", f"{number + 1}:s", f"-metadata:s:s:{number}", f"title={each.title}")
        yield from (f"-metadata:s:s:{number}", f"language={three_letters(each.language)}")
        yield from (f"-disposition:s:{number}", "0")
    if captions:
        yield from ("-c:s", codec)


def _cover(cover: Path, number: int, package: Package) -> list[str]:
    """Return the arguments for a cover that is a stream. `number`: of the input."""
    stream = "v:0" if package.sound_alone else "v:1"
    encoder = "copy" if cover.suffix in {".jpg", ".jpeg", ".png"} else "mjpeg"
    position = ("-map", f"{number}:v", f"-c:{stream}", encoder)
    named = (f"-metadata:s:{stream}", "comment=Cover (front)")
    return [*position, f"-disposition:{stream}", "attached_pic", *named]


def _attached(cover: Path) -> list[str]:
    """Return the arguments for a cover that is an attachment, as in Matroska."""
    kind = {".png": "png", ".webp": "webp"}.get(cover.suffix, "jpeg")
    named = ("-metadata:s:t", f"filename=cover{cover.suffix}")
    return ["-attach", f"file:{cover}", "-metadata:s:t", f"mimetype=image/{kind}", *named]


def _require_same(source: Path, target: Path, package: Package, ffmpeg: str) -> None:
    before, after = contents_of(source, ffmpeg).seconds, contents_of(target, ffmpeg).seconds
    kinds = {SOUND} if package.sound_alone else set(before)
    if set(after) != kinds:
        raise IntegrityFailure(f"it has {', '.join(after) or 'nothing'}")
    if not agree(max(after.values()), max(before[kind] for kind in kinds)):
        raise IntegrityFailure(
            f"it plays {max(after.values()):.0f} of {max(before.values()):.0f} seconds"
        )
