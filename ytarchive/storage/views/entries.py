"""The content of views: pure data that policies return and the synchronisation creates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, Protocol

from ytarchive.common.archived_files import Role
from ytarchive.common.media import ChannelMetadata, VideoMetadata


def joined(folder: str, name: str) -> str:
    """Return a path in a view. The view itself is an empty folder."""
    return f"{folder}/{name}" if folder else name


class ViewFile(NamedTuple):
    """A stored file of a video."""

    key: str
    role: Role
    format: str
    digest: str
    language: str | None = None
    automatic: bool = False

    @property
    def suffix(self) -> str:
        """Return the end of the file's name in a view, such as `.en.auto.vtt`."""
        parts = [self.language, "auto" if self.automatic else None] if self.language else []
        return "".join(f".{part}" for part in [*parts, self.format] if part)


@dataclass(frozen=True)
class Place:
    """The place of a video in media-server views."""

    season: int
    """The year of upload; 0 without channel or date, which is provisional."""
    episode: int
    path: str
    """Relative to the view, without the suffix of a file."""
    is_music: bool
    """Whether it is a place for sound without a picture."""

    @property
    def show(self) -> str:
        """Return the name of the channel's folder."""
        return self.path.partition("/")[0]


@dataclass(frozen=True)
class ViewVideo:
    """A stored video, as policies see it."""

    video_id: str
    title: str
    channel_id: str
    channel_title: str
    uploaded: datetime | None
    stored_at: datetime | None
    duration: int | None
    quality: str | None
    files: tuple[ViewFile, ...]
    metadata: VideoMetadata | None = None
    """Only for media-server views."""
    place: Place | None = None
    """Only for media-server views."""

    def with_roles(self, *roles: Role) -> list[ViewFile]:
        """Return the files with one of the roles."""
        return [file for file in self.files if file.role in roles]


@dataclass(frozen=True)
class ViewChannel:
    """A channel with stored videos."""

    channel_id: str
    title: str
    metadata: ChannelMetadata | None = None
    """Only for media-server views, as the following fields."""
    folder: str = ""
    """Of the series, which stays."""
    pictures: Mapping[str, ViewFile] = field(default_factory=dict)
    """The stored avatar and banner, as `poster` and `fanart`."""
    seasons: tuple[int, ...] = ()
    premiered: date | None = None
    """The day of its first stored episode, if it is known."""
    albums: tuple[int, ...] = ()
    """The years of its music."""


class Entry(NamedTuple):
    """A file of a view: a link to a stored file, or generated content.

    `stem`: shared by all files of a video in a folder. If another video has the same path, the
    synchronisation adds a number to it.
    """

    folder: str
    stem: str
    suffix: str
    source: ViewFile | None = None
    content: bytes = b""

    @property
    def path(self) -> str:
        """Return the path relative to the view."""
        return joined(self.folder, f"{self.stem}{self.suffix}")


@dataclass(frozen=True)
class Folder:
    """The folder of a channel or playlist in a view; the synchronisation chooses its name once."""

    key: str
    title: str


class Policy(Protocol):
    """Determines the content of a view. No function reads the disk."""

    describes_channels: bool = False
    """Whether `channel` returns entries; then no folder gets its name from the synchronisation."""
    names_folders: bool = False
    """Whether `video` names the folders, so that their names can differ only in case."""

    def folder(self, video: ViewVideo) -> Folder | None:
        """Return the folder that gets one name for all its videos; None if there is none."""
        return Folder(
            video.channel_id or f"title {video.channel_title}",
            video.channel_title or video.channel_id or "Unknown channel",
        )

    def video(self, video: ViewVideo, folder: str) -> list[Entry]:
        """Return the entries of a video. `folder`: the chosen name of its folder."""
        ...

    def channel(self, channel: ViewChannel) -> list[Entry]:
        """Return the entries of a channel that belong to none of its videos."""
        return []
