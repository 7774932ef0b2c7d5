"""From yt-dlp's info to the formats that are offered. Pure."""

from typing import Any

from ytarchive.common.quality import picture_label
from ytarchive.download.api import VideoFormat, VideoFormats

Info = dict[str, Any]


def offered(info: Info) -> VideoFormats:
    """What YouTube offers of a video: media only, no storyboards."""
    formats = [_format(each) for each in info.get("formats") or [] if _is_media(each)]
    heights = {int(each.quality[:-1]) for each in formats if each.quality}
    return VideoFormats(
        video_id=info["id"],
        title=info.get("title") or "",
        qualities=[f"{height}p" for height in sorted(heights, reverse=True)],
        formats=formats,
        captions=_languages(info.get("subtitles")),
        automatic_captions=_languages(info.get("automatic_captions")),
    )


def _is_media(found: Info) -> bool:
    return any(found.get(codec) not in (None, "none") for codec in ("vcodec", "acodec"))


def _format(found: Info) -> VideoFormat:
    return VideoFormat(
        format_id=str(found["format_id"]),
        extension=found.get("ext") or "",
        quality=picture_label(found.get("width"), found.get("height")),
        width=found.get("width"),
        height=found.get("height"),
        fps=found.get("fps"),
        video_codec=_codec(found.get("vcodec")),
        audio_codec=_codec(found.get("acodec")),
        bitrate=found.get("tbr"),
        size_bytes=found.get("filesize") or found.get("filesize_approx"),
    )


def _codec(name: str | None) -> str | None:
    return None if name in (None, "none") else name


def _languages(tracks: dict[str, list[Info]] | None) -> list[str]:
    """Languages that can be had as WebVTT; the live chat is none."""
    return sorted(
        code
        for code, found in (tracks or {}).items()
        if any(track.get("ext") == "vtt" for track in found or [])
    )
