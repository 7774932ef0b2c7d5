"""Videos are recognised by the default names of other programs. Each sample names its source."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.storage.adopting import adopt, report
from tests.unit.storage.foreign_libraries import (
    CAPTIONS,
    JPEG,
    digests,
    info,
    media,
    of_yt_dlp,
    write_file,
)
from tests.unit.storage.samples import OTHER, VIDEO
from ytarchive.storage import Outcome
from ytarchive.storage.adopt.recognisers import Listing, recognised
from ytarchive.storage.service import StorageService

CHANNEL = "UCuAXFkgsw1L7xaCfnd5JJOw"


def yt_dlp(folder: Path) -> None:
    """`%(title)s [%(id)s].%(ext)s`: yt_dlp/utils/_utils.py, DEFAULT_OUTTMPL."""
    of_yt_dlp(folder, VIDEO)


def youtube_dl(folder: Path) -> None:
    """`%(title)s-%(id)s.%(ext)s`: youtube_dl/utils.py, DEFAULT_OUTTMPL."""
    write_file(folder / f"A title-{VIDEO}.mp4", media())
    write_file(folder / f"A title-{VIDEO}.en.vtt", CAPTIONS)


def pinchflat(folder: Path) -> None:
    """`/{{ source_custom_name }}/{{ upload_yyyy_mm_dd }} {{ title }}/{{ title }} [{{ id }}]`.

    kieraneglin/pinchflat, lib/pinchflat/profiles/media_profile.ex.
    """
    place = folder / "A source" / "2009-10-25 A title"
    stem = f"A title [{VIDEO}]"
    write_file(place / f"{stem}.mp4", media())
    write_file(place / f"{stem}.info.json", info(VIDEO))
    write_file(place / f"{stem}-thumb.jpg", JPEG)
    write_file(place / f"{stem}.en.srt", "1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    write_file(place / f"{stem}.nfo", "<episodedetails/>")
    write_file(folder / "A source" / "tvshow.nfo", "<tvshow/>")
    write_file(folder / "A source" / "poster.jpg", JPEG)


def tubesync(folder: Path) -> None:
    """`{yyyy_mm_dd}_{source}_{title}_{key}_{format}.{ext}`.

    meeb/tubesync, tubesync/tubesync/settings.py, MEDIA_FORMATSTR_DEFAULT.
    """
    stem = f"2009-10-25_a-source_a-title_{VIDEO}_1080p-avc1-mp4a"
    write_file(folder / "video" / "a-source" / f"{stem}.mkv", media(".mkv"))
    write_file(folder / "video" / "a-source" / f"{stem}.jpg", JPEG)


def tube_archivist(folder: Path) -> None:
    """`<channel id>/<video id>.mp4`: tubearchivist/tubearchivist, docs on the media folder."""
    write_file(folder / CHANNEL / f"{VIDEO}.mp4", media())
    write_file(folder / CHANNEL / f"{VIDEO}.en.vtt", CAPTIONS)


def ytdl_sub(folder: Path) -> None:
    """`Season <year>/s<year>.e<month><day><n> - <title>.mp4`, ids in the download archive.

    jmbannon/ytdl-sub, prebuilt preset "TV Show by Date"; `maintain_download_archive` in
    src/ytdl_sub/config/preset_options.py: `.ytdl-sub-{subscription_name}-download-archive.json`.
    """
    stem = "Season 2009/s2009.e102501 - A title"
    names = [f"{stem}.mp4", f"{stem}-thumb.jpg"]
    recorded = {VIDEO: {"upload_date": "2009-10-25", "extractor": "youtube", "file_names": names}}
    write_file(folder / "A show" / ".ytdl-sub-A show-download-archive.json", json.dumps(recorded))
    write_file(folder / "A show" / f"{stem}.mp4", media())
    write_file(folder / "A show" / f"{stem}-thumb.jpg", JPEG)


def youtarr(folder: Path) -> None:
    """`<channel>/<channel> - <title> [id]/<channel> - <title> [id].mp4`.

    DialmasterOrg/Youtarr, docs/YOUTARR_DOWNLOADS_FOLDER_STRUCTURE.md.
    """
    stem = f"A channel - A title [{VIDEO}]"
    write_file(folder / "A channel" / stem / f"{stem}.mp4", media())
    write_file(folder / "A channel" / stem / f"{stem}.jpg", JPEG)
    write_file(folder / "A channel" / stem / f"{stem}.en.srt", "1\n00:00:00,000 --> 1\nHello\n")


def metube(folder: Path) -> None:
    """`%(title)s.%(ext)s`, ids in the state folder.

    alexta69/metube, app/main.py, OUTPUT_TEMPLATE; app/ytdl.py, PersistentQueue.
    """
    item = {"id": VIDEO, "url": f"https://www.youtube.com/watch?v={VIDEO}"}
    state = {"items": [{"key": item["url"], "info": item | {"filename": "A title.mp4"}}]}
    write_file(folder / ".metube" / "completed.json", json.dumps(state))
    write_file(folder / "A title.mp4", media())


def youtubedl_material(folder: Path) -> None:
    """`video/%(title)s.%(ext)s` with info.json.

    Tzahi12345/YoutubeDL-Material, backend/config.js (`path-video`, `include_metadata`).
    """
    write_file(folder / "video" / "A title.mp4", media())
    write_file(folder / "video" / "A title.info.json", info(VIDEO))
    write_file(folder / "video" / "A title.jpg", JPEG)


SAMPLES = [
    (yt_dlp, 7), (youtube_dl, 2), (pinchflat, 4), (tubesync, 2), (tube_archivist, 2),
    (ytdl_sub, 2), (youtarr, 3), (metube, 1), (youtubedl_material, 3),
]  # fmt: skip


@pytest.mark.parametrize(("sample", "files"), SAMPLES)
async def test_library_of_a_program_is_adopted_and_not_changed(
    storage: StorageService, tmp_path: Path, sample: Callable[[Path], None], files: int
) -> None:
    folder = tmp_path / "library"
    sample(folder)
    before = digests(folder)
    done = await adopt(storage, folder)
    rows = await report(storage)
    assert (done.videos_adopted, done.files[Outcome.ADOPTED]) == (1, files), rows
    assert rows.keys() == before.keys()
    assert (await storage.video_exists(VIDEO)).exists
    assert digests(folder) == before
    again = await adopt(storage, folder)
    assert (again.videos_adopted, again.files[Outcome.DUPLICATE]) == (0, files)


@pytest.mark.parametrize(
    ("name", "video_id"),
    [(f"A title [{VIDEO}]", VIDEO), (f"Title-{OTHER}", OTHER), ("Title-documentary", None),
     ("Title-Documentary", None), ("Title-12345678901", None), ("A title [too short]", None),
     (VIDEO, VIDEO), ("documentary", None), (f"20091025_{VIDEO}_a-title", VIDEO)],
)  # fmt: skip
def test_end_of_a_title_is_not_mistaken_for_an_id(name: str, video_id: str | None) -> None:
    found = recognised(name, Listing("", {}))
    assert (found[1] if found else None) == video_id
