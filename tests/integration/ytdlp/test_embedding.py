"""What a profile embeds, read from the file by mutagen and ffmpeg."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from mutagen.flac import Picture
from mutagen.id3 import ID3
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus

from tests.integration.ytdlp.helpers import Archive, ignore, settings_for, streams
from tests.standin import Fault, MediaSpec, StandIn
from tests.standin.clients import decode
from tests.standin.media import ffmpeg_program
from ytarchive.common.media_formats import AudioFormat, Container
from ytarchive.common.quality import Quality
from ytarchive.ytdlp import Downloaded, YtDlp

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALL = {
    "embed_metadata": True,
    "embed_chapters": True,
    "embed_thumbnail": True,
    "embed_captions": True,
}
TITLE = "50% = half; #1 \\ [CHAPTER]\nSTART=0"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Archive]:
    """An archive of videos that are long enough for chapters."""
    base = tmp_path_factory.mktemp("archive")
    async with (
        StandIn(media=MediaSpec(seconds=4)) as youtube,
        YtDlp(settings_for(youtube, base)) as ytdlp,
    ):
        yield Archive(youtube, ytdlp, base)


async def fetched(archive: Archive, itags: tuple[int, ...], **profile: Any) -> Downloaded:
    """Download a video with chapters, captions in two languages, and an unusual title."""
    video = archive.youtube.catalogue.add_video(
        TITLE,
        itags=itags,
        description="A film; about\nopus",
        captions=("en", "de"),
        chapters=[(0, "One; = #"), (1, "Two"), (3, "Three")],
    )
    await archive.youtube.prepare_media()
    wanted = archive.order(video.id, caption_languages=["en", "de"], **profile)
    return await archive.ytdlp.download(wanted, ignore, ignore)


def media_of(done: Downloaded) -> Path:
    """The media file of a download."""
    [media] = [each for each in done.folder.iterdir()
               if each.suffix in {".mp4", ".mkv", ".webm", ".m4a", ".mp3", ".opus"}]  # fmt: skip
    return media


async def exported(media: Path) -> str:
    """Tags and chapters of a file, as ffmpeg writes them."""
    process = await asyncio.create_subprocess_exec(
        *(ffmpeg_program(), "-v", "error", "-i", media, "-f", "ffmetadata", "-"),
        stdout=asyncio.subprocess.PIPE,
    )
    return (await process.communicate())[0].decode()


def read(kind: Any, source: Any) -> Any:
    """A file or picture as an object of mutagen, which is published without types."""
    return kind(source)


def chapters_in(exported: str) -> list[tuple[float, str]]:
    """The chapters in ffmpeg's export: start in seconds, and title.

    Encoders of sound begin some milliseconds before the chapters' time 0.
    """
    found = re.findall(r"TIMEBASE=1/(\d+)\nSTART=(\d+)\n.*\ntitle=(.*)\n", exported)
    return [(round(int(start) / int(base), 1), title) for base, start, title in found]


CHAPTERS = [(0, "One\\; \\= \\#"), (1, "Two"), (3, "Three")]


@pytest.mark.parametrize("container", [Container.MP4, Container.MKV])
async def test_a_video_has_tags_chapters_cover_and_captions(
    archive: Archive, container: Container
) -> None:
    done = await fetched(archive, (136, 140), container=container, **ALL)
    media = media_of(done)
    assert (done.remarks, media.suffix) == ([], f".{container}")
    assert await decode(media) == ""
    tags = await exported(media)
    assert chapters_in(tags) == CHAPTERS
    found = await streams(media)
    assert "Video: h264" in found
    assert "Audio: aac" in found
    assert "(attached pic)" in found
    kind = "mov_text" if container is Container.MP4 else "subrip"
    assert re.findall(r"\((\w{3})\): Subtitle: (\w+)", found) == [("eng", kind), ("deu", kind)]
    lowered = tags.lower()
    assert "artist=stand-in channel" in lowered
    assert re.search(r"date=2024-01-0\d", lowered)
    assert "comment=https://www.youtube.com/watch?v\\=" in lowered


async def test_the_tags_of_an_mp4_are_those_of_the_video(archive: Archive) -> None:
    tags = read(MP4, media_of(await fetched(archive, (136, 140), **ALL)))
    assert tags["\xa9nam"] == [TITLE]
    assert tags["\xa9ART"] == ["Stand-in Channel"]
    assert bytes(tags["covr"][0]).startswith(b"\xff\xd8")


@pytest.mark.parametrize("format_", list(AudioFormat))
async def test_sound_alone_has_tags_chapters_and_cover(
    archive: Archive, format_: AudioFormat
) -> None:
    only = {name: value for name, value in ALL.items() if name != "embed_captions"}
    sound = {"quality": Quality.AUDIO, "audio_format": format_}
    done = await fetched(archive, (136, 140, 251), **only, **sound)
    media = media_of(done)
    assert (done.remarks, done.quality) == ([], None)
    assert await decode(media) == ""
    assert chapters_in(await exported(media)) == CHAPTERS
    match format_:
        case AudioFormat.M4A:
            tags = read(MP4, media)
            assert (tags["\xa9nam"], tags["\xa9ART"]) == ([TITLE], ["Stand-in Channel"])
            assert bytes(tags["covr"][0]).startswith(b"\xff\xd8")
        case AudioFormat.MP3:
            id3 = read(ID3, media)
            assert id3["TIT2"].text == [TITLE]
            assert id3["TPE1"].text == ["Stand-in Channel"]
            assert id3.getall("APIC")[0].data.startswith(b"\xff\xd8")
        case AudioFormat.OPUS:
            opus = read(OggOpus, media)
            assert (opus["title"], opus["artist"]) == ([TITLE], ["Stand-in Channel"])
            assert opus["purl"] == ["https://www.youtube.com/watch?v=" + media.stem]
            [description] = opus["description"]
            assert description.startswith("A film; about\nopus")
            picture = base64.b64decode(opus["metadata_block_picture"][0])
            assert read(Picture, picture).data.startswith(b"\xff\xd8")


async def test_webm_has_captions_and_no_cover(archive: Archive) -> None:
    done = await fetched(archive, (247, 251), container=Container.WEBM, **ALL)
    media = media_of(done)
    assert (media.suffix, done.remarks) == (
        ".webm", ["no cover, because webm cannot have one"]
    )  # fmt: skip
    assert re.findall(r"\((\w{3})\): Subtitle: (\w+)", await streams(media)) == [
        ("eng", "webvtt"), ("deu", "webvtt"),
    ]  # fmt: skip
    assert chapters_in(await exported(media)) == CHAPTERS


async def test_a_file_is_not_changed_unless_something_is_embedded(archive: Archive) -> None:
    plain = media_of(await fetched(archive, (136, 140)))
    assert chapters_in(await exported(plain)) == []
    assert "Stand-in Channel" not in await exported(plain)
    found = await streams(plain)
    assert "Subtitle" not in found
    assert "attached pic" not in found


async def test_what_does_not_exist_is_not_embedded_and_does_not_fail_the_video(
    archive: Archive,
) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults += [
        Fault(kind="caption", status=404),
        Fault(kind="thumbnail", status=404),
    ]
    done = await archive.ytdlp.download(archive.order(video.id, **ALL), ignore, ignore)
    assert done.remarks[0] == "not embedded, because there are none: chapters, thumbnail, captions"
    assert "Stand-in Channel" in await exported(media_of(done))


SPONSOR = {
    "segment": [2.0, 2.5], "category": "sponsor", "actionType": "skip", "videoDuration": 4,
    "UUID": "1", "description": "",
}  # fmt: skip


async def test_sponsorblock_segments_become_chapters_and_nothing_is_cut(archive: Archive) -> None:
    chapters = [(0, "One"), (1, "Two")]
    video = archive.youtube.catalogue.add_video("Film", chapters=chapters, segments=(SPONSOR,))
    plain = archive.youtube.catalogue.add_video("Plain", segments=(SPONSOR,))
    marks = {"sponsorblock_chapters": True}
    done = await archive.ytdlp.download(archive.order(video.id, **marks), ignore, ignore)
    assert chapters_in(await exported(media_of(done))) == [
        (0, "One"), (1, "Two"), (2, "[SponsorBlock]: Sponsor"), (2.5, "Two"),
    ]  # fmt: skip
    assert "Duration: 00:00:04" in await streams(media_of(done))
    assert "[SponsorBlock]" not in (done.folder / f"{video.id}.info.json").read_text()
    only = await archive.ytdlp.download(archive.order(plain.id, **marks), ignore, ignore)
    assert chapters_in(await exported(media_of(only))) == [
        (0, "Plain"), (2, "[SponsorBlock]: Sponsor"), (2.5, "Plain"),
    ]  # fmt: skip


async def test_sponsorblock_is_asked_only_on_request_and_never_fails_a_download(
    archive: Archive,
) -> None:
    video = archive.youtube.catalogue.add_video(segments=(SPONSOR,))
    await archive.ytdlp.download(archive.order(video.id, embed_chapters=True), ignore, ignore)
    assert "sponsorblock" not in archive.youtube.requests.counts
    other = archive.youtube.catalogue.add_video("Film", segments=(SPONSOR,))
    archive.youtube.behaviour.faults.append(Fault(kind="sponsorblock", status=500))
    wanted = archive.order(other.id, sponsorblock_chapters=True)
    done = await archive.ytdlp.download(wanted, ignore, ignore)
    assert chapters_in(await exported(media_of(done))) == []
    assert done.remarks[0].startswith("no SponsorBlock segments: ")
    assert archive.youtube.requests.counts["sponsorblock"] > 0
    unmarked = archive.youtube.catalogue.add_video("Film")
    archive.youtube.behaviour.change(faults=[])
    wanted = archive.order(unmarked.id, sponsorblock_chapters=True)
    assert (await archive.ytdlp.download(wanted, ignore, ignore)).remarks == []
