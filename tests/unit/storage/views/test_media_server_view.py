"""A media-server view of an archive: its files, and places that stay."""

from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.standin.hostile import HOSTILE_TITLES
from tests.unit.storage.samples import (
    MEDIA,
    OTHER,
    VIDEO,
    listed,
    metadata,
    save_request,
    stage,
)
from tests.unit.storage.views.test_media_server import require_matched
from tests.unit.storage.views.test_nfo import CHANNEL_ID, channel
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import Conflict
from ytarchive.storage import (
    AddView,
    MarksAPI,
    MarksQuery,
    SaveChannel,
    SaveMetadata,
    SyncView,
    VideoMarks,
    ViewPolicy,
    ViewsAPI,
    rebuild_library,
)
from ytarchive.storage.service import StorageService

THIRD = "third_video"
OTHER_CHANNEL = "UC" + "b" * 22
DAY = datetime(2026, 5, 27, 12, tzinfo=UTC)
SEASON = "A channel/Season 2026"
FIRST = f"{SEASON}/A channel - s2026e052701 - A title [{VIDEO}]"
SECOND = f"{SEASON}/A channel - s2026e052702 - Later [{OTHER}]"


async def described(storage: StorageService, video_id: str = VIDEO, **fields: Any) -> None:
    """Store the metadata of a video of 27 May 2026."""
    known = {"upload_date": DAY} | fields
    video = metadata(video_id).model_copy(update=known)
    await storage.save_metadata(SaveMetadata(metadata=video))


async def stored(storage: StorageService, config: StorageConfig, video_id: str = VIDEO) -> None:
    folder = stage(config, video_id, MEDIA + video_id.encode())
    await storage.save_video(save_request(folder, video_id))


async def sync(storage: StorageService, *, dry_run: bool = False) -> dict[str, int]:
    """Synchronise the view, which is added first; return the numbers of its report."""
    views: Any = storage.subjects()[ViewsAPI]
    if "tv" not in {view.name for view in (await views.list_views()).views}:
        await views.add_view(AddView(name="tv", policy=ViewPolicy.MEDIA_SERVER))
    report = await views.sync_view("tv", SyncView(dry_run=dry_run))
    assert report.blocked == []
    return {name: getattr(report, name) for name in ("created", "replaced", "removed", "foreign")}


def shown(config: StorageConfig) -> list[str]:
    found = listed(config.base_path / "tv")
    return [path for path in found if not path.startswith(".")]


def read(config: StorageConfig, path: str, element: str) -> str | None:
    document = ET.parse(config.base_path / "tv" / path)
    return document.getroot().findtext(element)


async def test_videos_of_one_day_are_numbered_by_time_and_every_file_has_its_name(
    storage: StorageService, config: StorageConfig
) -> None:
    await described(storage, OTHER, title="Later", upload_date=DAY.replace(hour=13))
    await described(storage)
    for video_id in (OTHER, VIDEO):
        await stored(storage, config, video_id)
    await sync(storage)
    assert shown(config) == sorted(
        [
            "A channel/tvshow.nfo",
            f"{SEASON}/season.nfo",
            *(f"{stem}{end}" for stem in (FIRST, SECOND) for end in ENDS),
        ]
    )
    for number, stem in enumerate((FIRST, SECOND), 1):
        require_matched(stem, 2026, 52700 + number)
        assert read(config, f"{stem}.nfo", "episode") == str(52700 + number)
    assert await sync(storage) == {"created": 0, "replaced": 0, "removed": 0, "foreign": 0}


ENDS = (".mp4", ".nfo", "-thumb.jpg", ".en.vtt")


async def test_changed_title_and_channel_name_change_the_nfo_and_no_path(
    storage: StorageService, config: StorageConfig
) -> None:
    await described(storage)
    await stored(storage, config)
    await sync(storage)
    before = shown(config)
    await described(storage, title="New", channel_title="Renamed", upload_date=DAY.replace(day=30))
    await sync(storage)
    assert shown(config) == before
    assert read(config, f"{FIRST}.nfo", "title") == "New"
    assert read(config, f"{FIRST}.nfo", "aired") == "2026-05-30"
    assert read(config, "A channel/tvshow.nfo", "premiered") == "2026-05-30"
    assert read(config, "A channel/tvshow.nfo", "title") == "Renamed"
    await described(storage, OTHER, title="Later", channel_title="Renamed")
    await stored(storage, config, OTHER)
    await sync(storage)
    assert f"{SECOND}.mp4" in shown(config)


async def test_places_survive_marks_of_a_user_a_rebuild_and_the_loss_of_the_view(
    storage: StorageService, config: StorageConfig
) -> None:
    for video_id in (VIDEO, OTHER):
        await described(storage, video_id, title={VIDEO: "A title"}.get(video_id, "Later"))
        await stored(storage, config, video_id)
        await sync(storage)
    marks: Any = storage.subjects()[MarksAPI]
    marked = await marks.set_marks(VIDEO, VideoMarks(keep=True))
    assert (marked.keep, marked.season, marked.episode, marked.episode_path) == (
        True, 2026, 52701, FIRST,
    )  # fmt: skip
    with pytest.raises(Conflict, match="is episode 52701"):
        await marks.set_marks(VIDEO, VideoMarks(episode=5))
    await described(storage, title="Changed since")
    before = shown(config)
    await storage.close()
    for name in ("library.db", "views.db"):
        (config.base_path / ".ytarchive" / name).unlink()
    await rebuild_library(config)
    again = await StorageService.open(config)
    await sync(again)
    assert shown(config) == before
    await again.close()


