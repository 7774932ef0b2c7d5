"""Converts yt-dlp's info to the offered formats."""

from typing import Any

from ytarchive.download.api import VideoFormat, VideoFormats
from ytarchive.media import has_picture, has_sound, is_upscaled, label_of
from ytarchive.ytdlp import is_original, language_of

Info = dict[str, Any]


def offered(info: Info) -> VideoFormats:
    """Return what YouTube offers of a video: media only, no storyboards."""
    media = [each for each in info.get("formats") or [] if has_picture(each) or has_sound(each)]
    formats = [_format(each, media) for each in media]
    uploaded = _qualities([each for each in formats if not each.is_upscaled])
    return VideoFormats(
        video_id=info["id"],
        title=info.get("title") or "",
        qualities=uploaded or _qualities(formats),
        audio_languages=_audio_languages(media),
        formats=formats,
        captions=_languages(info.get("subtitles")),
        automatic_captions=_languages(info.get("automatic_captions")),
    )


def _qualities(formats: list[VideoFormat]) -> list[str]:
    lines = {int(each.quality[:-1]) for each in formats if each.quality}
    return [f"{height}p" for height in sorted(lines, reverse=True)]


def _audio_languages(media: list[Info]) -> list[str]:
    """Return the languages of the sound, the original first."""
    ranked = sorted(filter(has_sound, media), key=is_original, reverse=True)
    return list(dict.fromkeys(filter(None, map(language_of, ranked))))


def _format(found: Info, media: list[Info]) -> VideoFormat:
    return VideoFormat(
        format_id=str(found["format_id"]),
        extension=found.get("ext") or "",
        quality=label_of(found, media),
        width=found.get("width"),
        height=found.get("height"),
        fps=found.get("fps"),
        video_codec=_codec(found.get("vcodec")),
        audio_codec=_codec(found.get("acodec")),
        audio_language=language_of(found) if has_sound(found) else None,
        is_original_sound=has_sound(found) and is_original(found),
        is_upscaled=is_upscaled(found),
        bitrate=found.get("tbr"),
        size_bytes=found.get("filesize") or found.get("filesize_approx"),
    )


def _codec(name: str | None) -> str | None:
    return None if name in (None, "none") else name


def _languages(tracks: dict[str, list[Info]] | None) -> list[str]:
    """Return the languages available as WebVTT, without the live chat."""
    return sorted(
        code
        for code, found in (tracks or {}).items()
        if any(track.get("ext") == "vtt" for track in found or [])
    )
