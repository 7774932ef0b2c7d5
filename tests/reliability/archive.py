"""An archive on the disk, examined without the code under test."""

import hashlib
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

DATABASES = ("jobs", "library", "metadata", "logs")


@dataclass
class Contents:
    """The content of the databases."""

    jobs: dict[str, str] = field(default_factory=dict)
    """Status by job."""
    files: dict[str, str] = field(default_factory=dict)
    """SHA-256 by path, relative to the archive, of everything that is registered."""
    videos: set[str] = field(default_factory=set)
    """Those with media."""
    attempts: dict[tuple[str, str], int] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    """What `PRAGMA integrity_check` says of each database."""


def contents(base_path: Path) -> Contents:
    """Read copies of the databases, as a crash left them: the originals are not changed."""
    with tempfile.TemporaryDirectory() as copies:
        for name in DATABASES:
            for suffix in (".db", ".db-wal"):
                original = base_path / ".ytarchive" / f"{name}{suffix}"
                if original.exists():
                    shutil.copy(original, copies)
        return _contents(Path(copies), "rw")


def running_contents(base_path: Path) -> Contents:
    """Read the databases of a running server."""
    return _contents(base_path / ".ytarchive", "ro")


def _contents(folder: Path, mode: str) -> Contents:
    found = Contents()
    for name in DATABASES:
        path = folder / f"{name}.db"
        if path.exists():
            uri = f"{path.as_uri()}?mode={mode}"
            with closing(sqlite3.connect(uri, uri=True, timeout=30)) as database:
                _read(found, name, database)
    return found


def _read(found: Contents, name: str, database: sqlite3.Connection) -> None:
    found.verdicts[name] = database.execute("PRAGMA integrity_check").fetchone()[0]
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_schema")}
    if name == "jobs" and "jobs" in tables:
        found.jobs = dict(database.execute("SELECT id, status FROM jobs"))
        rows = database.execute("SELECT job_id, video_id, attempts FROM job_videos")
        found.attempts = {(job, video): attempts for job, video, attempts in rows}
    if name == "library" and "files" in tables:
        rows = database.execute("SELECT path, lower(hex(sha256)) FROM files")
        found.files = dict(rows.fetchall())
        stored = database.execute("SELECT video_id FROM videos WHERE media_path IS NOT NULL")
        found.videos = {row[0] for row in stored}


def wrong_files(base_path: Path, files: dict[str, str]) -> list[str]:
    """Registered files that are missing or changed."""
    return [path for path, digest in files.items() if _digest(base_path / path) != digest]


def drafts(base_path: Path) -> dict[str, str]:
    """Digests of complete metadata drafts, which the next start renames."""
    waiting = {
        path.name.split(".")[0]: _digest(path) for path in base_path.glob(".ytarchive/tmp/*.draft")
    }
    return {f"metadata/videos/{name}.json": digest for name, digest in waiting.items() if digest}


def media_digests(base_path: Path) -> set[str | None]:
    """The digests of all stored media."""
    return {_digest(path) for path in base_path.glob("videos/*/*.mp4")}


def folders(base_path: Path) -> set[str]:
    """Videos with a folder of the final name."""
    return {path.name for path in base_path.glob("videos/*")}


def final_files(base_path: Path) -> set[str]:
    """Every file in the folders of finished files, relative to the archive."""
    places = (base_path / "videos", base_path / "metadata" / "videos")
    files = [path for place in places for path in _files(place)]
    return {path.relative_to(base_path).as_posix() for path in files}


def staged_bytes(base_path: Path) -> int:
    """Bytes of all unfinished files."""
    staging = base_path / ".ytarchive" / "staging"
    return sum(path.lstat().st_size for path in _files(staging))


def leftovers(base_path: Path) -> list[str]:
    """Unfinished files. Extractions are reused within the hour, and then removed."""
    state = base_path / ".ytarchive"
    staging = [path for path in _files(state / "staging") if path.parent.name != "info"]
    return [*map(str, staging), *map(str, _files(state / "tmp"))]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
