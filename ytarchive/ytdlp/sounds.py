"""Finds the original sound of a video, or the sound in a requested language.

yt-dlp's `language_preference` is 10 for a track called "original", 5 for the default one (which
YouTube chooses by the viewer's language), -10 for a description for blind people, else -1.
"""

import re
from enum import IntEnum

from ytarchive.common.languages import distance
from ytarchive.media import Info, has_picture, has_sound, note_of, xtags

_ORIGINAL, _DEFAULT, _DESCRIPTIVE = 10, 5, -10
_DESCRIBED = "-desc"
_REMARKS = re.compile(r"\(?\b(default|original|descriptive)\b\)?", re.IGNORECASE)


class Kind(IntEnum):
    """The kind of a sound track, as stated by YouTube; higher values are preferred."""

    DESCRIPTION = 0
    DUB = 1
    UNMARKED = 2
    ORIGINAL = 3


def kind_of(sound: Info) -> Kind:
    """Return the kind of a sound track."""
    content, preference = xtags(sound).get("acont", ""), sound.get("language_preference") or 0
    note = note_of(sound).lower()
    if content == "descriptive" or preference <= _DESCRIPTIVE or "descriptive" in note:
        return Kind.DESCRIPTION
    if content == "original" or preference >= _ORIGINAL or "original" in note:
        return Kind.ORIGINAL
    return Kind.DUB if content else Kind.UNMARKED


def is_original(sound: Info) -> bool:
    """Return whether YouTube marks a sound track as the original one."""
    return kind_of(sound) is Kind.ORIGINAL


def is_opus(sound: Info) -> bool:
    """Return whether a sound track is in Opus."""
    return str(sound.get("acodec")).startswith("opus")


def language_of(sound: Info) -> str | None:
    """Return the language code of a sound track; None if it is not known."""
    code = sound.get("language")
    return str(code) if code else None


def name_of(sound: Info) -> str:
    """Return a sound track's name for display: `German (de)`, or its code without a name."""
    code = language_of(sound) or "an unknown language"
    name = _REMARKS.sub("", note_of(sound).partition(",")[0])
    is_name = name[:1].isupper()  # without one, the note begins with the quality: `medium`
    return f"{' '.join(name.split())} ({code})" if is_name else code


def several_languages(formats: list[Info]) -> bool:
    """Return whether a video has sound tracks that differ in more than their encoding."""
    sounds = [each for each in formats if has_sound(each) and not has_picture(each)]
    return len({(language_of(each), kind_of(each)) for each in sounds}) > 1


class SoundChoice:
    """Compares the sounds of one video: those in the requested language come first.

    Without a requested language, or if no track has it, the original is chosen. If no track is
    marked as original, it is a track without a language in its URL, then YouTube's default.
    """

    def __init__(
        self, formats: list[Info], requested: str | None, *, prefers_opus: bool = False
    ) -> None:
        sounds = [each for each in formats if has_sound(each)]
        self._requested = requested
        self._prefers_opus = prefers_opus
        self.is_granted = any(self._distance(each) is not None for each in sounds)
        self._original = max(sounds, key=self._is_likely, default=None)

    def fits(self, sound: Info) -> bool:
        """Return whether a sound is in the requested language."""
        if self.is_granted:
            return self._distance(sound) is not None
        best = self._original
        if best is None or _evidence(sound) == _evidence(best):
            return True
        is_open = kind_of(best) is Kind.ORIGINAL or has_picture(sound)
        same = language_of(best) is None or language_of(sound) in {None, language_of(best)}
        return kind_of(sound) >= Kind.UNMARKED and is_open and same

    def rank(self, sound: Info) -> tuple[object, ...]:
        """Return a key that is larger for the better sound, for sounds with equal `fits`."""
        far = self._distance(sound) if self.is_granted else None
        return (
            -(far or 0),
            *_evidence(sound),
            not _is_compressed(sound),
            self._prefers_opus and is_opus(sound),
            sound.get("quality") or -1,
            sound.get("ext") in {"m4a", "mp4"},
        )

    def _distance(self, sound: Info) -> int | None:
        code = language_of(sound)
        if self._requested is None or code is None:
            return None
        is_described = kind_of(sound) is Kind.DESCRIPTION
        if is_described is not self._requested.lower().endswith(_DESCRIBED):
            return None
        return distance(self._requested, code)

    @staticmethod
    def _is_likely(sound: Info) -> tuple[object, ...]:
        return kind_of(sound), not has_picture(sound), *_evidence(sound)


def _evidence(sound: Info) -> tuple[int, bool, bool]:
    """Return the strength of the evidence that a sound is the original."""
    kind = kind_of(sound)
    if kind is not Kind.UNMARKED:
        return kind, False, False
    is_default = (sound.get("language_preference") or 0) >= _DEFAULT
    return kind, "lang" not in xtags(sound), is_default


def _is_compressed(sound: Info) -> bool:
    """Return whether the dynamic range was compressed by YouTube (DRC)."""
    return xtags(sound).get("drc") == "1" or "DRC" in note_of(sound)
