"""`manifest.json`: what is known of a video apart from its files, which `rebuild` restores."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.storage.samples import (
    MEDIA,
    VIDEO,
    save_request,
    sha256sum_accepts,
    side_request,
    stage,
    stage_side_files,
)
from tests.unit.storage.test_verify import ended
from ytarchive.common.archived_files import ArchivedFile, Role, Transferred
from ytarchive.common.config import StorageConfig
from ytarchive.common.models import utc_now
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality
from ytarchive.storage import StorageLocation, VideoQuery, rebuild_library
from ytarchive.storage.service import StorageService

ASKED = ArchiveProfile(quality=Quality.P720, caption_languages=["en", "de", "fr"])
LEFT = {"missing": ["captions:de", "thumbnail"], "absent_captions": ["fr"], "profile": ASKED}


def folder(config: StorageConfig) -> Path:
    return config.base_path / "videos" / VIDEO


def manifest(config: StorageConfig) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder(config) / "manifest.json").read_text())
    return found


async def store(storage: StorageService, config: StorageConfig) -> StorageLocation:
    staged = stage(config)
    (staged / f"{VIDEO}.jpg").unlink()
    record_transfer(staged)
    return await storage.save_video(save_request(staged).model_copy(update=LEFT))


def record_transfer(staged: Path, format_ids: str = "136+140") -> None:
    record = Transferred(
        source_url=f"https://www.youtube.com/watch?v={VIDEO}",
        fetched_at=utc_now(),
        format_ids=format_ids,
        yt_dlp_version="2026.10.26",
        files=[
            ArchivedFile(name=f"{VIDEO}.mp4", role=Role.MEDIA, format="mp4"),
            ArchivedFile(
                name=f"captions/{VIDEO}.en.vtt",
                role=Role.CAPTIONS,
                language="en",
                source_language="en-orig",
                automatic=True,
                format="vtt",
            ),
        ],
    )
    (staged / "transfer.json").write_text(record.model_dump_json())


async def test_manifest_lists_the_files_with_their_types_and_what_was_requested(
    storage: StorageService, config: StorageConfig
) -> None:
    await store(storage, config)
    found = manifest(config)
    assert not (folder(config) / "transfer.json").exists()
    assert (found["version"], found["video_id"], found["quality"]) == (1, VIDEO, "720p")
    assert (found["format_ids"], found["yt_dlp_version"]) == ("136+140", "2026.10.26")
    assert found["source_url"].endswith(VIDEO)
    assert ArchiveProfile.model_validate(found["profile"]) == ASKED
    assert (found["missing"], found["absent_captions"]) == (["captions:de", "thumbnail"], ["fr"])
    assert sha256sum_accepts(folder(config))
    files = {each["name"]: each for each in found["files"]}
    listed = {path.relative_to(folder(config)).as_posix() for path in folder(config).rglob("*.*")}
    assert files.keys() == listed - {"manifest.json", "checksums.sha256"}
    media, captions = files[f"{VIDEO}.mp4"], files[f"captions/{VIDEO}.en.vtt"]
    assert (media["role"], media["format"], media["size_bytes"]) == ("media", "mp4", len(MEDIA))
    assert (captions["language"], captions["automatic"], captions["format"]) == ("en", True, "vtt")


async def test_rebuild_restores_what_was_requested_and_what_youtube_did_not_have(
    storage: StorageService, config: StorageConfig
) -> None:
    before = await store(storage, config)
    await storage.close()
    (config.state_path / "library.db").unlink()
    for each in folder(config).iterdir():
        os.utime(each, (1, 1))
    await rebuild_library(config)
    again = await StorageService.open(config)
    found = (await again.video_exists(VIDEO)).location
    absent = await again._absent.after(VIDEO, [], [])
    await again.close()
    assert found is not None
    assert (found.missing, found.profile, found.quality) == (before.missing, ASKED, "720p")
    assert found.stored_at == before.stored_at
    assert absent == ["fr"]


async def test_sound_without_a_picture_has_the_quality_audio_before_and_after_a_rebuild(
    storage: StorageService, config: StorageConfig
) -> None:
    staged = stage(config)
    (staged / f"{VIDEO}.mp4").rename(staged / f"{VIDEO}.m4a")
    request = save_request(staged).model_copy(update={"quality": None})
    await storage.save_video(request)
    listed = (await storage.list_videos(VideoQuery())).items
    assert (listed[0].quality, manifest(config)["quality"]) == ("audio", "audio")
    await storage.save_video(side_request(stage_side_files(config)))
    await storage.close()
    (config.state_path / "library.db").unlink()
    await rebuild_library(config)
    again = await StorageService.open(config)
    after = (await again.list_videos(VideoQuery())).items
    await again.close()
    assert [each.quality for each in after] == ["audio"]


async def test_later_files_and_missing_files_change_the_manifest(
    storage: StorageService, config: StorageConfig
) -> None:
    await store(storage, config)
    await storage.save_video(side_request(stage_side_files(config)))
    found = manifest(config)
    assert found["missing"] == []
    captions = {each["name"]: each for each in found["files"] if each["role"] == "captions"}
    assert captions[f"captions/{VIDEO}.en.vtt"]["automatic"]
    assert captions[f"captions/{VIDEO}.en.vtt"]["source_language"] == "en-orig"
    assert not captions[f"captions/{VIDEO}.de.vtt"]["automatic"]
    assert (found["format_ids"], found["absent_captions"]) == ("136+140", ["fr"])
    assert sha256sum_accepts(folder(config))
    assert (await ended(storage)).findings == {}


async def test_side_files_of_worse_media_leave_the_origin_of_the_stored_media(
    storage: StorageService, config: StorageConfig
) -> None:
    await store(storage, config)
    staged = stage(config, media=MEDIA[:-1])
    worse = '{"width": 640, "height": 360, "vcodec": "avc1"}'
    (staged / f"{VIDEO}.info.json").write_text(worse)
    record_transfer(staged, "18")
    location = await storage.save_video(save_request(staged))
    assert location.kept_reason is not None
    found = manifest(config)
    assert found["format_ids"] == "136+140"
    names = {each["name"] for each in found["files"]}
    listed = {path.relative_to(folder(config)).as_posix() for path in folder(config).rglob("*.*")}
    assert f"{VIDEO}.jpg" in names
    assert names == listed - {"manifest.json", "checksums.sha256"}
    assert sha256sum_accepts(folder(config))
    assert (await ended(storage)).findings == {}


async def test_manifest_is_written_again_only_when_something_changes(
    storage: StorageService, config: StorageConfig
) -> None:
    await store(storage, config)
    path = folder(config) / "manifest.json"
    nothing = side_request(config.staging_path / f"{VIDEO}.side_files", "captions:de", "thumbnail")
    first = path.stat()
    await storage.save_video(nothing)
    assert path.stat().st_mtime_ns == first.st_mtime_ns

    changed = {"missing": ["thumbnail"], "absent_captions": ["de"]}
    await storage.save_video(nothing.model_copy(update=changed))
    found = manifest(config)
    assert (found["missing"], found["absent_captions"]) == (["thumbnail"], ["de", "fr"])
    assert sha256sum_accepts(folder(config))
    assert (await ended(storage)).findings == {}


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"version": 2}'])
async def test_unreadable_manifest_loses_no_file(
    storage: StorageService, config: StorageConfig, content: bytes
) -> None:
    await store(storage, config)
    await storage.close()
    (folder(config) / "manifest.json").write_bytes(content)
    (config.state_path / "library.db").unlink()
    await rebuild_library(config)
    again = await StorageService.open(config)
    found = (await again.video_exists(VIDEO)).location
    await again.close()
    assert found is not None
    assert (found.quality, found.captions) == ("720p", ["en"])


async def test_stored_media_that_is_kept_gets_the_new_facts_on_a_machine_with_one_core(
    storage: StorageService, config: StorageConfig
) -> None:
    storage._videos._hashing = asyncio.Semaphore(1)
    await store(storage, config)
    staged = stage(config, media=MEDIA[:100])
    (staged / f"{VIDEO}.info.json").write_text('{"width": 640, "height": 360, "vcodec": "avc1"}')
    more = ASKED.model_copy(update={"quality": Quality.BEST})
    request = save_request(staged).model_copy(update={"quality": "360p", "profile": more})
    async with asyncio.timeout(30):
        location = await storage.save_video(request)
    assert location.kept_reason is not None
    assert location.profile == more
    assert manifest(config)["profile"]["quality"] == "best"
    assert sha256sum_accepts(folder(config))
