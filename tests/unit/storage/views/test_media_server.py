"""The policy `media-server`: names that the servers match, and entries."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.standin.hostile import HOSTILE_TITLES
from tests.unit.storage.samples import VIDEO
from tests.unit.storage.views.test_nfo import ANY_TEXT, CHANNEL_ID, channel
from ytarchive.common.archived_files import Role
from ytarchive.storage.views.entries import Place, ViewChannel, ViewFile, ViewVideo
from ytarchive.storage.views.media_server import (
    MediaServerPolicy,
    episode_number,
    path_of,
    season_folder,
)

KODI = re.compile(
    r"s([0-9]+)[ ._x-]*e([0-9]+(?:(?:[a-i]|\.[1-9])(?![0-9]))?)([^\\/]*)$", re.IGNORECASE
)
"""Kodi's first expression for episodes, searched in the whole path without regard to case.

xbmc/settings/AdvancedSettings.cpp, `m_tvshowEnumRegExps` (commit 0057fcdf). If it matches the
rest of the name again, VideoInfoScanner.cpp (`EnumerateEpisodeItem`) adds a further episode.
"""
KODI_PART = re.compile(r"^([-_ex]+)([0-9]+)(.*)", re.IGNORECASE)
"""`m_tvshowMultiPartEnumRegExp` in the same file: a match of the rest is a further episode."""
KODI_EXCLUDED = re.compile(r"[!-._ \\/]sample[-._ \\/]", re.IGNORECASE)
"""`m_tvshowExcludeFromScanRegExps` in the same file: files that Kodi does not scan."""
JELLYFIN = re.compile(
    r".*(\\|/)(?P<seriesname>((?![Ss]([0-9]+)[][ ._-]*[Ee]([0-9]+))[^\\/])*)?"
    r"[Ss](?P<season>[0-9]+)[][ ._-]*[Ee](?P<episode>[0-9]+)([^\\/]*)$"
)
"""Jellyfin's first expression for episodes (`EpisodeExpressions`), which decides where it matches.

