"""Chooses the streams of a video: the requested sound, then the nearest picture.

yt-dlp sorts by quality before language, and by pixels instead of YouTube's labels; its order is
used only between formats of equal rank here.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Self

from ytarchive.common.media_formats import AudioFormat, Container, VideoCodec
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality
from ytarchive.media import (
    Info,
    agreed_seconds,
    has_picture,
    has_sound,
    is_hdr,
    is_upscaled,
    label_of,
    own_seconds,
)
from ytarchive.ytdlp.sounds import SoundChoice, kind_of, language_of

_NUMBERED = re.compile(r"(.+)-\d+")
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{1,40}")
_DAMAGED = -10


@dataclass(frozen=True)
class Wanted:
    """The streams that a download requests."""

    quality: Quality = Quality.BEST
    audio_language: str | None = None
    audio_format: AudioFormat | None = None
    container: Container | None = None
    video_codec: VideoCodec = VideoCodec.ANY
    max_fps: int | None = None
    hdr: bool = True
    all_audio_tracks: bool = False

    @classmethod
    def by(cls, profile: ArchiveProfile) -> Self:
        """Return the streams that a profile requests."""
        return cls(**{each.name: getattr(profile, each.name) for each in fields(cls)})

    @property
    def converts_sound(self) -> bool:
        """Return whether the sound is stored alone, in a format that was requested."""
        return self.quality is Quality.AUDIO and self.audio_format is not None

    @property
    def prefers_opus(self) -> bool:
        """Return whether only sound in Opus can be stored as requested without conversion."""
        if self.quality is Quality.AUDIO:
            return self.audio_format is AudioFormat.OPUS
        return self.container is Container.WEBM


def choose(formats: list[Info], wanted: Wanted) -> str:
    """Return the ids of the formats to fetch, as `137+140`; empty if there is nothing to fetch."""
    return "+".join(str(each["format_id"]) for each in chosen_of(formats, wanted))


def chosen_of(formats: list[Info], wanted: Wanted) -> list[Info]:
    """Return the formats to fetch: picture and sound, or one that has both; empty without media.

    `formats` are in yt-dlp's order, the worst first.
    """
    playable = [each for each in formats if has_picture(each) or has_sound(each)]
    choice = _Choice(playable, wanted)
    found = max(choice.candidates(), key=choice.rank, default=[])
    if wanted.all_audio_tracks and wanted.quality is not Quality.AUDIO:
        found = [*found, *choice.further_sounds(found)]
    return found


def name_by_language(formats: list[Info]) -> None:
    """Give tracks that share one of YouTube's numbers ids such as `140-de` in place of `140-1`.

    yt-dlp's numbers depend on the order of the answer. Unfinished files are named by these ids, and
    a transfer must not continue with another language.
    """
    names = [_name(each) for each in formats]
    counts = Counter(names)
    for each, name in zip(formats, names, strict=True):
        if counts[name] == 1:
            each["format_id"] = name


def _name(found: Info) -> str:
    given, language = str(found["format_id"]), language_of(found) or ""
    numbered = _NUMBERED.fullmatch(given)
    if numbered is None or (language and not _LANGUAGE.fullmatch(language)):
        return given
    return f"{numbered[1]}-{language}" if language else numbered[1]


def selector(ydl: Any, wanted: Wanted) -> Callable[[Info], Any]:
    """Return the `format` of one download for a YoutubeDL: called with all formats of a video."""

    def select(context: Info) -> Any:
        name_by_language(context["formats"])
        chosen = choose(context["formats"], wanted)
        return ydl.build_format_selector(chosen)(context) if chosen else []

    return select


def _track(sound: Info) -> tuple[str, int]:
    return language_of(sound) or "", kind_of(sound)


class _Choice:
    def __init__(self, formats: list[Info], wanted: Wanted) -> None:
        self._formats = formats
        self._wants_sound_alone = wanted.quality is Quality.AUDIO
        self._ceiling = wanted.quality.height
        self._wanted = wanted
        self._sounds = SoundChoice(formats, wanted.audio_language, prefers_opus=wanted.prefers_opus)
        self._seconds = agreed_seconds(formats)
        self._order = {id(each): position for position, each in enumerate(formats)}

    def candidates(self) -> list[list[Info]]:
        """Return all possible downloads: picture and sound, or one format with both."""
        pictures = [each for each in self._formats if has_picture(each)]
        sounds = [each for each in self._formats if not has_picture(each)]
        sound = max(sounds, key=self._sound_key, default=None)
        sound_only = [sound] if sound else []
        made = [[each] if has_sound(each) else [each, *sound_only] for each in pictures]
        return [sound_only, *made] if sound_only and (self._wants_sound_alone or not made) else made

    def further_sounds(self, found: list[Info]) -> list[Info]:
        """Return the best sound of each other language and kind, the original first."""
        sounds = [each for each in self._formats if not has_picture(each)]
        taken = {_track(each) for each in found if has_sound(each)}
        best: dict[tuple[str, int], Info] = {}
        for each in sorted(sounds, key=self._sound_key):
            best[_track(each)] = each
        others = sorted((track for track in best if track not in taken), key=lambda each: each[0])
        return [best[track] for track in sorted(others, key=lambda each: -each[1])]

    def rank(self, candidate: list[Info]) -> tuple[Any, ...]:
        """Return a key that is larger for the better of two downloads."""
        sound = next(filter(has_sound, candidate), None)
        picture = next(filter(has_picture, candidate), None)
        return (
            sound is not None,
            sound is not None and self._sounds.fits(sound),
            picture is None,
            self._picture_key(picture) if picture else (),
        )

    def _sound_key(self, sound: Info) -> tuple[Any, ...]:
        fits, order = self._sounds.fits(sound), self._order[id(sound)]
        return fits, self._preference(sound), *self._sounds.rank(sound), order

    def _picture_key(self, picture: Info) -> tuple[Any, ...]:
        label = label_of(picture, self._formats)
        lines = int(label[:-1]) if label else 0
        fits = self._ceiling is None or lines <= self._ceiling
        return (
            self._preference(picture),
            not is_upscaled(picture),
            *self._limits_key(picture),
            fits,
            lines if fits else -lines,
            *self._codec_key(picture),
            picture.get("fps") or 0,
            picture.get("ext") == "mp4",
            self._order[id(picture)],
        )

    def _limits_key(self, picture: Info) -> tuple[bool, bool, float]:
        fps, most = picture.get("fps") or 0, self._wanted.max_fps
        fits = most is None or fps <= most
        return self._wanted.hdr or not is_hdr(picture), fits, 0 if fits else -fps

    def _codec_key(self, picture: Info) -> tuple[bool, bool]:
        codec = picture.get("vcodec")
        fits_webm = VideoCodec.VP9.is_of(codec) or VideoCodec.AV1.is_of(codec)
        return (
            self._wanted.video_codec.is_of(codec),
            self._wanted.container is Container.WEBM and fits_webm,
        )

    def _preference(self, found: Info) -> int:
        """Return yt-dlp's preference, without its check of the length of the whole video.

        That length may be wrong. A stream is damaged if it is much shorter than the others.
        """
        seconds, given = own_seconds(found), found.get("preference")
        if seconds is None or self._seconds is None:
            return -1 if given is None else int(given)
        if seconds < self._seconds // 2:
            return _DAMAGED
        return -1 if given is None or given == _DAMAGED else int(given)
