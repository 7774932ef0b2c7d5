"""What is taken of a video beside its media, read from yt-dlp's info: captions and thumbnail."""

import re
from typing import Any
from urllib.parse import urlsplit

Info = dict[str, Any]

_LANGUAGE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_IMAGE_HOSTS = ("ytimg.com", "ggpht.com", "googleusercontent.com")
_MOST_THUMBNAILS = 6


def quality_label(info: Info) -> str | None:
    """The picture that a format (or a merge of formats) has, as `720p`; None for audio alone."""
    sides = [side for side in (info.get("width"), info.get("height")) if side]
    return f"{min(sides)}p" if sides and info.get("vcodec") != "none" else None


def select_captions(info: Info, languages: list[str], *, automatic: bool) -> dict[str, Info]:
    """Language code -> the track to fetch, for each wanted language that there is.

    Captions made by people come first: the exact language, then a regional variant of it (`en-US`
    for `en`). Automatic ones are taken only when asked for.
    """
    chosen: dict[str, Info] = {}
    for wanted in languages:
        tables = [info.get("subtitles") or {}]
        if automatic:
            tables.append(info.get("automatic_captions") or {})
        found = next(filter(None, (_language(table, wanted) for table in tables)), None)
        if found:
            code, track = found
            chosen.setdefault(code, track)
    return chosen


def _language(table: dict[str, list[Info]], wanted: str) -> tuple[str, Info] | None:
    variants = sorted(code for code in table if code.lower().startswith(wanted.lower() + "-"))
    for code in [wanted, *variants]:
        track = next((each for each in table.get(code) or [] if each.get("ext") == "vtt"), None)
        if track and _LANGUAGE.fullmatch(code):
            return code, track
    return None


def thumbnail_urls(info: Info) -> list[str]:
    """Addresses to try, best first: JPEGs, because they need no conversion, then all others.

    Only YouTube's own image servers are asked.
    """
    ranked = sorted(
        info.get("thumbnails") or [], key=lambda each: each.get("preference") or 0, reverse=True
    )
    urls = [each["url"] for each in ranked if _is_image_host(each.get("url") or "")]
    jpegs = [url for url in urls if urlsplit(url).path.endswith((".jpg", ".jpeg"))]
    return list(dict.fromkeys([*jpegs[:_MOST_THUMBNAILS], *urls[:_MOST_THUMBNAILS]]))


def _is_image_host(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" and any(
        host == known or host.endswith("." + known) for known in _IMAGE_HOSTS
    )


def caption_languages(info: Info) -> list[str]:
    """The languages of captions made by people; the live chat is none."""
    return sorted(code for code in info.get("subtitles") or {} if _is_caption(code, info))


def _is_caption(code: str, info: Info) -> bool:
    return any(track.get("ext") == "vtt" for track in info["subtitles"][code] or [])
