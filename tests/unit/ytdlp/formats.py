"""Formats as yt-dlp's YouTube extractor describes them, and the chosen ones."""

from typing import Any

from yt_dlp import YoutubeDL

from ytarchive.ytdlp.choice import Wanted, selector

Info = dict[str, Any]

RATE = 1000.0


def picture(number: str, width: int, height: int, label: str | None = None, **more: Any) -> Info:
    """A picture without sound; `label` is YouTube's, `1080p60 HDR`."""
    ext = more.pop("ext", "mp4")
    return {
        "format_id": number, "url": "https://x/", "ext": ext, "protocol": "https",
        "width": width, "height": height, "fps": 30, "acodec": "none", "format_note": label,
        "vcodec": "avc1" if ext == "mp4" else "vp9",
    } | more  # fmt: skip


def sound(number: str, ext: str = "m4a", name: str = "", **more: Any) -> Info:
    """A sound track; `name` is YouTube's, `German original`."""
    note = ", ".join(filter(None, [name, "medium"]))
    return {
        "format_id": number, "url": "https://x/", "ext": ext, "protocol": "https",
        "vcodec": "none", "acodec": "mp4a.40.2" if ext == "m4a" else "opus", "quality": 3,
        "language_preference": -1, "format_note": note,
    } | more  # fmt: skip


def lasting(found: Info, seconds: float) -> Info:
    """The format with a length of its own, as yt-dlp keeps it."""
    size = int(seconds * RATE * 125)
    return found | {"filesize": 1, "tbr": RATE, "filesize_approx": size}


def selected(formats: list[Info], wanted: Wanted, **info: Any) -> Info:
    """yt-dlp's info once the formats have been chosen."""
    given = {
        "id": "dQw4w9WgXcQ", "title": "t", "extractor": "youtube", "extractor_key": "Youtube",
        "webpage_url": "https://x/", "formats": [dict(each) for each in formats],
    } | info  # fmt: skip
    options = {"quiet": True, "allow_multiple_audio_streams": wanted.all_audio_tracks}
    with YoutubeDL(options) as ydl:
        ydl.format_selector = selector(ydl, wanted)
        found: Info = ydl.process_ie_result(given, download=False)
    return found
