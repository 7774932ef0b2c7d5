"""The form of stored media: written once for a request, and whole after a kill at any step."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.standin.media import ffmpeg_program
from tests.unit.storage.forms import FILM, film_request, staged_film
from tests.unit.storage.samples import (
    VIDEO,
    files_on_disk,
    listed,
    registered_files,
    run,
    sha256sum_accepts,
)
from ytarchive.common.config import StorageConfig
from ytarchive.common.profile import ArchiveProfile
from ytarchive.media import streams_of
from ytarchive.storage import FormedVideo, FormVideo
from ytarchive.storage.bins.bins import Bins
from ytarchive.storage.bins.models import BinName
from ytarchive.storage.service import StorageService
from ytarchive.storage.store.local import LocalMediaStore

ALL = {
    "embed_metadata": True,
    "embed_chapters": True,
    "embed_thumbnail": True,
    "embed_captions": True,
}
NO_WEBM = "stays {}, because webm cannot have h264 and aac"


async def formed(storage: StorageService, **wanted: Any) -> FormedVideo:
    profile = ArchiveProfile.model_validate(wanted)
    return await storage.form_video(FormVideo(video_id=VIDEO, profile=profile))


def media_in(config: StorageConfig) -> Path:
    """The one media file of the video."""
    folder = config.base_path / "videos" / VIDEO
    [media] = [each for each in folder.iterdir() if each.suffix in {".mp4", ".mkv", ".webm"}]
    return media


@pytest.mark.parametrize("embedded", [[], ["embed_metadata"], ["embed_thumbnail"], list(ALL)])
@pytest.mark.parametrize("container", [None, "mp4", "mkv", "webm"])
async def test_a_form_that_is_requested_again_changes_nothing(
    tmp_path: Path, container: str | None, embedded: list[str]
) -> None:
    config = StorageConfig(base_path=tmp_path)
    storage = await StorageService.open(config)
    try:
        await storage.save_video(film_request(staged_film(config)))
        wanted = {"container": container} | dict.fromkeys(embedded, True)
        first = await formed(storage, **wanted)
        assert first.is_changed is (container == "mkv" or bool(embedded))
        suffix = ".mkv" if container == "mkv" else ".mp4"
        media, before = media_in(config), media_in(config).stat()
        assert media.suffix == suffix
        assert (NO_WEBM.format("mp4") in first.remarks) is (container == "webm")
        for again in (wanted, {"container": suffix[1:]}, {}):
            second = await formed(storage, **again)
            assert (second.is_changed, second.remarks) == (False, [])
        after = media_in(config).stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
        assert sha256sum_accepts(media.parent)
    finally:
        await storage.close()


async def test_webm_is_refused_for_a_stored_h264_mkv_with_the_reason_and_written_for_vp9(
    tmp_path: Path,
) -> None:
    config = StorageConfig(base_path=tmp_path)
    storage = await StorageService.open(config)
    try:
        await storage.save_video(film_request(staged_film(config, ".mkv")))
        refused = await formed(storage, container="webm")
        assert (refused.is_changed, refused.remarks) == (False, [NO_WEBM.format("mkv")])
        assert media_in(config).suffix == ".mkv"
        newer = film_request(staged_film(config, ".mkv", "vp9"))
        await storage.save_video(newer.model_copy(update={"replace": True}))
        assert (await formed(storage, container="webm")).is_changed
        assert streams_of(media_in(config), ffmpeg_program()).codecs == ("vp9", "opus")
        assert media_in(config).suffix == ".webm"
    finally:
        await storage.close()


async def test_another_form_killed_at_every_second_step_leaves_a_whole_video_and_no_staged_file(
    tmp_path: Path,
) -> None:
    """After the next start it is in the old form, or in the new one with the old in the trash."""
    config = StorageConfig(base_path=tmp_path / FILM)
    storage = await StorageService.open(config)
    await storage.save_video(film_request(staged_film(config)))
    await storage.close()
    driver = (sys.executable, "-m", "tests.unit.storage.crash_rounds")
    rounds = int(run(*driver, str(tmp_path), "form"))
    assert rounds > 12
    outcomes = [await _form_after_crash(tmp_path / str(2 * n + 1)) for n in range(rounds)]
    assert outcomes == sorted(outcomes, reverse=True)
    assert set(outcomes) == {".mkv", ".mp4"}


async def _form_after_crash(base: Path) -> str:
    """Start again after a crash; the suffix of the media."""
    config = StorageConfig(base_path=base)
    storage = await StorageService.open(config)
    try:
        media = media_in(config)
        assert sha256sum_accepts(media.parent)
        assert registered_files(config) == files_on_disk(config, "videos")
        assert listed(config.staging_path) == listed(base / ".ytarchive/tmp") == []
        trashed = [
            file.path.rpartition(".")[2]
            async for item in Bins(LocalMediaStore.at(config)).items(BinName.TRASH)
            for file in item.files
        ]
        assert ("mp4" in trashed) is (media.suffix == ".mkv")
    finally:
        await storage.close()
    return media.suffix
