"""Videos are recognised by the default names of other programs, and by common other names."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.unit.storage.adopting import adopt, findings, report
from tests.unit.storage.foreign_libraries import (
    CAPTIONS,
    JPEG,
    SUBRIP,
    digests,
    info,
    media,
    write_file,
)
from tests.unit.storage.peer_libraries import SAMPLES, Sample, nfo
from tests.unit.storage.samples import OTHER, VIDEO
from ytarchive.media import ffmpeg_path
from ytarchive.storage import Outcome
from ytarchive.storage.adopt.recognisers import Listing, recognised
from ytarchive.storage.service import StorageService

IDS = [VIDEO, OTHER, "-bcdefghij_"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__name__)
async def test_library_of_a_program_is_adopted_verified_and_not_changed(
    storage: StorageService, tmp_path: Path, sample: Sample
) -> None:
    folder = tmp_path / "library"
    sample(folder, IDS)
    before = digests(folder)
    done = await adopt(storage, folder)
    rows = await report(storage)
    count = len(IDS) * SAMPLES[sample]
    assert (done.videos_adopted, done.files[Outcome.ADOPTED]) == (len(IDS), count), rows
    assert rows.keys() == before.keys()
    assert digests(folder) == before
    again = await adopt(storage, folder)
    assert (again.videos_adopted, again.files[Outcome.DUPLICATE]) == (0, count)
    assert await findings(storage, videos=len(IDS)) == {}


WHOLE = {
    f"A title [{VIDEO}].{rest}": content
    for rest, content in {
        "mp4": media(), "info.json": info(VIDEO), "description": "Described", "url": "[Internet",
        "webloc": "<plist/>", "desktop": "[Desktop", "annotations.xml": "<document/>",
        "en.vtt": CAPTIONS, "en-orig.vtt": CAPTIONS, "zh-Hans.srt": SUBRIP, "webp": b"RIFF 1",
        "live_chat.json": "{}",
    }.items()
}  # fmt: skip
UNFINISHED = {
    f"A title [{VIDEO}].{rest}": media()
    for rest in ("mp4.part", "mp4.ytdl", "temp.mp4", "f137.mp4", "f251.webm", "f140-drc.m4a",
                 "f616.mp4.part-Frag3", "fhls-1080.mp4", "mp4.aria2")
}  # fmt: skip
ADOPTED = "videos/"


def of_site(site: str, video_id: str) -> str:
    return info(video_id, extractor=site, extractor_key=site.title())


@pytest.mark.parametrize(
    ("files", "reasons"),
    [
        (WHOLE, {"": ADOPTED}),
        (UNFINISHED, {"": "unfinished"}),
        ({f"A_title [{VIDEO}].mkv": media(".mkv")}, {"": ADOPTED}),
        ({f"{VIDEO}.mp4": media(), f"{VIDEO}.info.json": info(VIDEO)}, {"": ADOPTED}),
        ({"A list/001 - A.mp4": media(), "A list/001 - A.info.json": info(VIDEO)}, {"": ADOPTED}),
        ({"A.mp4": media(), "A.mp4.info.json": info(VIDEO), "A.mp4.jpg": JPEG}, {"": ADOPTED}),
        ({"A-Collection1.mp4": media(), "A-Collection1.info.json": info(VIDEO)}, {"": ADOPTED}),
        ({"A [Performance].mp4": media(), "A [Performance].info.json": info(VIDEO)}, {"": ADOPTED}),
        ({"A [Performance].mp4": media(), "A [Performance].nfo": nfo(VIDEO)}, {".mp4": ADOPTED}),
        ({"A.mp4": media(), "A.nfo": nfo(VIDEO)}, {".mp4": ADOPTED, ".nfo": "media server"}),
        ({"A.mp4": media(), "A.nfo": f"<!DOCTYPE x>{nfo(VIDEO)}"}, {".mp4": "no id of a video"}),
        ({"A.mp4": media(), "A.info.json": '{"id": '}, {".mp4": "does not describe"}),
        ({f"A [{VIDEO}].mp4": media(), f"A [{VIDEO}].info.json": of_site("vimeo", VIDEO)},
         {".mp4": "a video of Vimeo", ".json": "a video of Vimeo"}),
        ({"A [v1234567890].mp4": media()}, {"": "no id of a video"}),
        ({"A [UCx].info.json": json.dumps({"_type": "playlist"})}, {"": "a playlist or a channel"}),
        ({f"A [{VIDEO}].info.json": info(VIDEO)}, {"": f"describes the video {VIDEO}"}),
        ({"done": f"youtube {VIDEO}\nvimeo 1\n"}, {"": "videos of YouTube: 1; without media"}),
        ({"notes.txt": "youtube is fun to watch\n"}, {"": "no media file"}),
        ({"folder.jpg": JPEG, "tvshow.nfo": nfo("UCx", "tvshow")}, {"": "media server"}),
    ],
)  # fmt: skip
async def test_every_file_has_one_outcome_and_an_understandable_reason(
    storage: StorageService, tmp_path: Path, files: dict[str, str | bytes],
    reasons: dict[str, str],
) -> None:  # fmt: skip
    for name, content in files.items():
        write_file(tmp_path / "in" / name, content)
    await adopt(storage, tmp_path / "in")
    rows = await report(storage)
    assert rows.keys() == files.keys()
    for path, row in rows.items():
        expected = [reason for end, reason in reasons.items() if path.endswith(end)]
        assert all(each in row.detail for each in expected), (path, row.detail)
        assert (row.outcome is Outcome.ADOPTED) is row.detail.startswith(ADOPTED)


def embed_page(source: Path, target: Path) -> None:
    """Copy a film with the tag that `--embed-metadata` writes."""
    page = ("-metadata", f"comment=https://www.youtube.com/watch?v={VIDEO}")
    command = [str(ffmpeg_path()), "-v", "error", "-i", str(source), "-c", "copy", *page]
    subprocess.run([*command, str(target)], check=True)


async def test_page_that_yt_dlp_embeds_in_media_identifies_the_video(
    storage: StorageService, tmp_path: Path
) -> None:
    write_file(tmp_path / "plain.mp4", media())
    (tmp_path / "in").mkdir()
    embed_page(tmp_path / "plain.mp4", tmp_path / "in" / "A title.mp4")
    assert (await adopt(storage, tmp_path / "in")).videos_adopted == 1
    assert (await report(storage))["A title.mp4"].layout == "tags"


@pytest.mark.parametrize(
    ("name", "described", "title"),
    [(f"A title [{VIDEO}]", "", "A title"), (f"A-title-{VIDEO}", "", "A-title"),
     (f"2009-10-25_a-source_a-title_{VIDEO}_1080p-vp9", "", "a-title"),
     (f"20091025_{VIDEO}_a-title", "", "a-title"),
     (f"A title_ a [{VIDEO}]", nfo(VIDEO), "A title: with a colon")],
)  # fmt: skip
async def test_title_in_a_name_or_an_nfo_file_is_kept_until_metadata_is_fetched(
    storage: StorageService, tmp_path: Path, name: str, described: str, title: str
) -> None:
    write_file(tmp_path / "in" / f"{name}.mp4", media())
    if described:
        write_file(tmp_path / "in" / f"{name}.nfo", described)
    await adopt(storage, tmp_path / "in")
    metadata = await storage.get_metadata(VIDEO)
    assert metadata.title == title
    assert (metadata.upload_date is not None) is bool(described)
    assert (await storage.adopter.list_undescribed()).video_ids == [VIDEO]


@pytest.mark.parametrize(
    ("name", "video_id"),
    [(f"A title [{VIDEO}]", VIDEO), (f"Title-{OTHER}", OTHER), ("Title-documentary", None),
     ("Title-Documentary", None), ("Title-12345678901", None), ("A title [too short]", None),
     (VIDEO, VIDEO), ("documentary", None), ("holiday2020", None), ("HolidayFilm", None),
     ("IMG_1234567", None), ("My-Video_01", None), (f"A [{VIDEO}] (1080p)", VIDEO),
     (f"A title ({VIDEO})", VIDEO), ("A [vid00000001]", "vid00000001"),
     ("The [documentary] film", None), (f"20091025_{VIDEO}_a-title", VIDEO)],
)  # fmt: skip
def test_end_of_a_title_is_not_mistaken_for_an_id(name: str, video_id: str | None) -> None:
    found = recognised(name, Listing("", {}))
    assert (found[1] if found else None) == video_id
