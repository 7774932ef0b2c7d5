"""Staged downloads and metadata as from the other services, and inspection of the result."""

import hashlib
import os
import sqlite3
import subprocess
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from ytarchive.common.config import StorageConfig
from ytarchive.common.media import PlaylistMetadata, PlaylistVideo, VideoMetadata
from ytarchive.storage import SaveVideo

VIDEO = "dQw4w9WgXcQ"
OTHER = "-_abcDEF123"
MEDIA = b"\x00\x00\x00\x18ftypmp42" * 1000


def stage(
    config: StorageConfig, video_id: str = VIDEO, media: bytes = MEDIA, captions: str = "en"
) -> Path:
    """A finished download in staging, with every kind of file."""
    folder = config.staging_path / video_id
    (folder / "captions").mkdir(parents=True)
    (folder / f"{video_id}.mp4").write_bytes(media)
    (folder / f"{video_id}.info.json").write_text(
        '{"title": "../../etc/passwd", "width": 1280, "height": 720, "vcodec": "avc1"}'
    )
    (folder / f"{video_id}.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (folder / "captions" / f"{video_id}.{captions}.vtt").write_text("WEBVTT\n\n")
    return folder


def save_request(folder: Path, video_id: str = VIDEO, output_path: str | None = None) -> SaveVideo:
    return SaveVideo(
        video_id=video_id, transfer_id=folder.name, output_path=output_path, quality="720p"
    )


LACKING = ["captions:de", "thumbnail"]


def stage_side_files(config: StorageConfig, video_id: str = VIDEO) -> Path:
    """Captions and a thumbnail that are fetched after the media."""
    folder = config.staging_path / f"{video_id}.side_files"
    (folder / "captions").mkdir(parents=True)
    (folder / f"{video_id}.jpg").write_bytes(b"\xff\xd8\xff\xe1")
    (folder / "captions" / f"{video_id}.de.vtt").write_text("WEBVTT\n\n")
    return folder


def side_request(folder: Path, *missing: str) -> SaveVideo:
    """Store them; all of `LACKING` was requested."""
    return SaveVideo(
        video_id=VIDEO, transfer_id=folder.stem, only_missing=LACKING, missing=list(missing)
    )


def metadata(video_id: str = VIDEO, title: str = "A title") -> VideoMetadata:
    return VideoMetadata(
        video_id=video_id,
        title=title,
        description="Described\nat length",
        duration=213,
        upload_date=datetime(2009, 10, 25, 6, 57, 33, tzinfo=UTC),
        channel_id="UCuAXFkgsw1L7xaCfnd5JJOw",
        channel_title="A channel",
        fetched_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    )


def playlist(playlist_id: str, videos: int = 2) -> PlaylistMetadata:
    return PlaylistMetadata(
        playlist_id=playlist_id,
        title="../../x",
        video_count=videos,
        videos=[PlaylistVideo(video_id=VIDEO, position=n) for n in range(videos)],
        fetched_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


def listed(folder: Path) -> list[str]:
    """Every file below a folder."""
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def content(path: str | None) -> bytes:
    """What a file of a location holds."""
    return Path(str(path)).read_bytes()


def run(*command: str) -> str:
    """Run a program that must succeed; what it printed."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def fill(file: Path) -> None:
    """Write until the disk is full."""
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))


def sha256sum_accepts(folder: Path) -> bool:
    """Whether `sha256sum -c`, run in the video's folder, finds every file intact."""
    command = ["sha256sum", "--check", "--strict", "--quiet", "checksums.sha256"]
    return subprocess.run(command, cwd=folder, check=False).returncode == 0


def registered_files(config: StorageConfig) -> dict[str, tuple[int, bytes]]:
    """Path, size and digest of every registered file."""
    with closing(sqlite3.connect(config.state_path / "library.db")) as database:
        rows = database.execute("SELECT path, size_bytes, sha256 FROM files").fetchall()
    return {path: (size, digest) for path, size, digest in rows}


def files_on_disk(config: StorageConfig, *folders: str) -> dict[str, tuple[int, bytes]]:
    """The same for the files that are in the archive's folders."""
    base = config.base_path
    paths = [path for folder in folders for path in (base / folder).rglob("*") if path.is_file()]
    return {
        path.relative_to(base).as_posix(): (
            path.stat().st_size,
            hashlib.sha256(path.read_bytes()).digest(),
        )
        for path in paths
    }


def flip_byte(path: Path, position: int = 0) -> None:
    """Change one bit of a file as a failing disk does: its size and times stay."""
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(position)
        [byte] = file.read(1)
        file.seek(position)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