Emby.Naming/Common/NamingOptions.cs (commit 07d59142). EpisodePathParser.cs refuses seasons from 200
to 1927 and beyond 2500.
"""
_X = r"(?P<seriesname>((?![sS]?[0-9]{1,4}[xX][0-9]{1,3})[^\\/])*)?([sS]?[0-9]{1,4}[xX][0-9]{1,3})"
_SE = r"(?P<seriesname>[^\\/]*)[sS][0-9]{1,4}[xX\.]?[eE][0-9]{1,3}"
JELLYFIN_RANGES = [
    re.compile(rf".*(\\|/){start}({more}(?P<ending>[0-9]{{1,3}}))+[^\\/]*$")
    for start, more in [
        (_X, r"(-| - )[0-9]{1,4}[xXeE]"),
        (_X, r"(-| - )[0-9]{1,4}[xX][eE]"),
        (_X, r"(-| - )?[xXeE]"),
        (_X, r"-[xX]?[eE]?"),
        (_SE, r"(-| - )?[xXeE]"),
        (_SE, r"-[xX]?[eE]?"),
    ]
]
"""`MultipleEpisodeExpressions` of the same file: they set the last episode of a range. The others
of the list need digits at the beginning of the name."""
JELLYFIN_SEASON = re.compile(r"season *(?P<number>[0-9]+)", re.IGNORECASE)
"""Emby.Naming/TV/SeasonPathParser.cs: a folder whose name is `season` and a number."""
VIDEO_SUFFIXES = {".mp4", ".mkv", ".webm", ".mov", ".flv", ".ts"}
"""Among `VideoFileExtensions` of Jellyfin and the extensions of Kodi; none of them is of sound."""
HOSTILE = [
    "S01E02 - E03", "s1 e5", "S1x2-3", "4x3-16x9", "E05", "ep12", "2x5", "My sample pack", "sample",
    "Part 2", "1080p", "2001-02-03", "x264 [1x2]", "s2026e052702", *HOSTILE_TITLES,
]  # fmt: skip


def video(**fields: object) -> ViewVideo:
    known: dict[str, object] = {
        "video_id": VIDEO,
        "title": "A title",
        "channel_id": CHANNEL_ID,
        "channel_title": "A channel",
        "uploaded": datetime(2026, 5, 27, 23, 30, tzinfo=UTC),
        "stored_at": datetime(2026, 11, 28, 9, 30, 5, tzinfo=UTC),
        "duration": 213,
        "quality": "720p",
        "files": (stored("mp4", Role.MEDIA),),
    }
    return ViewVideo(**(known | fields))  # type: ignore[arg-type]  # fields by name


def stored(format_: str, role: Role, name: str = VIDEO, **fields: object) -> ViewFile:
    key = f"videos/{VIDEO}/{name}.{format_}"
    return ViewFile(key=key, role=role, format=format_, digest="0", **fields)  # type: ignore[arg-type]  # fields by name


def require_matched(path: str, season: int, episode: int) -> None:
    """Check that Jellyfin and Kodi read exactly this episode from a path."""
    absolute = f"/media/{path}.mp4"
    found = JELLYFIN.match(absolute)
    assert found is not None
    assert (int(found["season"]), int(found["episode"])) == (season, episode)
    assert season == 0 or 1928 <= season <= 2500
    assert not any(each.match(absolute) for each in JELLYFIN_RANGES)
    kodi = KODI.search(absolute)
    assert kodi is not None
    assert (int(kodi[1]), int(kodi[2])) == (season, episode)
    assert KODI.search(kodi[3]) is None
    assert KODI_PART.search(kodi[3]) is None
    assert KODI_EXCLUDED.search(absolute) is None


@pytest.mark.parametrize("title", HOSTILE)
def test_jellyfin_and_kodi_read_the_episode_from_names_with_hostile_titles(title: str) -> None:
    for season, episode in [(2026, 52701), (2026, 105270100), (0, 1), (0, 12345)]:
        folder = path_of(video(channel_title=title), "Folder", season, episode, is_music=False)
        require_matched(folder, season, episode)
        path = path_of(video(title=title), title.replace("/", ""), season, episode, is_music=False)
        require_matched(path.rpartition("Season")[2], season, episode)


@given(ANY_TEXT, st.dates(date(2005, 4, 23), date(2100, 1, 1)))
def test_jellyfin_and_kodi_read_the_episode_from_every_name(title: str, day: date) -> None:
    episode = episode_number(day, set())
    path = path_of(video(title=title), "A channel", day.year, episode, is_music=False)
    require_matched(path, day.year, episode)
    assert path.endswith(f" [{VIDEO}]")
    assert all(len(part.encode()) <= 255 - len(".zh-Hant.auto.vtt") for part in path.split("/"))


@pytest.mark.parametrize("season", [0, 2005, 2026])
def test_jellyfin_reads_the_season_from_its_folder(season: int) -> None:
    found = JELLYFIN_SEASON.fullmatch(season_folder(season))
    assert found is not None
    assert int(found["number"]) == season


def test_number_is_month_day_and_the_number_of_the_day() -> None:
    day, taken = date(2026, 5, 27), set[int]()
    for _ in range(150):
        taken.add(episode_number(day, taken))
    assert sorted(taken)[:2] == [52701, 52702]
    assert sorted(taken)[98:101] == [52799, 105270100, 105270101]
    assert episode_number(date(2026, 5, 28), taken) == 52801
    assert episode_number(date(2026, 12, 31), taken) == 123101
    assert episode_number(None, {1, 2}) == 3


def test_number_of_a_day_never_belongs_to_another_day() -> None:
    days = [date(2024, 1, 1), date(2024, 1, 10), date(2024, 10, 11), date(2024, 12, 31)]
    taken = set[int]()
    for day in days * 300:
        taken.add(episode_number(day, taken))
    assert len(taken) == 1200


def test_day_is_in_utc() -> None:
    late = datetime.fromisoformat("2026-12-31T23:30:00-02:00").astimezone(UTC)
    assert (late.year, late.month, late.day) == (2027, 1, 1)


def placed(path: str, *files: ViewFile, is_music: bool = False) -> list[str]:
    place = Place(2026, 52701, path, is_music)
    entries = MediaServerPolicy().video(replace(video(), files=files, place=place), "A channel")
    return [entry.path.removeprefix(path) for entry in entries]


def test_files_of_a_video_are_named_as_servers_recognise_them() -> None:
    captions: dict[str, Any] = {"language": "en", "role": Role.CAPTIONS}
    names = placed(
        "A channel/Season 2026/A channel - s2026e052701 - A title",
        stored("mp4", Role.MEDIA),
        stored("jpg", Role.THUMBNAIL),
        stored("vtt", name="a", **captions),
        stored("vtt", name="b", automatic=True, **captions),
        stored("srt", name="c", **captions),
        stored("json", Role.INFO, "info"),
    )
    assert names == [".mp4", "-thumb.jpg", ".en.vtt", ".en.auto.vtt", ".en.srt", ".nfo"]


def test_music_has_no_nfo_and_its_picture_has_its_name() -> None:
    audio = (stored("m4a", Role.MEDIA), stored("jpg", Role.THUMBNAIL))
    assert placed("A channel/Music 2026/A title", *audio, is_music=True) == [".m4a", ".jpg"]


def test_video_without_a_place_is_not_shown() -> None:
    assert MediaServerPolicy().video(video(), "A channel") == []


def test_channel_has_the_files_of_its_series_seasons_and_albums() -> None:
    """Posters of seasons are in the folder of the series, where all servers look for them.

    Jellyfin: `Emby.Server.Implementations`, LocalImageProvider, looks in the folder of the series
    for `season<number>-poster`, with `-specials` in place of the number 0. Emby: likewise. Kodi:
    kodi.wiki/view/Season_artwork, the same names.
    """
    pictures = {
        "poster": stored("jpg", Role.THUMBNAIL, "poster"),
        "fanart": stored("jpg", Role.THUMBNAIL, "fanart"),
    }
    about = ViewChannel(
        CHANNEL_ID, "A channel", channel(), "A channel", pictures, (0, 2026), None, (2025,)
    )
    entries = MediaServerPolicy().channel(about)
    assert sorted(entry.path for entry in entries) == [
        "A channel/Music 2025/album.nfo",
        "A channel/Music 2025/cover.jpg",
        "A channel/Season 00/season.nfo",
        "A channel/Season 2026/season.nfo",
        "A channel/artist.nfo",
        "A channel/fanart.jpg",
        "A channel/poster.jpg",
        "A channel/season-specials-poster.jpg",
        "A channel/season2026-poster.jpg",
        "A channel/tvshow.nfo",
    ]
