"""What exists on the stand-in: channels, videos and playlists."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from . import ids
from .formats import DEFAULT_ITAGS
from .states import GONE, HIDDEN, VideoState

EPOCH = datetime(2024, 1, 1, 12, tzinfo=UTC)
"""The first video's upload time; each further one follows an hour later."""


class PlaylistState(StrEnum):
    """What a visitor without an account meets at a playlist."""

    OK = "ok"
    PRIVATE = "private"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel; `handle` starts with `@`. The pictures' addresses are without a size."""

    id: str
    title: str
    handle: str
    description: str = ""
    subscribers: int = 1234
    avatar_url: str = "https://yt3.ggpht.com/avatar"
    banner_url: str = "https://yt3.googleusercontent.com/banner"

    @property
    def uploads_id(self) -> str:
        """The id of the playlist of all its uploads (`UU...`)."""
        return "UU" + self.id[2:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A video; replaced as a whole when it changes, so that answers can be cached by identity.

    `duration` is seconds, None for the length of the media served. `starts_at` is when a
    premiere or live event begins. `trailer_id` is the video offered in state `trailer`.
    `interstitial`: refusals come on the error screen that YouTube introduced in 2026. `is_short`
    and `was_live` decide on which tab of its channel it is. `manifest` is `hls` or `dash` for a
    video that has nothing but `fragments` pieces of 256 KiB, whatever its length.
    `comments` is the number of comments, each with `replies` of its own, None if they are disabled;
    `chat` is the number of messages in the chat of a finished stream.
    Other fields replace what the stand-in would answer, field by field: see `README.md`.
    """

    id: str
    title: str
    channel: Channel
    description: str = ""
    uploaded: datetime = EPOCH
    duration: int | None = None
    state: VideoState = VideoState.OK
    itags: tuple[int, ...] = DEFAULT_ITAGS
    captions: tuple[str, ...] = ("en",)
    automatic_captions: tuple[str, ...] = ("en",)
    views: int = 1000
    likes: int = 100
    tags: tuple[str, ...] = ("stand-in", "test")
    category: str = "Science & Technology"
    starts_at: datetime | None = None
    trailer_id: str = ""
    unlisted: bool = False
    was_live: bool = False
    is_short: bool = False
    made_for_kids: bool = False
    interstitial: bool = False
    max_thumbnail: bool = True
    manifest: str = ""
    fragments: int = 0
    formats: tuple[dict[str, Any], ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    microformat: dict[str, Any] = field(default_factory=dict)
    api: dict[str, Any] | None = field(default_factory=dict)
    api_omit: bool = False
    tracks: tuple[dict[str, Any], ...] | None = None
    absent_caption_forms: tuple[str, ...] = ()
    caption: dict[str, str] = field(default_factory=dict)
    thumb: str | None = None
    comments: int | None = 0
    replies: int = 0
    chat: int = 0
    segments: tuple[dict[str, Any], ...] = ()
    translation: dict[str, str] | None = None
    undescribed: bool = False

    @property
    def offered_itags(self) -> tuple[int, ...]:
        """The formats that the player lists, in its order; an itag may be listed repeatedly."""
        return tuple(each["itag"] for each in self.formats) or self.itags

    @property
    def is_in_data_api(self) -> bool:
        """Whether the Data API's `videos` has an item for it."""
        return self.state not in HIDDEN and self.api is not None and not self.api_omit

    @property
    def listed_title(self) -> str:
        """The title that playlists show; dead videos lose theirs."""
        if self.state is VideoState.PRIVATE:
            return "[Private video]"
        return "[Deleted video]" if self.state in GONE else self.title


@dataclass(frozen=True, slots=True)
class PlaylistEntry:
    """A video's place in a playlist and when it was put there."""

    video_id: str
    added: datetime


@dataclass(slots=True, kw_only=True)
class Playlist:
    """A playlist; a video may stand in it more than once."""

    id: str
    title: str
    channel: Channel
    description: str = ""
    entries: list[PlaylistEntry] = field(default_factory=list)
    state: PlaylistState = PlaylistState.OK
    published: datetime = EPOCH

    @property
    def video_ids(self) -> list[str]:
        """The ids in order, repeats included."""
        return [entry.video_id for entry in self.entries]


@dataclass(frozen=True, slots=True)
class OwnList:
    """A list that YouTube has for each channel: its prefix precedes the channel's 22 characters."""

    prefix: str
    title: str
    holds: Callable[[Video], bool]
    by_views: bool = False


def _is_long(video: Video) -> bool:
    return not video.is_short and not video.was_live


OWN_LISTS = (
    OwnList("UU", "Uploads", lambda _: True),
    OwnList("UULF", "Videos", _is_long),
    OwnList("UUSH", "Short videos", lambda video: video.is_short),
    OwnList("UULV", "Live streams", lambda video: video.was_live),
    OwnList("UULP", "Popular videos", _is_long, by_views=True),
    OwnList("UUPS", "Popular short videos", lambda video: video.is_short, by_views=True),
)
"""All are newest first but those by views."""


class Catalogue:
    """Builds and changes the content; ids depend only on the order of the calls."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self.videos: dict[str, Video] = {}
        self.playlists: dict[str, Playlist] = {}

    def add_channel(
        self, title: str = "Stand-in Channel", *, handle: str = "", **details: Any
    ) -> Channel:
        """Add a channel; its handle comes from the title unless given."""
        handle = handle or "@" + "".join(c for c in title.lower() if c.isascii() and c.isalnum())
        channel = Channel(id=ids.channel_id(handle), title=title, handle=handle, **details)
        self.channels[channel.id] = channel
        return channel

    def default_channel(self) -> Channel:
        """Return the channel that owns what is added without one."""
        return next(iter(self.channels.values()), None) or self.add_channel()

    def add_video(
        self,
        title: str | None = None,
        *,
        state: VideoState | str = VideoState.OK,
        channel: Channel | None = None,
        chapters: Sequence[tuple[int, str]] = (),
        **details: Any,
    ) -> Video:
        """Add a video; `chapters` (second, name) end up in its description.

        Further keywords are fields of `Video`.
        """
        number = len(self.videos) + 1
        description = details.pop("description", f"Stand-in video number {number}.")
        description += "".join(
            f"\n{second // 60}:{second % 60:02} {name}" for second, name in chapters
        )
        details.setdefault("id", ids.video_id(number))
        details.setdefault("uploaded", EPOCH + timedelta(hours=number))
        video = Video(
            title=f"Stand-in video {number}" if title is None else title,
            channel=channel or self.default_channel(),
            description=description,
            state=VideoState(state),
            **details,
        )
        self.videos[video.id] = video
        return video

    def add_videos(self, count: int, **details: Any) -> list[Video]:
        """Add `count` numbered videos that share the given fields."""
        return [self.add_video(**details) for _ in range(count)]

    def add_playlist(
        self,
        videos: Iterable[Video | str],
        *,
        title: str | None = None,
        channel: Channel | None = None,
        **details: Any,
    ) -> Playlist:
        """Add a playlist of videos or their ids; each was added a day after the one before."""
        number = len(self.playlists) + 1
        details.setdefault("id", ids.playlist_id(number))
        playlist = Playlist(
            title=f"Stand-in playlist {number}" if title is None else title,
            channel=channel or self.default_channel(),
            entries=list(_entries(videos)),
            **details,
        )
        self.playlists[playlist.id] = playlist
        return playlist

    def playlist_of(self, count: int, *, title: str | None = None, **states: int) -> Playlist:
        """Add a playlist of `count` new videos, some of them in other states.

        `playlist_of(60, private=2, deleted=2)` has 56 that play; the others are spread evenly.
        """
        plan = [VideoState.OK] * count
        others = [VideoState(name) for name, share in states.items() for _ in range(share)]
        for place, state in enumerate(others, 1):
            plan[place * count // (len(others) + 1)] = state
        return self.add_playlist([self.add_video(state=state) for state in plan], title=title)

    def append(self, playlist_id: str, videos: Iterable[Video | str]) -> None:
        """Put videos at the end of a playlist, as its owner would later."""
        playlist = self.playlists[playlist_id]
        playlist.entries.extend(_entries(videos, after=len(playlist.entries)))

    def change_video(self, video_id: str, **fields: Any) -> Video:
        """Change fields of a video, such as `state`, while the stand-in runs."""
        if "state" in fields:
            fields["state"] = VideoState(fields["state"])
        video = replace(self.videos[video_id], **fields)
        self.videos[video_id] = video
        return video

    def change_playlist(self, playlist_id: str, **fields: Any) -> Playlist:
        """Change fields of a playlist, such as `state` or `title`."""
        if "state" in fields:
            fields["state"] = PlaylistState(fields["state"])
        playlist = replace(self.playlists[playlist_id], **fields)
        self.playlists[playlist_id] = playlist
        return playlist

    def find_channel(self, name: str) -> Channel | None:
        """Find a channel by `UC` id or `@handle` (any case)."""
        if name in self.channels:
            return self.channels[name]
        wanted = "@" + name.removeprefix("@").lower()
        return next((c for c in self.channels.values() if c.handle.lower() == wanted), None)

    def find_playlist(self, playlist_id: str) -> Playlist | None:
        """Find a playlist, making a channel's own lists (`UU...`, `UUSH...`) on the spot."""
        if playlist_id in self.playlists:
            return self.playlists[playlist_id]
        own = next((o for o in OWN_LISTS if len(playlist_id) == len(o.prefix) + 22
                    and playlist_id.startswith(o.prefix)), None)  # fmt: skip
        channel = self.channels.get("UC" + playlist_id[-22:])
        if channel is None or own is None:
            return None
        videos = [video for video in self.uploads(channel) if own.holds(video)]
        if own.by_views:
            videos.sort(key=lambda video: video.views, reverse=True)
        entries = [PlaylistEntry(video.id, video.uploaded) for video in videos]
        title = f"{own.title} from {channel.title}"
        return Playlist(id=playlist_id, title=title, channel=channel, entries=entries)

    def uploads(self, channel: Channel) -> list[Video]:
        """List what visitors see of a channel's videos, newest first."""
        mine = (v for v in self.videos.values() if v.channel.id == channel.id)
        shown = (v for v in mine if v.state not in HIDDEN and not v.unlisted)
        return sorted(shown, key=lambda video: video.uploaded, reverse=True)


def _entries(videos: Iterable[Video | str], after: int = 0) -> Iterator[PlaylistEntry]:
    for position, video in enumerate(videos, after):
        video_id = video if isinstance(video, str) else video.id
        yield PlaylistEntry(video_id, EPOCH + timedelta(days=position))
