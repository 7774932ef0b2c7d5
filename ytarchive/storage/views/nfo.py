"""NFO files: XML files with the metadata of channels, seasons, videos and music.

Jellyfin, Kodi, Emby and Plex (agent "Plex NFO Series") read the elements below, and ignore unknown
ones. `lockdata` keeps Jellyfin and Emby from replacing the metadata by those of a series with a
similar title.
"""

from dataclasses import dataclass
from datetime import date, datetime
from xml.sax.saxutils import escape

from ytarchive.common.channel_lists import VideoKind
from ytarchive.common.media import ChannelMetadata, VideoMetadata
from ytarchive.common.xml_text import xml_text
from ytarchive.storage.views.names import is_visible

_GENRE = "YouTube"


@dataclass(frozen=True)
class EpisodeNumber:
    """The place of a video among the episodes of its channel."""

    season: int
    episode: int
    show: str
    """The channel's title."""


def series(channel: ChannelMetadata, premiered: date | None) -> bytes:
    """Return `tvshow.nfo` of a channel. `premiered`: the day of its first stored episode."""
    return _document(
        "tvshow",
        channel.channel_id,
        ("title", shown_title(channel.title, channel.channel_id)),
        ("plot", channel.description),
        ("premiered", premiered.isoformat() if premiered else None),
        ("genre", _GENRE),
        ("studio", channel.title),
    )


def season(number: int, title: str) -> bytes:
    """Return `season.nfo`."""
    return _document("season", "", ("title", title), ("seasonnumber", number))


def episode(video: VideoMetadata, place: EpisodeNumber, stored_at: datetime | None) -> bytes:
    """Return the NFO of a video, which has the name of its media file with the suffix `.nfo`."""
    uploaded = video.upload_date
    day = uploaded.date().isoformat() if uploaded else None
    return _document(
        "episodedetails",
        video.video_id,
        ("title", shown_title(video.title, video.video_id)),
        ("showtitle", place.show),
        ("season", place.season),
        ("episode", place.episode),
        ("plot", video.description),
        ("aired", day),
        ("premiered", day),
        ("year", uploaded.year if uploaded else None),
        ("runtime", max(1, round(video.duration / 60)) if video.duration else None),
        ("dateadded", f"{stored_at:%Y-%m-%d %H:%M:%S}" if stored_at else None),
        ("genre", _GENRE),
        ("tag", video.kind if video.kind not in {None, VideoKind.VIDEO} else None),
        ("studio", video.channel_title),
    )


def artist(channel: ChannelMetadata) -> bytes:
    """Return `artist.nfo` of a channel with music."""
    name = shown_title(channel.title, channel.channel_id)
    return _document(
        "artist",
        channel.channel_id,
        ("name", name),
        ("title", name),
        ("biography", channel.description),
        ("genre", _GENRE),
    )


def album(title: str, artist_name: str, year: int | None) -> bytes:
    """Return `album.nfo` of the music of a channel."""
    return _document(
        "album",
        "",
        ("title", title),
        ("artist", artist_name),
        ("albumartist", artist_name),
        ("year", year),
        ("genre", _GENRE),
    )


def shown_title(title: str, otherwise: str) -> str:
    """Return a title; another text if the title has no visible character."""
    return title if is_visible(xml_text(title)) else otherwise


def _document(root: str, youtube_id: str, *fields: tuple[str, str | int | None]) -> bytes:
    """Return a document with the fields that have a value, and the id if there is one.

    A tree of elements would take three times as long.
    """
    texts = [(name, "" if value is None else _escaped(str(value))) for name, value in fields]
    lines = [f"  <{name}>{text}</{name}>" for name, text in texts if text]
    if text := _escaped(youtube_id):
        lines.append(f'  <uniqueid type="youtube" default="true">{text}</uniqueid>')
    return "\n".join(
        [
            "<?xml version='1.0' encoding='utf-8'?>",
            f"<{root}>",
            *lines,
            "  <lockdata>true</lockdata>",
            f"</{root}>\n",
        ]
    ).encode()


def _escaped(text: str) -> str:
    return escape(xml_text(text))
