"""The policy `media-server`: folders that Jellyfin, Kodi, Emby and Plex read with their metadata.

    <channel>/tvshow.nfo, poster.jpg, fanart.jpg, season<year>-poster.jpg
    <channel>/Season <year>/season.nfo
    <channel>/Season <year>/<channel> - s<year>e<MMDDNN> - <title> [<id>].mp4, .nfo, -thumb.jpg
    <channel>/artist.nfo
    <channel>/Music <year>/album.nfo, cover.jpg
    <channel>/Music <year>/<title> [<id>].m4a, .jpg

The four servers show sound without a picture only in libraries of music, so it has folders of its
own. No server reads an NFO file of a single piece of music: its tags describe it.
"""

import re
from datetime import UTC, date, datetime
from itertools import chain, count

from ytarchive.common.archived_files import Role
from ytarchive.common.media import VideoMetadata
from ytarchive.storage.views import names, nfo
from ytarchive.storage.views.entries import Entry, Folder, Place, Policy, ViewChannel, ViewVideo

UNKNOWN_CHANNEL = "Unknown channel"
_LONGEST_SHOW = 80
"""Bytes of the channel's name in the name of a file, which leaves room for the title."""

_EPISODE = re.compile(r"(s[0-9]+)([\]\[ ._x-]*e[0-9])", re.IGNORECASE)
_FACTOR = re.compile(r"(?<=[0-9])x(?=[0-9])", re.IGNORECASE)
_SAMPLE = re.compile(r"(?:^|(?<=[!-._ ]))(sample)(?=[-._ ]|$)", re.IGNORECASE)


def without_numbers(text: str) -> str:
    """Return a title without parts that media servers take for further episode numbers.

    Kodi reads each `S01E02` in a name as one more episode of the file, Jellyfin `4x3-16x9` as a
    range; Kodi ignores files with `sample` as a word.
    """
    text = _EPISODE.sub(r"\1,\2", text)
    text = _FACTOR.sub("\N{MULTIPLICATION SIGN}", text)
    return _SAMPLE.sub(r"\1,", text)


def season_of(day: date | None) -> int:
    """Return the season of a day of upload; 0, where servers show specials, if it is unknown."""
    return day.year if day else 0


def episode_number(day: date | None, taken: set[int]) -> int:
    """Return the first free number of a day in its season.

    It consists of month, day and a number from 1 to 99, as 52701. Further numbers of the day
    consist of 1, month, day and four digits, as 105270100, so that they precede no other day.
    """
    if day is None:
        return max(taken, default=0) + 1
    of_year = day.month * 100 + day.day
    usual = (of_year * 100 + number for number in range(1, 100))
    further = count(100_000_000 + of_year * 10_000 + 100)
    return next(number for number in chain(usual, further) if number not in taken)


def path_of(video: ViewVideo, folder: str, season: int, episode: int, *, is_music: bool) -> str:
    """Return the path of a video below a view, without suffix. `folder`: the channel's."""
    tail = f" [{video.video_id}]"
    title = without_numbers(video.title)
    if is_music:
        stem = names.stem(title, tail, otherwise=video.video_id)
        return f"{folder}/{album_folder(season)}/{stem}"
    show = names.name(without_numbers(folder), room=names.LONGEST_NAME - _LONGEST_SHOW)
    number = f"s{season}e{episode:06}" if season else f"s00e{episode:04}"
    stem = names.stem(title, tail, otherwise=video.video_id, prefix=f"{show} - {number} - ")
    return f"{folder}/{season_folder(season)}/{stem}"


def season_folder(season: int) -> str:
    """Return the name of a season's folder."""
    return f"Season {season:02}"


def album_folder(season: int) -> str:
    """Return the name of the folder of a year's music, which no server takes for a season."""
    return f"Music {season}" if season else "Music undated"


class MediaServerPolicy(Policy):
    """Episodes of one series for each channel; see this module."""

    describes_channels = True

    def folder(self, video: ViewVideo) -> Folder | None:
        """Return None: the places name the folders."""
        return None

    def video(self, video: ViewVideo, folder: str) -> list[Entry]:
        """Return the media, captions, thumbnail and NFO."""
        if video.place is None:
            return []
        parent, _, stem = video.place.path.rpartition("/")
        picture = "" if video.place.is_music else "-thumb"
        entries = [
            Entry(
                folder=parent,
                stem=stem,
                suffix=f"{picture * (file.role is Role.THUMBNAIL)}{file.suffix}",
                source=file,
            )
            for file in video.with_roles(Role.MEDIA, Role.CAPTIONS, Role.THUMBNAIL)
        ]
        if not video.place.is_music:
            content = _episode(video, video.place)
            entries.append(Entry(folder=parent, stem=stem, suffix=".nfo", content=content))
        return entries

    def channel(self, channel: ViewChannel) -> list[Entry]:
        """Return the files that describe a channel, its seasons and its albums."""
        about, folder = channel.metadata, channel.folder
        if about is None or not folder:
            return []
        entries = [
            Entry(folder=folder, stem=name, suffix=".jpg", source=picture)
            for name, picture in channel.pictures.items()
        ]
        if channel.seasons:
            entries.append(_nfo(folder, "tvshow", nfo.series(about, channel.premiered)))
        for season in channel.seasons:
            title = str(season) if season else "Undated"
            content = nfo.season(season, title)
            entries.append(_nfo(f"{folder}/{season_folder(season)}", "season", content))
            if (poster := channel.pictures.get("poster")) is not None:
                stem = f"season{season or '-specials'}-poster"
                entries.append(Entry(folder=folder, stem=stem, suffix=".jpg", source=poster))
        if channel.albums:
            entries.append(_nfo(folder, "artist", nfo.artist(about)))
        for year in channel.albums:
            album = f"{folder}/{album_folder(year)}"
            content = nfo.album(album_folder(year), about.title, year or None)
            entries.append(_nfo(album, "album", content))
            if (cover := channel.pictures.get("poster")) is not None:
                entries.append(Entry(folder=album, stem="cover", suffix=".jpg", source=cover))
        return entries


def _episode(video: ViewVideo, place: Place) -> bytes:
    about = video.metadata or VideoMetadata(
        video_id=video.video_id,
        title=video.title,
        duration=video.duration,
        upload_date=video.uploaded,
        channel_id=video.channel_id,
        channel_title=video.channel_title,
        fetched_at=datetime.fromtimestamp(0, UTC),
    )
    show = nfo.shown_title(about.channel_title, UNKNOWN_CHANNEL)
    number = nfo.EpisodeNumber(season=place.season, episode=place.episode, show=show)
    return nfo.episode(about, number, video.stored_at)


def _nfo(folder: str, name: str, content: bytes) -> Entry:
    return Entry(folder=folder, stem=name, suffix=".nfo", content=content)
