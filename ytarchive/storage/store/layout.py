"""The paths of the archive. They are made from ids alone: a title is never part of a path."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

from ytarchive.common import identifiers, paths
from ytarchive.common.archived_files import ArchivedFile, Role
from ytarchive.common.config import OWN_FOLDER, StorageConfig
from ytarchive.common.file_names import file_name, stored_name
from ytarchive.common.identifiers import parse_playlist_id
from ytarchive.common.paths import followed, require_names
from ytarchive.common.quality import Quality

CHECKSUMS = paths.CHECKSUMS
MANIFEST = "manifest.json"
VIDEO_ID = identifiers.VIDEO_ID
MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".3gp": "video/3gpp",
    ".flv": "video/x-flv",
    ".ts": "video/mp2t",
    ".m4a": "audio/mp4",
    ".mka": "audio/x-matroska",
    ".mp3": "audio/mpeg",
    ".aac": "audio/aac",
    ".opus": "audio/ogg",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".weba": "audio/webm",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".vtt": "text/vtt; charset=utf-8",
    ".srt": "application/x-subrip; charset=utf-8",
    ".ass": "text/x-ssa; charset=utf-8",
    ".ttml": "application/ttml+xml; charset=utf-8",
    ".srv1": "application/xml; charset=utf-8",
    ".srv2": "application/xml; charset=utf-8",
    ".srv3": "application/xml; charset=utf-8",
    ".json3": "application/json",
    ".description": "text/plain; charset=utf-8",
}
"""Media types by suffix, for every kind of file of a video. File contents are not examined."""

_BY_TYPE = {"video": Role.MEDIA, "audio": Role.MEDIA, "image": Role.THUMBNAIL}
_BY_SUFFIX = {
    suffix: _BY_TYPE.get(type_.partition("/")[0], Role.CAPTIONS)
    for suffix, type_ in MEDIA_TYPES.items()
}
_BY_END = {
    ".info.json": (Role.INFO, "json"),
    ".description": (Role.DESCRIPTION, "txt"),
    ".comments.json": (Role.COMMENTS, "json"),
    ".live_chat.json": (Role.LIVE_CHAT, "json"),
}
"""Role and format of the files that are no media, pictures or captions."""
_BY_NAME = {CHECKSUMS: Role.CHECKSUMS, MANIFEST: Role.MANIFEST}


def is_sound_alone(name: str) -> bool:
    """Return whether a media file of this name holds sound and no picture."""
    return MEDIA_TYPES.get(PurePosixPath(name).suffix.lower(), "").startswith("audio/")


def recorded_quality(media: str, quality: str | None) -> str | None:
    """Return the quality that is recorded of a media file: `audio` for sound without a picture."""
    return Quality.AUDIO.value if is_sound_alone(media) else quality


def parsed(name: str) -> ArchivedFile:
    """Return what the name of a file says, for files that no manifest lists.

    Captions are named `<id>.<language>.vtt`, automatic ones `<id>.<language>.auto.vtt`.
    """
    path = PurePosixPath(name)
    format_ = path.suffix[1:].lower()
    role = _BY_NAME.get(path.name) or _BY_SUFFIX.get(path.suffix.lower(), Role.OTHER)
    for end, known in _BY_END.items():
        if name.endswith(end):
            role, format_ = known
    if role is not Role.CAPTIONS:
        return ArchivedFile(name=name, role=role, format=format_)
    stem = path.stem.removesuffix(".auto")
    video, _, language = stem.rpartition(".")
    return ArchivedFile(
        name=name,
        role=role,
        language=language if video else None,
        automatic=stem != path.stem,
        format=format_,
    )


class FileTypes(dict[str, ArchivedFile]):
    """The types of files by name. A file that is not listed has the type that its name says."""

    def __missing__(self, name: str) -> ArchivedFile:
        return parsed(name)


@dataclass(frozen=True)
class Layout:
    """The archive's folders, absolute and without links."""

    base: Path
    metadata: Path
    videos: Path
    logs: Path
    state: Path

    @classmethod
    def of(cls, config: StorageConfig) -> Self:
        """Return the configured layout. Raises PathOutsideArchive for a loop of links."""
        base = followed(config.base_path)
        return cls(
            base=base,
            metadata=base / config.metadata_dir,
            videos=base / config.videos_dir,
            logs=base / config.logs_dir,
            state=followed(config.state_path),
        )

    @property
    def own(self) -> Path:
        """Return ytarchive's internal folder."""
        return self.base / OWN_FOLDER

    @property
    def staging(self) -> Path:
        """Return the folder of unfinished downloads."""
        return self.own / "staging"

    @property
    def scratch(self) -> Path:
        """Return the folder where small files are written before they are renamed."""
        return self.own / "tmp"

    @property
    def database(self) -> Path:
        """Return the library's SQLite file."""
        return self.state / "library.db"

    @property
    def search_index(self) -> Path:
        """Return the search index's SQLite file."""
        return self.state / "search.db"

    @property
    def folders(self) -> list[Path]:
        """Return the folders that the archive always has, except staging."""
        return [*self.described, self.videos]

    @property
    def described(self) -> list[Path]:
        """Return the folders of the JSON files in `metadata`, without the history."""
        return [
            self.metadata / kind
            for kind in ("videos", "playlists", "work_plans", "registered", "marks")
        ] + [self.known_folder]

    @property
    def known_folder(self) -> Path:
        """Return the folder of the lists of videos that are stored outside the archive."""
        return self.metadata / "known_elsewhere"

    @property
    def own_prefixes(self) -> set[str]:
        """Return the keys of the folders in the archive that never have videos."""
        own = (self.metadata, self.logs, self.state, self.own)
        return {self.relative(path) for path in own if path.is_relative_to(self.base)}

    @property
    def metadata_folder(self) -> Path:
        """Return the folder of the metadata of videos."""
        return self.metadata / "videos"

    @property
    def history_folder(self) -> Path:
        """Return the folder of the history of videos."""
        return self.metadata / "history"

    def history_file(self, video_id: str) -> Path:
        """Return the file of a video's history."""
        return self.history_folder / f"{video_id}.jsonl"

    def metadata_file(self, video_id: str) -> Path:
        """Return the file of a video's metadata."""
        return self.metadata_folder / f"{video_id}.json"

    def playlist_file(self, playlist_id: str) -> Path:
        """Return the file of a playlist's metadata. Raises InvalidIdentifier."""
        name = f"{parse_playlist_id(playlist_id)}.json"
        require_names(name)
        return self.metadata / "playlists" / name

    def channel_folder(self, channel_id: str) -> Path:
        """Return the folder of a channel's metadata and pictures."""
        require_names(channel_id)
        return self.metadata / "channels" / channel_id

    def registration_file(self, video_id: str) -> Path:
        """Return the file of a video's registration in place."""
        return self.metadata / "registered" / f"{video_id}.json"

    def marks_file(self, video_id: str) -> Path:
        """Return the file of a video's marks."""
        return self.metadata / "marks" / f"{video_id}.json"

    def plan_file(self, file_name: str) -> Path:
        """Return a work plan's JSON file."""
        return self.metadata / "work_plans" / file_name

    def relative(self, path: Path) -> str:
        """Return a path of the archive as stored in databases: valid UTF-8 for any bytes."""
        return stored_name(path.relative_to(self.base).as_posix())

    def absolute(self, relative: str) -> Path:
        """Return the path that databases store as `relative`."""
        return self.base / file_name(relative)

    def key_of(self, absolute: str) -> str:
        """Return the key of an absolute path in the archive."""
        return self.relative(Path(absolute))

    def shown(self, key: str) -> str:
        """Return the absolute path of a key, as shown to users."""
        return str(self.absolute(key))