async def test_second_channel_of_the_same_name_gets_its_id(
    storage: StorageService, config: StorageConfig
) -> None:
    for video_id, fields in {
        VIDEO: {},
        OTHER: {"channel_id": OTHER_CHANNEL, "channel_title": "a CHANNEL"},
    }.items():
        await described(storage, video_id, **fields)
        await stored(storage, config, video_id)
        await sync(storage)
    folders = {path.partition("/")[0] for path in shown(config)}
    assert folders == {"A channel", f"a CHANNEL [{OTHER_CHANNEL}]"}


async def test_video_without_metadata_gets_its_place_when_they_are_known(
    storage: StorageService, config: StorageConfig
) -> None:
    await stored(storage, config)
    await sync(storage)
    provisional = f"Unknown channel/Season 00/Unknown channel - s00e0001 - {VIDEO} [{VIDEO}]"
    assert f"{provisional}.mp4" in shown(config)
    require_matched(provisional, 0, 1)
    await described(storage, upload_date=None)
    await sync(storage)
    await described(storage)
    await sync(storage)
    assert {path.rpartition("/")[0] for path in shown(config)} == {"A channel", SEASON}
    assert f"{FIRST}.mp4" in shown(config)


async def test_dry_run_assigns_no_place(storage: StorageService, config: StorageConfig) -> None:
    await described(storage)
    await stored(storage, config)
    await sync(storage, dry_run=True)
    marks: Any = storage.subjects()[MarksAPI]
    assert (await marks.get_marks(VIDEO)).episode_path is None


async def test_music_is_in_albums_of_an_artist(
    storage: StorageService, config: StorageConfig
) -> None:
    await described(storage)
    folder = stage(config)
    (folder / f"{VIDEO}.mp4").rename(folder / f"{VIDEO}.m4a")
    await storage.save_video(save_request(folder))
    await sync(storage)
    song = f"A channel/Music 2026/A title [{VIDEO}]"
    assert shown(config) == [
        f"{song}.en.vtt",
        f"{song}.jpg",
        f"{song}.m4a",
        "A channel/Music 2026/album.nfo",
        "A channel/artist.nfo",
    ]


async def test_sound_that_is_replaced_by_a_video_becomes_an_episode(
    storage: StorageService, config: StorageConfig
) -> None:
    await described(storage)
    folder = stage(config)
    (folder / f"{VIDEO}.mp4").rename(folder / f"{VIDEO}.m4a")
    await storage.save_video(save_request(folder))
    await sync(storage)
    await storage.save_video(save_request(stage(config, media=MEDIA * 2)))
    await sync(storage)
    assert f"{FIRST}.mp4" in shown(config)
    assert not [path for path in shown(config) if "Music" in path or "artist" in path]


async def test_hostile_titles_of_videos_and_channels_are_all_shown_as_episodes(
    storage: StorageService, config: StorageConfig
) -> None:
    ids = [f"hostile{number:04}" for number in range(len(HOSTILE_TITLES))]
    for number, (video_id, title) in enumerate(zip(ids, HOSTILE_TITLES, strict=True)):
        channel_id = f"UC{number:022}"
        text = title.encode("utf-8", "replace").decode()  # as metadata are read
        named = {"title": text, "channel_title": text, "channel_id": channel_id}
        await described(storage, video_id, **named)
        await stored(storage, config, video_id)
    await sync(storage)
    media = [path for path in shown(config) if path.endswith(".mp4")]
    assert len(media) == len({path.casefold() for path in media}) == len(ids)
    for path in media:
        require_matched(path.removesuffix(".mp4"), 2026, 52701)
        nfo = ET.parse((config.base_path / "tv" / path).with_suffix(".nfo"))
        assert f"[{nfo.getroot().findtext('uniqueid')}].mp4" in path


async def test_places_alone_are_not_listed_as_marks(
    storage: StorageService, config: StorageConfig
) -> None:
    await described(storage)
    await stored(storage, config)
    await sync(storage)
    marks: Any = storage.subjects()[MarksAPI]
    assert (await marks.list_marks(MarksQuery())).items == []
    await marks.set_marks(VIDEO, VideoMarks(keep=True))
    [listed_video] = (await marks.list_marks(MarksQuery())).items
    assert listed_video.episode_path == FIRST


class Pictures:
    """Returns the address as the content."""

    async def fetch(self, url: str) -> bytes:
        return url.encode()


async def test_avatar_and_banner_are_shown_when_they_are_stored(
    storage: StorageService, config: StorageConfig
) -> None:
    await described(storage)
    await stored(storage, config)
    await sync(storage)
    channels = storage.known_channels
    channels.pictures = Pictures()
    addresses = {"avatar_url": "avatar", "banner_url": "banner", "description": "About it"}
    await channels.save_channel(SaveChannel(channel=channel().model_copy(update=addresses)))
    await channels.settled()
    await sync(storage)
    folder = config.base_path / "tv" / "A channel"
    assert (folder / "poster.jpg").read_text() == "avatar"
    assert (folder / "fanart.jpg").read_text() == "banner"
    assert (folder / "season2026-poster.jpg").read_text() == "avatar"
    assert read(config, "A channel/tvshow.nfo", "plot") == "About it"
    assert read(config, "A channel/tvshow.nfo", "uniqueid") == CHANNEL_ID
