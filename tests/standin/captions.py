"""Captions: the tracks that the player lists, and what `/api/timedtext` answers for them."""

import json
from collections.abc import Callable
from typing import Any

from .catalogue import Video

_LINES = 4
_LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "ja": "Japanese"}


def caption_codes(video: Video) -> set[str]:
    """Return the language codes of all tracks of a video."""
    return {track["languageCode"] for track in _tracks(video)}


def captions_of(video: Video) -> dict[str, Any]:
    """Build the player's `captions`."""
    tracks = [_described(video, track) for track in _tracks(video)]
    translations = [
        {"languageCode": code, "languageName": {"simpleText": name}}
        for code, name in _LANGUAGES.items()
    ]
    return {
        "playerCaptionsTracklistRenderer": {
            "captionTracks": tracks,
            "translationLanguages": translations if tracks else [],
        }
    }


def _tracks(video: Video) -> list[dict[str, Any]]:
    if video.tracks is not None:
        return list(video.tracks)
    made = [{"languageCode": code} for code in video.captions]
    return made + [{"languageCode": code, "kind": "asr"} for code in video.automatic_captions]


def _described(video: Video, track: dict[str, Any]) -> dict[str, Any]:
    language, automatic = track["languageCode"], track.get("kind") == "asr"
    kind = "&kind=asr" if automatic else ""
    name = _LANGUAGES.get(language, language) + (" (auto-generated)" if automatic else "")
    described: dict[str, Any] = {
        "baseUrl": f"https://www.youtube.com/api/timedtext?v={video.id}&lang={language}{kind}",
        "name": {"simpleText": name},
        "vssId": ("a." if automatic else ".") + language,
        "isTranslatable": True,
        "trackName": "",
    }
    return described | track


def _clock(second: int, comma: str) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}{comma}000"


def _words(language: str, second: int) -> str:
    return f"Stand-in caption {second + 1} ({language})"


def _vtt(language: str) -> str:
    cues = "".join(
        f"{_clock(n, '.')} --> {_clock(n + 1, '.')}\n{_words(language, n)}\n\n"
        for n in range(_LINES)
    )
    return f"WEBVTT\nKind: captions\nLanguage: {language}\n\n{cues}"


def _srt(language: str) -> str:
    return "".join(
        f"{n + 1}\n{_clock(n, ',')} --> {_clock(n + 1, ',')}\n{_words(language, n)}\n\n"
        for n in range(_LINES)
    )


def _json3(language: str) -> str:
    events = [
        {"tStartMs": n * 1000, "dDurationMs": 1000, "segs": [{"utf8": _words(language, n)}]}
        for n in range(_LINES)
    ]
    return json.dumps({"wireMagic": "pb3", "events": events})


def _xml(language: str) -> str:
    lines = "".join(
        f'<text start="{n}" dur="1">{_words(language, n)}</text>' for n in range(_LINES)
    )
    return f'<?xml version="1.0" encoding="utf-8" ?><transcript>{lines}</transcript>'


def _rolling_vtt(language: str) -> str:
    """Make captions as YouTube's recogniser: each cue repeats a line and adds one, word by word."""
    cues, shown = "", " "
    for n in range(_LINES):
        first, *others = _words(language, n).split(" ")
        spoken = "".join(
            f"<{_clock(n, '.')[:-3]}{place * 150:03}><c> {word}</c>"
            for place, word in enumerate(others, 1)
        )
        end = f"{_clock(n, '.')[:-3]}990"
        place = " align:start position:0%"
        cues += f"{_clock(n, '.')} --> {end}{place}\n{shown}\n{first}{spoken}\n\n"
        shown = _words(language, n)
        cues += f"{end} --> {_clock(n + 1, '.')}{place}\n{shown}\n \n\n"
    return f"WEBVTT\nKind: captions\nLanguage: {language}\n\n{cues}"


def _rolling_json3(language: str) -> str:
    events: list[dict[str, Any]] = [{"tStartMs": 0, "dDurationMs": 4000, "id": 1}]
    for n in range(_LINES):
        words = [
            {"utf8": f"{' ' * bool(place)}{word}", "tOffsetMs": place * 150}
            for place, word in enumerate(_words(language, n).split(" "))
        ]
        begin = {"tStartMs": n * 1000, "wWinId": 1}
        events.append(begin | {"dDurationMs": 2000, "segs": words})
        events.append(begin | {"dDurationMs": 10, "aAppend": 1, "segs": [{"utf8": "\n"}]})
    return json.dumps({"wireMagic": "pb3", "events": events})


_ROLLING: dict[str, tuple[Callable[[str], str], str]] = {
    "vtt": (_rolling_vtt, "text/vtt"),
    "json3": (_rolling_json3, "application/json"),
}
_MAKERS: dict[str, tuple[Callable[[str], str], str]] = {
    "vtt": (_vtt, "text/vtt"),
    "srt": (_srt, "text/plain"),
    "json3": (_json3, "application/json"),
}


def captions(language: str, form: str, *, rolls: bool = False) -> tuple[bytes, str]:
    """Return captions and their media type; an unknown form gets the oldest XML one.

    `rolls`: as the automatic ones do.
    """
    makers = _MAKERS | (_ROLLING if rolls else {})
    maker, media_type = makers.get(form, (_xml, "text/xml"))
    return maker(language).encode(), media_type
