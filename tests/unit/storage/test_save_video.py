import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from tests.unit.storage.samples import (
    MEDIA,
    OTHER,
    VIDEO,
    files_on_disk,
    listed,
    registered_files,
    run,
    save_request,
    sha256sum_accepts,
    stage,
)
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import IntegrityFailure, NotFound, PathOutsideArchive
from ytarchive.storage import SaveVideo
from ytarchive.storage.service import StorageService

CAPTIONS = f"captions/{VIDEO}.en.vtt"
COMPLETE = [
    CAPTIONS, "checksums.sha256", *(f"{VIDEO}.{x}" for x in ("info.json", "jpg", "mp4")),
    "manifest.json",
]  # fmt: skip


async def test_a_staged_folder_becomes_the_videos_folder(
    storage: StorageService, config: StorageConfig
) -> None:
    staged = stage(config)
    location = await storage.save_video(save_request(staged))
    folder = config.base_path / "videos" / VIDEO
    assert listed(folder) == sorted(COMPLETE)
    assert not staged.exists()
    assert location.video_path == str(folder / f"{VIDEO}.mp4")
    assert location.thumbnail_path == str(folder / f"{VIDEO}.jpg")
    assert location.captions_dir == str(folder / "captions")
    assert location.metadata_path == str(config.base_path / f"metadata/videos/{VIDEO}.json")
    assert location.size_bytes == sum(size for size, _ in files_on_disk(config, "videos").values())
    assert location.quality == "720p"


async def test_checksums_cover_every_file_and_sha256sum_reads_them(
    storage: StorageService, config: StorageConfig
) -> None:
    await storage.save_video(save_request(stage(config)))
    folder = config.base_path / "videos" / VIDEO
    lines = (folder / "checksums.sha256").read_text().splitlines()
    assert f"{hashlib.sha256(MEDIA).hexdigest()}  {VIDEO}.mp4" in lines
    assert [line[66:] for line in lines] == [n for n in sorted(COMPLETE) if n != "checksums.sha256"]
    assert sha256sum_accepts(folder)
    (folder / CAPTIONS).write_text("WEBVTT \n")
    assert not sha256sum_accepts(folder)


async def test_every_file_is_registered_with_its_digest(
    storage: StorageService, config: StorageConfig
) -> None:
    await storage.save_video(save_request(stage(config)))
    assert registered_files(config) == files_on_disk(config, "videos")


async def test_an_id_that_begins_with_a_dash_is_stored(
    storage: StorageService, config: StorageConfig
) -> None:
    await storage.save_video(save_request(stage(config, OTHER), OTHER))
    assert sha256sum_accepts(config.base_path / "videos" / OTHER)


async def test_another_output_folder_is_created_and_used(
    storage: StorageService, config: StorageConfig
) -> None:
    location = await storage.save_video(save_request(stage(config), output_path="a/b"))
    assert location.video_path == str(config.base_path / "a/b" / VIDEO / f"{VIDEO}.mp4")


async def test_saving_again_after_a_lost_answer_gives_the_same_location(
    storage: StorageService, config: StorageConfig
) -> None:
    request = save_request(stage(config))
    first = await storage.save_video(request)
    again = await storage.save_video(request)
    assert (first.is_first, again) == (True, first.model_copy(update={"is_first": False}))


async def test_two_saves_of_a_video_at_the_same_time_store_it_once(
    storage: StorageService, config: StorageConfig
) -> None:
    request = save_request(stage(config))
    locations = await asyncio.gather(*(storage.save_video(request) for _ in range(8)))
    assert len({each.model_dump_json(exclude={"is_first"}) for each in locations}) == 1
    assert sum(each.is_first for each in locations) == 1
    assert registered_files(config) == files_on_disk(config, "videos")


async def test_a_cancelled_caller_leaves_no_partial_video(
    storage: StorageService, config: StorageConfig
) -> None:
    request = save_request(stage(config))
    saving = asyncio.create_task(storage.save_video(request))
    await asyncio.sleep(0)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    assert (await storage.save_video(request)).video_path
    assert registered_files(config) == files_on_disk(config, "videos")


