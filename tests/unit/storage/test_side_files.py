"""Missing files of a stored video are recorded, and added when they are fetched."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.unit.storage.samples import (
    LACKING,
    MEDIA,
    OTHER,
    VIDEO,
    content,
    files_on_disk,
    flip_byte,
    listed,
    registered_files,
    run,
    save_request,
    sha256sum_accepts,
    side_request,
    stage,
    stage_side_files,
)
from tests.unit.storage.test_verify import ended, found
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import IntegrityFailure, NotFound
from ytarchive.storage import ExistsRequest, FindingKind, SaveVideo, VerifyMode, VideoQuery
from ytarchive.storage.service import StorageService


async def incomplete(storage: StorageService, config: StorageConfig, place: str = "") -> None:
    """Store a video with missing files, and another one without."""
    request = save_request(stage(config), output_path=place or None)
    await storage.save_video(request.model_copy(update={"missing": LACKING}))
    await storage.save_video(save_request(stage(config, OTHER), OTHER))


async def test_an_incomplete_video_is_reported_everywhere(
    storage: StorageService, config: StorageConfig
) -> None:
    await incomplete(storage, config)
    exists = await storage.video_exists(VIDEO)
    assert exists.location is not None
    assert exists.location.missing == LACKING
    known = await storage.videos_exist(ExistsRequest(video_ids=[VIDEO, OTHER]))
    assert (known.video_ids, known.incomplete) == ([VIDEO, OTHER], [VIDEO])
    assert (await storage.get_stats()).incomplete_videos == 1
    [video] = (await storage.list_videos(VideoQuery(incomplete=True))).items
    assert (video.video_id, video.missing) == (VIDEO, LACKING)


@pytest.mark.parametrize("place", ["", "some/where"])
async def test_later_side_files_are_stored_with_the_media(
    storage: StorageService, config: StorageConfig, place: str
) -> None:
    await incomplete(storage, config, place)
    before = (await storage.video_exists(VIDEO)).location
    location = await storage.save_video(side_request(stage_side_files(config)))
    assert before is not None
    folder = config.base_path / (place or "videos") / VIDEO
    assert location.video_path == before.video_path == str(folder / f"{VIDEO}.mp4")
    assert (location.missing, location.quality) == ([], "720p")
    assert location.stored_at == before.stored_at
    assert listed(folder) == [
        f"captions/{VIDEO}.de.vtt",
        f"captions/{VIDEO}.en.vtt",
        "checksums.sha256",
        f"{VIDEO}.info.json",
        f"{VIDEO}.jpg",
        f"{VIDEO}.mp4",
        "manifest.json",
    ]
    assert sha256sum_accepts(folder)
    assert content(location.video_path) == MEDIA
    assert registered_files(config) == files_on_disk(config, place or "videos", "videos")
    assert (await storage.get_stats()).incomplete_videos == 0
    assert listed(config.staging_path) == []


async def test_files_that_fail_again_stay_missing(
    storage: StorageService, config: StorageConfig
) -> None:
    await incomplete(storage, config)
    staged = stage_side_files(config)
    shutil.rmtree(staged / "captions")
    location = await storage.save_video(side_request(staged, "captions:de"))
    assert location.missing == ["captions:de"]
    again = side_request(staged)  # nothing came: YouTube has no such captions any more
    assert (await storage.save_video(again)).missing == []


async def test_files_that_were_not_requested_stay_missing(
    storage: StorageService, config: StorageConfig
) -> None:
    await incomplete(storage, config)
    request = SaveVideo(
        video_id=VIDEO,
        transfer_id="none",
        only_missing=["thumbnail"],
    )
    assert (await storage.save_video(request)).missing == ["captions:de"]


async def test_a_download_of_the_whole_video_replaces_the_missing_files(
    storage: StorageService, config: StorageConfig
) -> None:
    await incomplete(storage, config)
    assert (await storage.save_video(save_request(stage(config)))).missing == []


async def test_damaged_media_is_not_registered_as_intact(
    storage: StorageService, config: StorageConfig
) -> None:
    await incomplete(storage, config)
    folder = config.base_path / "videos" / VIDEO
    flip_byte(folder / f"{VIDEO}.mp4")
    (folder / "checksums.sha256").unlink()
    await storage.save_video(side_request(stage_side_files(config)))
    assert not sha256sum_accepts(folder)
    verification = await ended(storage, mode=VerifyMode.FULL)
    assert verification.findings == {FindingKind.DAMAGED: 1}
    assert list(await found(storage)) == [f"videos/{VIDEO}/{VIDEO}.mp4"]


@pytest.mark.parametrize("name", [f"{VIDEO}.mp4", f"{VIDEO}.info.json", f"{VIDEO}.jpg.part"])
async def test_only_finished_side_files_are_added(
    storage: StorageService, config: StorageConfig, name: str
) -> None:
    await incomplete(storage, config)
    staged = stage_side_files(config)
    (staged / name).write_bytes(b"x")
    with pytest.raises(IntegrityFailure):
        await storage.save_video(side_request(staged))
    assert content(str(config.base_path / "videos" / VIDEO / f"{VIDEO}.mp4")) == MEDIA


async def test_nothing_is_added_to_a_video_that_is_not_stored(
    storage: StorageService, config: StorageConfig
) -> None:
    with pytest.raises(NotFound):
        await storage.save_video(side_request(stage_side_files(config)))


async def test_adding_killed_at_any_step_is_complete_after_the_next_start(tmp_path: Path) -> None:
    """The files are added, or wait in staging and are still known to be missing."""
    driver = (sys.executable, "-m", "tests.unit.storage.crash_rounds")
    rounds = int(run(*driver, str(tmp_path), "side"))
    assert rounds > 10
    outcomes = [await _outcome(tmp_path / str(n + 1)) for n in range(rounds)]
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


async def _outcome(base: Path) -> bool:
    """Start again after a crash; whether the files were added by that alone."""
    config = StorageConfig(base_path=base)
    folder = base / "videos" / VIDEO
    storage = await StorageService.open(config)
    try:
        exists = await storage.video_exists(VIDEO)
        assert exists.location is not None
        added = exists.location.missing == []
        assert added or exists.location.missing == LACKING
        assert registered_files(config) == files_on_disk(config, "videos")
        assert sha256sum_accepts(folder)
        location = await storage.save_video(
            side_request(config.staging_path / f"{VIDEO}.side_files")
        )
        assert location.missing == []
        assert (folder / f"{VIDEO}.jpg").read_bytes() == b"\xff\xd8\xff\xe1"
        assert (folder / "captions" / f"{VIDEO}.de.vtt").is_file()
        assert (folder / f"{VIDEO}.mp4").read_bytes() == MEDIA
        assert sha256sum_accepts(folder)
        assert registered_files(config) == files_on_disk(config, "videos")
        assert listed(config.staging_path) == listed(base / ".ytarchive/tmp") == []
    finally:
        await storage.close()
    return added


async def test_files_lost_from_staging_after_a_crash_are_still_missing(
    config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyError("represents the end of the process")

    storage = await StorageService.open(config)
    await incomplete(storage, config)
    staged = stage_side_files(config)
    with monkeypatch.context() as patch:
        patch.setattr("ytarchive.storage.intake.moving.Mover.execute", stop)
        with pytest.raises(KeyError):
            await storage.save_video(side_request(staged))
    await storage.close()
    shutil.rmtree(staged / "captions")
    storage = await StorageService.open(config)
    exists = await storage.video_exists(VIDEO)
    assert exists.location is not None
    assert exists.location.missing == ["captions:de"]
    assert registered_files(config) == files_on_disk(config, "videos")
    await storage.close()
