"""Container, codecs and sound format of a profile, as they are in the file."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from mutagen.id3 import ID3

from tests.integration.ytdlp.helpers import Archive, files, ignore
from tests.integration.ytdlp.helpers import streams as said_about
from tests.standin.clients import decode
from tests.standin.media import ffmpeg_program
from ytarchive.common.media_formats import AudioFormat, Container, VideoCodec
from ytarchive.common.quality import Quality
from ytarchive.media import Streams, streams_of
from ytarchive.ytdlp import Downloaded

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def fetched(
    archive: Archive,
    itags: tuple[int, ...],
    formats: tuple[dict[str, Any], ...] = (),
    **profile: Any,
) -> Downloaded:
    """Download a video that YouTube offers in some formats, with nothing but its media."""
    video = archive.youtube.catalogue.add_video(itags=itags, formats=formats)
    await archive.youtube.prepare_media()
    alone = {"include_captions": False, "include_thumbnail": False}
    return await archive.ytdlp.download(
        archive.order(video.id, **(alone | profile)), ignore, ignore
    )


def media_of(done: Downloaded) -> Path:
    """The media file of a download."""
    [name] = [each for each in files(done.folder) if not each.endswith(".json")]
    return done.folder / name


def streams(path: Path) -> Streams:
    """The streams of a file, as ffmpeg reads them."""
    return streams_of(path, ffmpeg_program())


async def packets(path: Path) -> str:
    """The digest of the encoded sound in a file."""
    arguments = ("-v", "error", "-i", path, "-map", "0:a", "-c", "copy", "-f", "streamhash", "-")
    process = await asyncio.create_subprocess_exec(
        ffmpeg_program(), *arguments, stdout=asyncio.subprocess.PIPE
    )
    return (await process.communicate())[0].decode()


@pytest.mark.parametrize(
    ("wanted", "itags", "codec"),
    [
        (AudioFormat.M4A, (136, 140, 251), "aac"),
        (AudioFormat.OPUS, (136, 140, 251), "opus"),
        (AudioFormat.MP3, (136, 140, 251), "mp3"),
        (AudioFormat.M4A, (247, 251), "aac"),
        (AudioFormat.OPUS, (136, 140), "opus"),
        (AudioFormat.M4A, (18,), "aac"),
    ],
)
async def test_sound_alone_is_stored_in_the_requested_format(
    archive: Archive, wanted: AudioFormat, itags: tuple[int, ...], codec: str
) -> None:
    done = await fetched(archive, itags, quality=Quality.AUDIO, audio_format=wanted)
    media = media_of(done)
    assert media.suffix == f".{wanted}"
    assert (streams(media).picture_codecs, streams(media).sound_codecs) == ((), (codec,))
    assert await decode(media) == ""
    assert (done.quality, done.remarks) == (None, [])


async def test_sound_that_has_the_codec_already_is_copied(archive: Archive) -> None:
    done = await fetched(archive, (140, 251), quality=Quality.AUDIO, audio_format=AudioFormat.OPUS)
    info = json.loads((done.folder / f"{media_of(done).stem}.info.json").read_text())
    assert (info["format_id"], info["ext"]) == ("251", "opus")
    offered = archive.youtube.media.files[251].path
    assert await packets(media_of(done)) == await packets(offered)


@pytest.mark.parametrize(
    ("wanted", "itags", "suffix", "codecs"),
    [
        (Container.MP4, (136, 247, 140, 251), ".mp4", ("h264", "aac")),
        (Container.MKV, (136, 247, 140, 251), ".mkv", ("h264", "aac")),
        (Container.WEBM, (136, 247, 140, 251), ".webm", ("vp9", "opus")),
        (Container.WEBM, (398, 251), ".webm", ("av1", "opus")),
        (Container.MKV, (18,), ".mkv", ("h264", "aac")),
    ],
)
async def test_a_video_is_stored_in_the_requested_container(
    archive: Archive, wanted: Container, itags: tuple[int, ...], suffix: str,
    codecs: tuple[str, ...],
) -> None:  # fmt: skip
    done = await fetched(archive, itags, container=wanted)
    media = media_of(done)
    assert (media.suffix, streams(media).codecs) == (suffix, codecs)
    assert await decode(media) == ""
    info = json.loads((done.folder / f"{media.stem}.info.json").read_text())
    assert info["ext"] == suffix[1:]


async def test_webm_falls_back_to_mkv_where_youtube_has_no_fitting_codecs(
    archive: Archive,
) -> None:
    done = await fetched(archive, (136, 140), container=Container.WEBM)
    assert media_of(done).suffix == ".mkv"
    assert done.remarks == ["in mkv, because webm cannot have h264 and aac"]


@pytest.mark.parametrize(
    ("wanted", "codec"),
    [
        (VideoCodec.H264, "h264"),
        (VideoCodec.AV1, "av1"),
        (VideoCodec.VP9, "vp9"),
    ],
)
async def test_the_preferred_codec_is_in_the_file(
    archive: Archive, wanted: VideoCodec, codec: str
) -> None:
    done = await fetched(archive, (136, 247, 398, 140), video_codec=wanted)
    assert streams(media_of(done)).codecs == (codec, "aac")
    assert done.remarks == []


async def test_a_codec_that_youtube_does_not_have_falls_back_with_a_remark(
    archive: Archive,
) -> None:
    done = await fetched(archive, (134, 136, 243, 140), video_codec=VideoCodec.VP9)
    assert (done.quality, streams(media_of(done)).picture_codecs) == ("720p", ("h264",))
    assert done.remarks == ["picture in avc1, because there is no vp9 like it"]


async def header(path: Path) -> str:
    """What ffmpeg prints of the picture in a file."""
    [line] = [each for each in (await said_about(path)).splitlines() if "Video: " in each]
    return line


@pytest.mark.parametrize(
    ("itags", "limits", "expected", "remarks"),
    [
        ((136, 298, 140), {}, "60 fps", []),
        ((136, 298, 140), {"max_fps": 30}, "25 fps", []),
        ((134, 298, 140), {"max_fps": 30}, "640x360", []),
        ((298, 140), {"max_fps": 30}, "60 fps", ["60 frames a second, because there are no fewer"]),
        ((698, 134, 140), {"hdr": False}, "640x360", []),
        ((698, 140), {"hdr": False}, "yuv420p10le", ["picture in HDR, because there is no other"]),
        ((698, 134, 140), {}, "yuv420p10le", []),
    ],
)
async def test_frame_rate_and_hdr_are_limited_in_the_file(
    archive: Archive,
    itags: tuple[int, ...],
    limits: dict[str, Any],
    expected: str,
    remarks: list[str],
) -> None:
    done = await fetched(archive, itags, **limits)
    assert expected in await header(media_of(done))
    assert [each for each in done.remarks if not each.startswith("picture in av01")] == remarks


@pytest.mark.parametrize(
    ("quality", "size"), [(Quality.P1080, "1080x1920"), (Quality.P720, "720x1280")]
)
async def test_the_quality_of_a_portrait_video_is_its_shorter_side(
    archive: Archive, quality: Quality, size: str
) -> None:
    done = await fetched(archive, (1136, 1137, 140), quality=quality)
    assert size in await header(media_of(done))
    assert done.quality == quality


GERMAN = {"displayName": "German original", "id": "de.4", "audioIsDefault": True}
ENGLISH = {"displayName": "English", "id": "en.3", "audioIsDefault": False}
FRENCH = {"displayName": "French", "id": "fr.3", "audioIsDefault": False}
TRACKS = (
    {"itag": 136},
    {"itag": 140, "audioTrack": ENGLISH, "xtags": "acont=dubbed:lang=en"},
    {"itag": 140, "audioTrack": GERMAN, "xtags": "acont=original:lang=de"},
    {"itag": 140, "audioTrack": FRENCH, "xtags": "acont=dubbed:lang=fr"},
    {"itag": 251, "audioTrack": FRENCH, "xtags": "acont=dubbed:lang=fr"},
)


@pytest.mark.parametrize(
    ("wanted", "suffix", "languages"),
    [
        ({"all_audio_tracks": True}, ".mkv", ["deu", "eng", "fra"]),
        ({"all_audio_tracks": True, "container": Container.MP4}, ".mkv", ["deu", "eng", "fra"]),
        ({"all_audio_tracks": True, "audio_language": "fr"}, ".mkv", ["fra", "deu", "eng"]),
        ({"audio_language": "fr"}, ".mp4", ["fra"]),
        ({"embed_metadata": True}, ".mp4", ["deu"]),
    ],
)
async def test_the_sound_tracks_are_in_the_file_with_their_languages(
    archive: Archive, wanted: dict[str, Any], suffix: str, languages: list[str]
) -> None:
    done = await fetched(archive, (), formats=TRACKS, **wanted)
    media = media_of(done)
    assert media.suffix == suffix
    assert await decode(media) == ""
    found = re.findall(r"Stream #0:\d+.*\((\w{3})\): Audio: aac", await said_about(media))
    assert found == languages
    assert len(streams(media).sound_codecs) == len(languages)
    is_switched = wanted.get("container") is Container.MP4
    assert ("in mkv, because of several sound tracks" in done.remarks) is is_switched


@pytest.mark.parametrize("format_", list(AudioFormat))
async def test_sound_alone_in_a_requested_language_has_the_language_in_the_file(
    archive: Archive, format_: AudioFormat
) -> None:
    sound = {"quality": Quality.AUDIO, "audio_format": format_, "audio_language": "fr"}
    media = media_of(await fetched(archive, (), formats=TRACKS, **sound))
    assert (media.suffix, await decode(media)) == (f".{format_}", "")
    if format_ is AudioFormat.MP3:
        read: Any = ID3  # published without types
        assert read(media)["TLAN"].text == ["fra"]
    else:
        assert re.search(r"Stream #0:0.*\(fra\): Audio: ", await said_about(media))


@pytest.mark.parametrize("itags", [(18,), (140,)])
async def test_a_format_that_is_not_merged_has_the_language_of_its_sound(
    archive: Archive, itags: tuple[int, ...]
) -> None:
    track = {"audioTrack": GERMAN, "xtags": "acont=original:lang=de"}
    offered = tuple({"itag": each, **track} for each in itags)
    done = await fetched(archive, (), formats=offered, audio_language="de")
    found = await said_about(media_of(done))
    assert re.search(r"Stream #0:\d.*\(deu\): Audio: aac", found)


async def test_one_sound_track_fits_every_container(archive: Archive) -> None:
    done = await fetched(archive, (136, 140), all_audio_tracks=True, container=Container.MP4)
    assert (media_of(done).suffix, done.remarks) == (".mp4", [])
