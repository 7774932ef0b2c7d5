"""A second download keeps the better file, and replaced files are not deleted."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.storage.forms import made
from tests.unit.storage.samples import (
    MEDIA,
    VIDEO,
    content,
    files_on_disk,
    flip_byte,
    listed,
    registered_files,
    save_request,
    sha256sum_accepts,
    stage,
)
from ytarchive.common.config import StorageConfig
from ytarchive.storage import StorageLocation
from ytarchive.storage.service import StorageService

HD = {"width": 1920, "height": 1080, "vcodec": "avc1", "acodec": "mp4a", "fps": 30, "vbr": 3000}
NEW = b"new media"


def folder(config: StorageConfig) -> Path:
    return config.base_path / "videos" / VIDEO


async def save(
    storage: StorageService,
    config: StorageConfig,
    facts: dict[str, Any],
    media: bytes = NEW,
    extension: str = "mp4",
    **request: Any,
) -> StorageLocation:
    """Stage a download with these facts in its `info.json`, and save it."""
    captions = request.pop("captions", "en")
    staged = stage(config, media=media, captions=captions)
    (staged / f"{VIDEO}.mp4").rename(staged / f"{VIDEO}.{extension}")
    (staged / f"{VIDEO}.info.json").write_text(json.dumps(facts | {"ext": extension}))
    quality = None if facts.get("vcodec") == "none" else f"{facts['height']}p"
    update = {"quality": quality, **request}
    return await storage.save_video(save_request(staged).model_copy(update=update))


def in_bin(config: StorageConfig, name: str) -> dict[str, bytes]:
    """Files in the trash or the quarantine, by their original path."""
    root = config.base_path / ".ytarchive" / name
    return {
        path.partition("/")[2]: (root / path).read_bytes()
        for path in listed(root)
        if not path.endswith("/item.json")
    }


def is_consistent(config: StorageConfig) -> bool:
    """Whether library, checksums and files agree, and staging is empty."""
    assert registered_files(config) == files_on_disk(config, "videos")
    assert listed(config.staging_path) == listed(config.base_path / ".ytarchive/tmp") == []
    return sha256sum_accepts(folder(config))


SOUND = {"vcodec": "none", "acodec": "mp4a", "abr": 128}
UPSCALED = {"format_note": "1080p, AI-upscaled+medium"}
WORSE = [
    ("fewer lines", HD, {**HD, "width": 640, "height": 360, "fps": 60}),
    ("fewer frames", {**HD, "fps": 60}, HD),
    ("no HDR", {**HD, "dynamic_range": "HDR10"}, {**HD, "dynamic_range": "SDR"}),
    ("lower bitrate", HD, {**HD, "vbr": 1000}),
    ("lower bitrate of a better codec", HD, {**HD, "vbr": 1200, "vcodec": "vp09"}),
    ("lower bitrate by size", {**HD, "vbr": 0, "duration": 1}, {**HD, "vbr": 0, "duration": 9}),
    ("upscaled by YouTube", HD, {**HD, **UPSCALED, "width": 3840, "height": 2160}),
    ("shorter", {**HD, "duration": 60}, {**HD, "duration": 50, "width": 3840, "height": 2160}),
    ("no sound", HD, {**HD, "acodec": "none", "width": 3840, "height": 2160}),
]  # fmt: skip
NOT_WORSE = [
    ("shorter by rounding", {**HD, "duration": 900}, {**HD, "duration": 892}),
    ("longer", {**HD, "duration": 9}, {**HD, "duration": 900}),
    ("more lines", HD, {**HD, "width": 3840, "height": 2160, "vbr": 100}),
    ("more frames", HD, {**HD, "fps": 60, "vbr": 100}),
    ("the same", HD, HD),
    ("about the same bitrate", HD, {**HD, "vbr": 2500}),
    ("fewer bits of a better codec", HD, {**HD, "vbr": 2000, "vcodec": "av01"}),
    ("uploaded, not upscaled", {**HD, **UPSCALED}, {**HD, "width": 640, "height": 360}),
    ("vertical", HD, {**HD, "width": 1080, "height": 1920}),
    ("sound where there was none", {**HD, "acodec": "none"}, HD),
]


@pytest.mark.parametrize(("stored", "fetched"), [w[1:] for w in WORSE], ids=[w[0] for w in WORSE])
async def test_worse_download_does_not_replace_the_stored_file(
    storage: StorageService, config: StorageConfig, stored: dict[str, Any], fetched: dict[str, Any]
) -> None:
    await save(storage, config, stored, MEDIA)
    before = files_on_disk(config, "videos")
    location = await save(storage, config, fetched)
    assert location.kept_reason
    assert location.quality == "1080p"
    assert files_on_disk(config, "videos") == before
    assert is_consistent(config)
    location = await save(storage, config, fetched, replace=True)
    assert location.kept_reason is None
    assert content(location.video_path) == NEW
    assert in_bin(config, "trash")[f"videos/{VIDEO}/{VIDEO}.mp4"] == MEDIA
    assert is_consistent(config)


@pytest.mark.parametrize(
    ("stored", "fetched"), [n[1:] for n in NOT_WORSE], ids=[n[0] for n in NOT_WORSE]
)
async def test_download_that_is_not_worse_moves_the_stored_file_to_the_trash(
    storage: StorageService, config: StorageConfig, stored: dict[str, Any], fetched: dict[str, Any]
) -> None:
    await save(storage, config, stored, MEDIA)
    location = await save(storage, config, fetched, captions="de")
    assert location.kept_reason is None
    assert content(location.video_path) == NEW
    assert in_bin(config, "trash")[f"videos/{VIDEO}/{VIDEO}.mp4"] == MEDIA
    assert listed(folder(config) / "captions") == [f"{VIDEO}.de.vtt", f"{VIDEO}.en.vtt"]
    assert is_consistent(config)


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("elsewhere", [None, "music"])
@pytest.mark.parametrize("is_damaged", [False, True])
async def test_audio_never_replaces_a_video(
    storage: StorageService,
    config: StorageConfig,
    replace: bool,
    elsewhere: str | None,
    is_damaged: bool,
) -> None:
    await save(storage, config, HD, MEDIA)
    if is_damaged:
        flip_byte(folder(config) / f"{VIDEO}.mp4")
    request: dict[str, Any] = {"replace": replace, "output_path": elsewhere}
    location = await save(storage, config, SOUND, extension="m4a", **request)
    assert location.kept_reason == "audio does not replace a video"
    assert location.video_path == str(folder(config) / f"{VIDEO}.mp4")
    assert location.quality == "1080p"
    assert in_bin(config, "trash") == {}


@pytest.mark.parametrize("extension", ["mp4", "webm"])
async def test_media_that_plays_for_a_shorter_time_does_not_replace_the_stored_file(
    storage: StorageService, config: StorageConfig, tmp_path: Path, extension: str
) -> None:
    """Whatever length their descriptions have."""
    codecs = ("-c:v", "libvpx", "-c:a", "libopus") if extension == "webm" else ("-c:a", "aac")
    media = {}
    for seconds in (8, 3):
        size = f"testsrc=size=64x48:rate=1:duration={seconds}"
        source = ("-f", "lavfi", "-i", size, "-f", "lavfi", "-i", f"sine=duration={seconds}")
        path = made(tmp_path / f"{seconds}.{extension}", *source, *codecs)
        media[seconds] = path.read_bytes()
    better = {**HD, "width": 3840, "height": 2160, "duration": 9}
    await save(storage, config, HD | {"duration": 9}, media[8], extension)
    location = await save(storage, config, better, media[3], extension)
    assert location.kept_reason == "the fetched file plays 3 of 8 seconds; --replace accepts it"
    assert content(location.video_path) == media[8]
    location = await save(storage, config, better, media[8] + b"0000free", extension)
    assert (location.kept_reason, location.quality) == (None, "2160p")
    location = await save(storage, config, HD, media[3], extension, replace=True)
    assert content(location.video_path) == media[3]
    assert is_consistent(config)


async def test_a_shorter_video_does_not_replace_audio(
    storage: StorageService, config: StorageConfig
) -> None:
    await save(storage, config, {**SOUND, "duration": 200}, MEDIA, "m4a")
    location = await save(storage, config, {**HD, "duration": 30})
    assert location.kept_reason == "the fetched file plays 30 of 200 seconds; --replace accepts it"
    assert content(location.video_path) == MEDIA


@pytest.mark.parametrize("extension", ["mp4", "webm"])
async def test_video_replaces_audio_which_is_moved_to_the_trash(
    storage: StorageService, config: StorageConfig, extension: str
) -> None:
    await save(storage, config, SOUND, MEDIA, "m4a")
    facts = {**HD, "width": 256, "height": 144}
    location = await save(storage, config, facts, extension=extension)
    assert location.video_path == str(folder(config) / f"{VIDEO}.{extension}")
    assert not (folder(config) / f"{VIDEO}.m4a").exists()
    assert in_bin(config, "trash")[f"videos/{VIDEO}/{VIDEO}.m4a"] == MEDIA
    assert is_consistent(config)


async def test_better_file_of_another_format_leaves_one_media_file(
    storage: StorageService, config: StorageConfig
) -> None:
    await save(storage, config, HD, MEDIA, "webm")
    await save(storage, config, {**HD, "width": 3840, "height": 2160})
    assert [path.suffix for path in folder(config).glob("*.[mw]*")] == [".mp4"]
    assert in_bin(config, "trash")[f"videos/{VIDEO}/{VIDEO}.webm"] == MEDIA
    assert is_consistent(config)


async def test_identical_download_puts_nothing_into_the_trash(
    storage: StorageService, config: StorageConfig
) -> None:
    await save(storage, config, HD, MEDIA)
    await save(storage, config, HD, MEDIA)
    assert in_bin(config, "trash") == {}
    assert is_consistent(config)


@pytest.mark.parametrize("loss", ["damaged", "missing", "no regular file"])
async def test_download_replaces_a_better_file_that_is_lost(
    storage: StorageService, config: StorageConfig, loss: str
) -> None:
    await save(storage, config, HD, MEDIA)
    media = folder(config) / f"{VIDEO}.mp4"
    if loss == "damaged":
        flip_byte(media)
    else:
        media.unlink()
    if loss == "no regular file":
        os.mkfifo(media)
    damaged = media.read_bytes() if loss == "damaged" else None
    location = await save(storage, config, {**HD, "width": 640, "height": 360})
    assert location.kept_reason is None
    assert media.read_bytes() == NEW
    assert f"videos/{VIDEO}/{VIDEO}.mp4" not in in_bin(config, "trash")
    if damaged is not None:
        kept = in_bin(config, "quarantine")
        assert kept.pop(f"videos/{VIDEO}/{VIDEO}.mp4") == damaged
        assert list(kept) == [f"videos/{VIDEO}/{VIDEO}.info.json"]
        assert in_bin(config, "trash") == {}
    assert is_consistent(config)


async def test_kept_video_gets_its_missing_side_files(
    storage: StorageService, config: StorageConfig
) -> None:
    """Also an `info.json`, which says nothing of the media that were not stored."""
    await save(storage, config, HD, MEDIA, missing=["captions:de", "captions:fr"])
    (folder(config) / f"{VIDEO}.info.json").write_text("damaged")
    (folder(config) / f"captions/{VIDEO}.en.vtt").unlink()
    location = await save(storage, config, {**HD, "width": 640, "height": 360}, captions="de")
    assert location.kept_reason
    assert location.missing == ["captions:fr"]
    assert (folder(config) / f"{VIDEO}.mp4").read_bytes() == MEDIA
    assert (folder(config) / f"captions/{VIDEO}.de.vtt").is_file()
    info = json.loads((folder(config) / f"{VIDEO}.info.json").read_text())
    assert "height" not in info
    assert in_bin(config, "quarantine") == {f"videos/{VIDEO}/{VIDEO}.info.json": b"damaged"}
    location = await save(storage, config, {**HD, "width": 640, "height": 360}, captions="en")
    assert location.kept_reason
    assert is_consistent(config)


async def test_worse_download_to_another_folder_does_not_become_the_video(
    storage: StorageService, config: StorageConfig
) -> None:
    await save(storage, config, HD, MEDIA)
    worse = {**HD, "width": 640, "height": 360}
    location = await save(storage, config, worse, output_path="elsewhere")
    assert location.kept_reason
    assert location.video_path == str(folder(config) / f"{VIDEO}.mp4")
    assert is_consistent(config)
