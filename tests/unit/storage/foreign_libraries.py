"""Libraries as other programs leave them: media, side files, and files that are no video's."""

import functools
import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from ytarchive.media import ffmpeg_path

CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"
SUBRIP = "1\n00:00:00,000 --> 00:00:01,000\nHello\n"
JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"
SECONDS = 2


@functools.cache
def media(suffix: str = ".mp4", height: int = 36) -> bytes:
    """A short film, or sound alone."""
    made = ("-f", "lavfi", "-i", f"testsrc=size={height * 16 // 9 // 2 * 2}x{height}:rate=5")
    picture = () if suffix in {".mp3", ".m4a", ".opus"} else made
    sound = ("-f", "lavfi", "-i", "sine=frequency=440", "-t", str(SECONDS))
    format_ = {".mkv": "matroska", ".m4a": "ipod"}.get(suffix, suffix[1:])
    command = [str(ffmpeg_path()), "-v", "error", *picture, *sound, "-f", format_]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"film{suffix}")
        subprocess.run([*command, str(path)], check=True)
        return path.read_bytes()


def info(video_id: str, title: str = "A title", **more: Any) -> str:
    """What yt-dlp writes as `info.json`."""
    known = {
        "id": video_id,
        "title": title,
        "description": "Described",
        "duration": SECONDS,
        "channel_id": "UCuAXFkgsw1L7xaCfnd5JJOw",
        "channel": "A channel",
        "timestamp": 1_256_453_853,
        "epoch": 1_700_000_000,
        "extractor": "youtube",
        "extractor_key": "Youtube",
        "_type": "video",
        "ext": "mp4",
        "format_id": "137+140",
        "comments": [{"id": "1", "text": "first"}],
        "subtitles": {"en": [{"ext": "vtt", "url": "https://www.youtube.com/api/timedtext"}]},
        "automatic_captions": {"de": [{"ext": "vtt"}], "en": [{"ext": "vtt"}]},
        "cookies": "SID=secret",
        "http_headers": {"Cookie": "SID=secret", "User-Agent": "x"},
        "filename": "/home/me/A title.mp4",
        "_version": {"version": "2026.10.22"},
    }
    return json.dumps(known | more)


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def of_yt_dlp(folder: Path, video_id: str, title: str = "A title") -> None:
    """yt-dlp's default name (`%(title)s [%(id)s].%(ext)s`) with all `--write-*` files."""
    stem = f"{title} [{video_id}]"
    files: dict[str, str | bytes] = {
        "mp4": media(),
        "info.json": info(video_id, title),
        "description": "Described",
        "jpg": JPEG,
        "en.vtt": CAPTIONS,
        "de.vtt": CAPTIONS,
        "live_chat.json": '{"replayChatItemAction": {}}\n',
    }
    for rest, content in files.items():
        write_file(folder / f"{stem}.{rest}", content)
