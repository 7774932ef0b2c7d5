"""Videos with unusual descriptions by YouTube are stored correctly by the real yt-dlp."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.integration.ytdlp.helpers import Archive, files, ignore, streams
from tests.standin.clients import decode
from tests.ytdlp_requests import times
from ytarchive.common.quality import Quality
from ytarchive.ytdlp import Downloaded

pytestmark = pytest.mark.asyncio(loop_scope="module")

GERMAN = {"displayName": "German original", "id": "de.4", "audioIsDefault": True}
ENGLISH = {"displayName": "English", "id": "en.3", "audioIsDefault": False}
DESCRIBED = {"displayName": "German descriptive", "id": "de.2", "audioIsDefault": False}
DUB = {"audioTrack": ENGLISH, "xtags": "lang=en"}
MEDIUM, LOW = {"audioQuality": "AUDIO_QUALITY_MEDIUM"}, {"audioQuality": "AUDIO_QUALITY_LOW"}


async def fetched(
    archive: Archive, asked: dict[str, Any], **described: Any
) -> tuple[Downloaded, dict[str, Any]]:
    """What a download reports, and the info that it left."""
    described["formats"] = tuple(described["formats"])
    video = archive.youtube.catalogue.add_video(**described)
    await archive.youtube.prepare_media()
    plain = {"quality": Quality.P1080, "include_captions": False, "include_thumbnail": False}
    done = await archive.ytdlp.download(archive.order(video.id, **plain | asked), ignore, ignore)
    assert await decode(done.folder / f"{video.id}.mp4") == ""
    return done, json.loads((done.folder / f"{video.id}.info.json").read_text())


SOUNDS = {
    "only as opus": [
        {"itag": 140, **DUB}, {"itag": 251, "audioTrack": GERMAN}, {"itag": 251, **DUB},
    ],
    "of lower quality": [
        {"itag": 140, "audioTrack": GERMAN, **LOW}, {"itag": 140, **DUB, **MEDIUM},
    ],
    "with a description": [
        {"itag": 140, "audioTrack": DESCRIBED, **MEDIUM}, {"itag": 140, "audioTrack": GERMAN},
    ],
    "not the default": [
        {"itag": 140, "audioTrack": GERMAN | {"audioIsDefault": False}},
        {"itag": 140, "audioTrack": ENGLISH | {"audioIsDefault": True}},
    ],
    "without a marker": [
        {"itag": 140, "audioTrack": GERMAN | {"displayName": "German"}}, {"itag": 140, **DUB},
    ],
    "with a compressed variant": [
        {"itag": 140, "audioTrack": GERMAN, "isDrc": True, **MEDIUM},
        {"itag": 140, "audioTrack": GERMAN}, {"itag": 140, **DUB},
    ],
}  # fmt: skip


@pytest.mark.parametrize("sounds", SOUNDS)
async def test_original_sound_is_stored_and_named(archive: Archive, sounds: str) -> None:
    done, info = await fetched(archive, {}, formats=[{"itag": 137}, *SOUNDS[sounds]])
    sound_id = info["format_id"].partition("+")[2]
    (sound,) = (each for each in info["formats"] if each["format_id"] == sound_id)
    assert (sound["language"], done.audio_language, done.quality) == ("de", "de", "1080p")
    assert "DRC" not in sound["format_note"]
    assert any("German (de)" in remark for remark in done.remarks)


async def test_requested_sound_is_stored_and_resumed_by_language(archive: Archive) -> None:
    formats = [{"itag": 134}, {"itag": 140, **DUB}, {"itag": 140, "audioTrack": GERMAN}]
    done, info = await fetched(archive, {"audio_language": "EN"}, formats=formats)
    assert (done.audio_language, info["format_id"]) == ("en", "134+140-en")
    done, _ = await fetched(archive, {"audio_language": "fr"}, formats=formats)
    assert done.remarks == ["no sound in fr", "original sound: German (de)"]


async def test_opus_with_h264_becomes_an_mp4(archive: Archive) -> None:
    done, info = await fetched(archive, {}, formats=[{"itag": 136}, {"itag": 251}])
    said = await streams(done.folder / f"{info['id']}.mp4")
    assert "Video: h264" in said
    assert "Audio: opus" in said


WIDE = [
    {"itag": 136, "width": 1280, "height": 536, "qualityLabel": "720p"},
    {"itag": 137, "width": 1920, "height": 804, "qualityLabel": "1080p"},
    {"itag": 271, "width": 2560, "height": 1072, "qualityLabel": "1440p"},
]
UPSCALED = {"itag": 137, "xtags": "sr%3D1"}


@pytest.mark.parametrize(
    ("pictures", "quality", "itag"),
    [
        (WIDE, "1080p", "137"),
        (WIDE[:2], "1080p", "137"),
        ([{"itag": 135}, UPSCALED], "480p", "135"),
        ([UPSCALED], "1080p", "137-sr"),
    ],
)
async def test_picture_is_chosen_and_named_by_youtubes_label(
    archive: Archive, pictures: list[dict[str, Any]], quality: str, itag: str
) -> None:
    done, info = await fetched(archive, {}, formats=[*pictures, {"itag": 140}])
    assert (done.quality, info["format_id"]) == (quality, f"{itag}+140")
    assert ("picture upscaled by YouTube" in done.remarks) is (itag == "137-sr")


@pytest.mark.parametrize("announced", ["60", "0", None])
async def test_wrong_announced_length_is_noted_after_one_transfer(
    archive: Archive, extraction: Mapping[str, int], announced: str | None
) -> None:
    formats = [{"itag": itag, "approxDurationMs": "1000"} for itag in (137, 140)]
    length = {"lengthSeconds": announced}
    done, _ = await fetched(archive, {}, formats=formats, details=length, microformat=length)
    assert times(archive.youtube.requests.counts, extraction) == 1
    assert done.network_bytes == archive.media_size(137, 140)
    expected = ["plays 1 seconds; YouTube announces 60"] if announced == "60" else []
    assert done.remarks == expected


@pytest.mark.parametrize(
    ("asked", "offered", "stored"),
    [
        ("he", "iw", "he"),
        ("zh-CN", "zh-Hans", "zh-Hans"),
        ("zh-TW", "zh-Hant", "zh-Hant"),
        ("pt-br", "pt-BR", "pt-BR"),
        ("id", "in", "id"),
    ],
)
async def test_captions_are_stored_whatever_code_youtube_uses(
    archive: Archive, asked: str, offered: str, stored: str
) -> None:
    tracks = ({"languageCode": offered, "vssId": f".{offered}"},)
    wanted = {"include_captions": True, "caption_languages": [asked]}
    formats = [{"itag": 134}, {"itag": 140}]
    done, info = await fetched(archive, wanted, formats=formats, tracks=tracks)
    assert f"captions/{info['id']}.{stored}.vtt" in files(done.folder)
    assert done.remarks == []
