"""Captions in the formats that `/api/timedtext` offers."""

import json
from collections.abc import Callable

_LINES = 4


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


_MAKERS: dict[str, tuple[Callable[[str], str], str]] = {
    "vtt": (_vtt, "text/vtt"),
    "srt": (_srt, "text/plain"),
    "json3": (_json3, "application/json"),
}


def captions(language: str, form: str) -> tuple[bytes, str]:
    """Return captions and their media type; an unknown form gets the oldest XML one."""
    maker, media_type = _MAKERS.get(form, (_xml, "text/xml"))
    return maker(language).encode(), media_type
