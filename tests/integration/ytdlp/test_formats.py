"""Container, codecs and sound format of a profile, as they are in the file."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ytdlp.helpers import Archive, files, ignore
from tests.standin.clients import decode
from tests.standin.media import ffmpeg_program
from ytarchive.common.media_formats import AudioFormat, Container, VideoCodec
from ytarchive.common.quality import Quality
from ytarchive.media import Streams, streams_of
from ytarchive.ytdlp import Downloaded

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def fetched(archive: Archive, itags: tuple[int, ...], **profile: Any) -> Downloaded:
    """Download a video that YouTube offers in some formats, with nothing but its media."""
    video = archive.youtube.catalogue.add_video(itags=itags)
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