async def test_a_second_download_replaces_the_first_and_keeps_files_that_it_lacks(
    storage: StorageService, config: StorageConfig
) -> None:
    await storage.save_video(save_request(stage(config)))
    location = await storage.save_video(save_request(stage(config, media=b"better", captions="de")))
    folder = config.base_path / "videos" / VIDEO
    assert (folder / f"{VIDEO}.mp4").read_bytes() == b"better"
    assert listed(folder / "captions") == [f"{VIDEO}.de.vtt", f"{VIDEO}.en.vtt"]
    assert sha256sum_accepts(folder)
    assert (folder / "checksums.sha256").read_text().count("\n") == 6
    assert registered_files(config) == files_on_disk(config, "videos")
    assert location.size_bytes == sum(size for size, _ in files_on_disk(config, "videos").values())
    assert not (config.staging_path / VIDEO).exists()


async def test_a_second_download_to_another_folder_leaves_the_first_registered(
    storage: StorageService, config: StorageConfig
) -> None:
    await storage.save_video(save_request(stage(config)))
    location = await storage.save_video(save_request(stage(config), output_path="hd"))
    assert location.video_path == str(config.base_path / "hd" / VIDEO / f"{VIDEO}.mp4")
    assert location.thumbnail_path == str(config.base_path / "hd" / VIDEO / f"{VIDEO}.jpg")
    assert registered_files(config) == files_on_disk(config, "videos", "hd")
    assert (await storage.get_stats()).total_videos == 1


async def test_an_unregistered_folder_at_the_destination_is_included(
    storage: StorageService, config: StorageConfig
) -> None:
    """As after the loss of library.db: what lies there is kept, and known again by its digest."""
    folder = config.base_path / "videos" / VIDEO
    folder.mkdir()
    (folder / "note.txt").write_text("mine")
    digest = hashlib.sha256(b"mine").hexdigest()
    (folder / "checksums.sha256").write_text(f"{digest}  note.txt\n{digest}  ../../escape\n")
    await storage.save_video(save_request(stage(config)))
    assert (folder / "note.txt").read_text() == "mine"
    assert "escape" not in (folder / "checksums.sha256").read_text()
    assert sha256sum_accepts(folder)
    assert registered_files(config) == files_on_disk(config, "videos")


@pytest.mark.parametrize(
    "leftover",
    [
        f"{VIDEO}.mp4.part",
        f"{VIDEO}.mp4.part-Frag3",
        f"{VIDEO}.mp4.ytdl",
        f"{VIDEO}.temp.mp4",
        f"{VIDEO}.f137.mp4",
        f"{VIDEO}.fhls-1080p.mp4",
        f"{VIDEO}.webm",
        f"captions/{VIDEO}.en.vtt.part",
        ".hidden",
        "A title.txt",
        f"deeper/{VIDEO}.txt",
        f"{VIDEO}.line\nbreak",
    ],
)
async def test_a_download_with_leftovers_is_not_stored(
    storage: StorageService, config: StorageConfig, leftover: str
) -> None:
    staged = stage(config)
    (staged / leftover).parent.mkdir(exist_ok=True)
    (staged / leftover).write_bytes(b"x")
    before = listed(staged)
    with pytest.raises(IntegrityFailure, match=VIDEO):
        await storage.save_video(save_request(staged))
    assert listed(staged) == before
    assert not (config.base_path / "videos" / VIDEO).exists()


@pytest.mark.parametrize("size", [None, 0])
async def test_a_download_without_media_is_not_stored(
    storage: StorageService, config: StorageConfig, size: int | None
) -> None:
    staged = stage(config)
    media = staged / f"{VIDEO}.mp4"
    media.unlink()
    if size is not None:
        media.touch()
    with pytest.raises(IntegrityFailure, match="media file"):
        await storage.save_video(save_request(staged))


