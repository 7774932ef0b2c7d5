"""A video's folder in staging: resuming, finishing and removing partial files."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from ytarchive.common.archived_files import TRANSFER, Transferred
from ytarchive.media import Info, without_secrets

_MEDIA = (".mp4", ".m4a", ".mkv", ".webm", ".opus", ".mp3")


class StagedVideo:
    """A video's folder in staging. Unfinished files are named by format, finished files by id."""

    def __init__(self, folder: Path, video_id: str) -> None:
        self._folder = folder
        self._id = video_id

    @property
    def _info(self) -> Path:
        return self._folder / f"{self._id}.info.json"

    def remove_links(self) -> None:
        """Remove links, but not their targets: writes through links would leave the archive."""
        if self._folder.is_symlink():
            self._folder.unlink()
        for path in [path for path in self._folder.rglob("*") if path.is_symlink()]:
            path.unlink()

    def open(self) -> None:
        """Create the folder. A fitting finished file gets the name that yt-dlp expects."""
        self._folder.mkdir(exist_ok=True)  # no parents, because the archive's disk may be unmounted
        self.discard_merges()
        finished = [p for p in map(self._media, _MEDIA) if p.is_file()]
        for path in finished:
            name = self._working_name()
            if name:
                path.rename(self._folder / f"{self._id}.{name}{path.suffix}")
            else:
                path.unlink()
        # A request beyond the end of a complete stream is answered with 416, after which yt-dlp
        # fails permanently; and the last block may be damaged. So the last block is fetched again.
        for part in self._parts():
            os.truncate(part, max(part.stat().st_size - (64 * 1024), 0))

    def discard_media(self) -> None:
        """Remove files that cannot be resumed or have the wrong content."""
        for path in self._folder.glob(f"{self._id}.*"):
            if path.suffix in {*_MEDIA, ".ytdl"} or _is_unfinished(path):
                path.unlink(missing_ok=True)

    def discard_merges(self) -> None:
        """Remove unfinished output of ffmpeg."""
        for path in self._folder.glob(f"{self._id}.*temp.*"):
            path.unlink(missing_ok=True)

    def is_merged(self, formats: str) -> bool:
        """Return whether a finished file of these formats exists."""
        return any((self._folder / f"{self._id}.{formats}{end}").is_file() for end in _MEDIA)

    @property
    def bytes_present(self) -> int:
        """Return the files that an earlier attempt left."""
        return sum(path.stat().st_size for path in self._folder.glob(f"{self._id}.*"))

    def finish(
        self, media: Path, info: Info, side_files: list[Path], transferred: Transferred
    ) -> None:
        """Keep only the finished files.

        The media file is renamed last, which marks completeness.
        """
        write_json(self._info, without_secrets(info))
        self._keep_only({media, self._info, self._record(transferred), *side_files})
        media.rename(self._media(media.suffix))

    def finish_without_media(self, files: list[Path], transferred: Transferred) -> None:
        """Keep only the files fetched for a stored video; remove the folder if there are none."""
        self._keep_only({*files, self._record(transferred)} if files else set())
        if not files and self._folder.is_dir():
            self._folder.rmdir()

    def _record(self, transferred: Transferred) -> Path:
        """Write `transfer.json`; return its path."""
        path = self._folder / TRANSFER
        write_json(path, transferred.model_dump(mode="json"))
        return path

    def _keep_only(self, keep: set[Path]) -> None:
        for path in sorted(self._folder.rglob("*"), reverse=True):
            if path.is_dir() and not path.is_symlink():
                if not any(kept.is_relative_to(path) for kept in keep):
                    shutil.rmtree(path)
            elif path not in keep:
                path.unlink()

    def _parts(self) -> list[Path]:
        """Return partial files that can be resumed; fragments have their own progress file."""
        found = self._folder.glob(f"{self._id}.*.part")
        return [path for path in found if not path.with_suffix(".ytdl").exists()]

    def _media(self, suffix: str) -> Path:
        return self._folder / f"{self._id}{suffix}"

    def _working_name(self) -> str:
        """Return the formats that the finished file consists of."""
        try:
            return str(json.loads(self._info.read_text("utf-8")).get("format_id") or "")
        except (OSError, ValueError):
            return ""


def make_folder(folder: Path) -> None:
    """Create a folder and its parent only, because the archive's disk may be unmounted.

    Raises FileNotFoundError if more are missing.
    """
    folder.parent.mkdir(exist_ok=True)
    folder.mkdir(exist_ok=True)


def _is_unfinished(path: Path) -> bool:
    return path.suffix.startswith(".part") or ".temp." in path.name


def write_json(path: Path, content: Any, *, private: bool = False) -> None:
    """Write a complete file or none; if private, readable only by its owner."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    handle = os.open(part, flags, 0o600 if private else 0o666)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(json.dumps(content, ensure_ascii=False, separators=(",", ":")))
    part.replace(path)