async def test_links_and_pipes_in_staging_are_not_stored(
    storage: StorageService, config: StorageConfig, tmp_path: Path
) -> None:
    staged = stage(config)
    (tmp_path / "secret").write_text("secret")
    (staged / f"{VIDEO}.jpg").unlink()
    (staged / f"{VIDEO}.jpg").symlink_to(tmp_path / "secret")
    with pytest.raises(IntegrityFailure):
        await storage.save_video(save_request(staged))
    (staged / f"{VIDEO}.jpg").unlink()
    os.mkfifo(staged / f"{VIDEO}.jpg")
    with pytest.raises(IntegrityFailure):
        await storage.save_video(save_request(staged))


async def test_a_link_inside_the_target_does_not_lead_files_out(
    storage: StorageService, config: StorageConfig, tmp_path: Path
) -> None:
    folder = config.base_path / "videos" / VIDEO
    folder.mkdir()
    (tmp_path / "outside").mkdir()
    (folder / "captions").symlink_to(tmp_path / "outside")
    with pytest.raises(PathOutsideArchive):
        await storage.save_video(save_request(stage(config)))
    assert listed(tmp_path / "outside") == []


async def test_staged_folder_that_is_a_link_is_refused(
    storage: StorageService, config: StorageConfig
) -> None:
    elsewhere = stage(config).rename(config.base_path / "elsewhere")
    (config.staging_path / VIDEO).symlink_to(elsewhere)
    with pytest.raises(PathOutsideArchive):
        await storage.save_video(save_request(config.staging_path / VIDEO))
    assert f"{VIDEO}.mp4" in listed(elsewhere)


async def test_nothing_staged_and_nothing_stored_is_not_found(
    storage: StorageService, config: StorageConfig
) -> None:
    with pytest.raises(NotFound, match=VIDEO):
        await storage.save_video(save_request(config.staging_path / VIDEO))


async def test_a_lost_media_file_is_not_hidden_by_saving_again(
    storage: StorageService, config: StorageConfig
) -> None:
    request = save_request(stage(config))
    location = await storage.save_video(request)
    run("rm", str(location.video_path))
    with pytest.raises(NotFound):
        await storage.save_video(request)


async def test_a_file_in_the_archive_is_registered_in_place(
    storage: StorageService, config: StorageConfig
) -> None:
    folder = config.base_path / "old [stuff]"
    (folder / "captions").mkdir(parents=True)
    own = ["My film.mp4", "My film.info.json", "My film.webp", "captions/My film.en.vtt"]
    foreign = ["My film.mp4.part", "My film 2.mp4", "Other.jpg"]
    for name in [*own, *foreign]:
        (folder / name).write_text(name)
    location = await storage.save_video(
        SaveVideo(video_id=VIDEO, video_path="old [stuff]/My film.mp4")
    )
    assert location.video_path == str(folder / "My film.mp4")
    assert location.thumbnail_path == str(folder / "My film.webp")
    assert location.captions_dir == str(folder / "captions")
    assert set(registered_files(config)) == {f"old [stuff]/{name}" for name in own}
    assert listed(folder) == sorted([*own, *foreign])


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/etc/hostname", PathOutsideArchive),
        ("../x.mp4", PathOutsideArchive),
        (".ytarchive/library.db", PathOutsideArchive),
        ("metadata/videos/x.mp4", PathOutsideArchive),
        ("videos/none.mp4", NotFound),
        ("videos", NotFound),
        ("videos/text.txt", IntegrityFailure),
        ("videos/x.temp.mp4", IntegrityFailure),
    ],
)
async def test_only_media_files_of_the_archive_are_registered(
    storage: StorageService, config: StorageConfig, path: str, error: type[Exception]
) -> None:
    for name in ("text.txt", "x.temp.mp4"):
        (config.base_path / "videos" / name).write_text("x")
    with pytest.raises(error):
        await storage.save_video(SaveVideo(video_id=VIDEO, video_path=path))
    assert not (await storage.video_exists(VIDEO)).exists
