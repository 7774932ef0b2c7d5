"""The files of a download, and its requests to YouTube."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.ytdlp.helpers import (
    PATIENCE,
    SLOW,
    Archive,
    files,
    ignore,
    streams,
    until,
)
from tests.standin import Fault
from tests.standin.clients import decode, yt_dlp
from tests.standin.media import ffmpeg_program
from tests.ytdlp_requests import EXTRACTION, only, same_environment, times
from ytarchive.common import errors
from ytarchive.common.archived_files import Role, Transferred
from ytarchive.common.quality import Quality
from ytarchive.ytdlp import Transfer

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_download_leaves_exactly_the_finished_set(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video("../../etc: a \0title", captions=("en", "de"))
    wanted = archive.order(video.id, caption_languages=["en", "de", "fr"])
    done = await archive.ytdlp.download(wanted, ignore, ignore)
    assert files(done.folder) == {
        f"{video.id}.mp4",
        f"{video.id}.info.json",
        f"{video.id}.jpg",
        f"captions/{video.id}.en.vtt",
        f"captions/{video.id}.de.vtt",
    }
    media = done.folder / f"{video.id}.mp4"
    assert await decode(media) == ""
    assert "1280x720" in (said := await streams(media))
    assert "Video: h264" in said
    assert "Audio: aac" in said
    assert done.quality == "720p"
    assert (done.folder / f"{video.id}.jpg").read_bytes().startswith(b"\xff\xd8")
    info = json.loads((done.folder / f"{video.id}.info.json").read_text())
    assert (info["id"], info["height"]) == (video.id, 720)
    assert str(archive.base) not in json.dumps(info)


async def test_it_sends_no_more_requests_than_plain_yt_dlp(
    archive: Archive, tmp_path: Path
) -> None:
    video = archive.youtube.catalogue.add_video()
    arguments = ("-S", "res:720,fps,ext:mp4:m4a", "--write-subs", "--write-thumbnail", "-o", "x")
    await yt_dlp(
        archive.youtube,
        *(*arguments, *same_environment(), "--ffmpeg-location", ffmpeg_program()),
        f"https://www.youtube.com/watch?v={video.id}",
        folder=tmp_path,
    )
    plain = dict(archive.youtube.requests.counts)
    archive.youtube.reset()
    extracted = await archive.ytdlp.extract(video.id)
    assert extracted.metadata.title == video.title
    await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    ours = dict(archive.youtube.requests.counts)
    assert not extracted.info_path.exists()
    assert {kind: ours[kind] for kind in ("watch", "player", "media", "caption")} == {
        kind: plain[kind] for kind in ("watch", "player", "media", "caption")
    }
    assert sum(ours.values()) <= sum(plain.values())


async def test_audio_alone_is_an_m4a(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    plain = archive.order(video.id, quality=Quality.AUDIO, include_captions=False,
                  include_thumbnail=False)  # fmt: skip
    done = await archive.ytdlp.download(plain, ignore, ignore)
    assert "caption" not in archive.youtube.requests.counts
    assert "thumbnail" not in archive.youtube.requests.counts
    assert files(done.folder) == {f"{video.id}.m4a", f"{video.id}.info.json"}
    said = await streams(done.folder / f"{video.id}.m4a")
    assert "Audio: aac" in said
    assert "Video:" not in said
    assert done.quality is None


async def test_a_missing_quality_falls_back_to_the_next_lower_one(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video(itags=(134, 137, 140))
    assert (await archive.ytdlp.download(archive.order(video.id), ignore, ignore)).quality == "360p"


async def test_vp9_and_opus_alone_still_become_an_mp4(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video(itags=(247, 251))
    await archive.youtube.prepare_media()
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert await decode(done.folder / f"{video.id}.mp4") == ""


async def test_progress_never_decreases_and_covers_every_phase(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    seen: list[Transfer] = []
    archive.youtube.behaviour.change(media_bytes_per_second=8_000_000)
    done = await archive.ytdlp.download(archive.order(video.id), seen.append, ignore)
    percents = [each.percent for each in seen]
    assert percents == sorted(percents)
    phases = list(dict.fromkeys(each.phase for each in seen))
    assert phases == ["extracting", "video", "audio", "merging", "captions"]
    assert seen[-1].downloaded_bytes == seen[-1].total_bytes == done.network_bytes > 4 * 2**20
    assert any(each.speed > 0 and each.eta is not None for each in seen)
    assert seen[-1].quality == "720p"


async def test_captions_and_thumbnail_that_fail_do_not_fail_the_video(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults += [
        Fault(kind="caption", status=404),
        Fault(kind="thumbnail", status=404),
    ]
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert files(done.folder) == {f"{video.id}.mp4", f"{video.id}.info.json"}
    assert done.remarks == [
        "no captions in en: HTTP Error 404: Not Found",
        "no thumbnail: HTTP Error 404: Not Found",
    ]


async def test_differences_from_the_request_are_reported(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video(itags=(247, 251), captions=("de",))
    await archive.youtube.prepare_media()
    wanted = archive.order(video.id, caption_languages=["de", "fr", "ja"])
    done = await archive.ytdlp.download(wanted, ignore, ignore)
    assert done.remarks == ["picture in vp9", "sound in opus", "no captions in fr, ja"]


async def test_captions_are_named_by_bcp_47_and_automatic_ones_are_marked(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video(
        captions=("iw", "he", "zh-Hant", "en-nP7-2PuUl7o"), automatic_captions=("en", "pt-BR")
    )
    wanted = archive.order(
        video.id,
        caption_languages=["iw", "he", "zh-TW", "en-nP7-2PuUl7o", "pt"],
        auto_captions=True,
    )
    done = await archive.ytdlp.download(wanted, ignore, ignore)
    captions = [name for name in files(done.folder) if "captions" in name]
    assert sorted(name.partition(".")[2] for name in captions) == [
        "en-x-np72puul-7o.vtt",
        "he.vtt",
        "pt-BR.auto.vtt",
        "zh-Hant.vtt",
    ]
    record = Transferred.model_validate_json((done.folder / "transfer.json").read_text())
    typed = {(each.language, each.source_language, each.automatic) for each in record.files
             if each.role is Role.CAPTIONS}  # fmt: skip
    assert typed == {
        ("he", "iw", False),
        ("zh-Hant", "zh-Hant", False),
        ("en-x-np72puul-7o", "en-nP7-2PuUl7o", False),
        ("pt-BR", "pt-BR", True),
    }


async def test_all_captions_are_those_that_people_have_made(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video(captions=("de", "en", "fr"))
    wanted = archive.order(video.id, caption_languages=["all"], auto_captions=True)
    done = await archive.ytdlp.download(wanted, ignore, ignore)
    assert {name for name in files(done.folder) if "captions" in name} == {
        f"captions/{video.id}.{language}.vtt" for language in ("de", "en", "fr")
    }
    none = archive.youtube.catalogue.add_video(captions=())
    done = await archive.ytdlp.download(
        archive.order(none.id, caption_languages=["all"]), ignore, ignore
    )
    assert done.remarks == ["no captions"]


async def test_disk_space_is_requested_before_the_first_byte(
    archive: Archive, extraction: Mapping[str, int]
) -> None:
    video = archive.youtube.catalogue.add_video()
    needed: list[int] = []

    def refuse(size: int) -> None:
        needed.append(size)
        raise errors.DiskFull("no room")

    with pytest.raises(errors.DiskFull, match="no room"):
        await archive.ytdlp.download(archive.order(video.id), ignore, refuse)
    assert needed == [2 * archive.media_size(136, 140)]
    assert not archive.youtube.requests.counts["media"]
    assert not any(".part" in name for name in files(archive.order(video.id).folder))
    await archive.ytdlp.download(archive.order(video.id), ignore, needed.append)
    assert times(archive.youtube.requests.counts, extraction) == 1  # it was resumed
    again: list[int] = []
    await archive.ytdlp.download(archive.order(video.id), ignore, again.append)
    assert not again  # all of it is there


async def test_a_cancelled_transfer_stops_at_once_and_resumes_by_range(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.change(media_bytes_per_second=SLOW)
    running = asyncio.create_task(archive.ytdlp.download(archive.order(video.id), ignore, ignore))
    await until(lambda: archive.media_seen() > 1_500_000)
    running.cancel()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(asyncio.CancelledError):
            await running
    await until(lambda: archive.youtube.requests.active_media == 0)
    folder = archive.order(video.id).folder
    [part] = [path for path in folder.iterdir() if path.suffix == ".part"]
    kept = part.stat().st_size - 64 * 1024  # the last block comes again
    assert kept > 1_000_000
    archive.youtube.behaviour.change(media_bytes_per_second=None)
    archive.youtube.reset()
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    ranges = [e.range for e in archive.youtube.requests.entries if e.kind == "media"]
    assert any(r.startswith(f"bytes={kept}-") for r in ranges)
    total = archive.media_size(136, 140)
    assert done.network_bytes == total - kept
    assert only(archive.youtube.requests.counts, EXTRACTION) == {}  # extracted once
    assert await decode(done.folder / f"{video.id}.mp4") == ""
    assert not [name for name in files(done.folder) if "part" in name or ".f" in name]


@pytest.mark.parametrize("surplus", [0, 1_000_000])
async def test_a_complete_or_too_long_partial_file_does_not_fail_the_video(
    archive: Archive, surplus: int
) -> None:
    """Killed between the last byte and the renaming; or YouTube has a shorter stream now."""
    video = archive.youtube.catalogue.add_video()
    order = archive.order(video.id)
    order.folder.mkdir(parents=True)
    whole = archive.youtube.media.files[136].view.tobytes()
    part = order.folder / f"{video.id}.136+140.f136.mp4.part"
    part.write_bytes(whole + bytes(surplus))
    done = await archive.ytdlp.download(order, ignore, ignore)
    assert await decode(done.folder / f"{video.id}.mp4") == ""
    if not surplus:
        assert done.network_bytes <= archive.media_size(140) + 64 * 1024


async def test_an_expired_address_is_extracted_again_and_resumed(
    archive: Archive, extraction: Mapping[str, int]
) -> None:
    video = archive.youtube.catalogue.add_video()
    await archive.ytdlp.extract(video.id)
    archive.youtube.behaviour.faults.append(Fault(kind="media", after=1, times=1, status=403))
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert times(archive.youtube.requests.counts, extraction) == 2
    total = archive.media_size(136, 140)
    assert done.network_bytes == total  # the video, already there, was not fetched again
    assert await decode(done.folder / f"{video.id}.mp4") == ""


async def test_it_stops_extracting_again_after_two_times(
    archive: Archive, extraction: Mapping[str, int]
) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults.append(Fault(kind="media", status=403))
    with pytest.raises(errors.MediaRefused, match="403"):
        await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert times(archive.youtube.requests.counts, extraction) == 3


async def test_an_interrupted_transfer_is_resumed(
    archive: Archive, extraction: Mapping[str, int]
) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults.append(Fault(kind="media", cut_after=1_000_000, times=1))
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert times(archive.youtube.requests.counts, extraction) == 1
    assert await decode(done.folder / f"{video.id}.mp4") == ""


async def test_a_finished_video_that_was_not_stored_yet_is_not_fetched_again(
    archive: Archive,
) -> None:
    video = archive.youtube.catalogue.add_video()
    first = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    media = (first.folder / f"{video.id}.mp4").read_bytes()
    archive.youtube.reset()
    again = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert again.network_bytes == 0
    assert not archive.youtube.requests.counts["media"]
    assert (again.folder / f"{video.id}.mp4").read_bytes() == media
    other = archive.order(video.id, quality=Quality.P360)
    assert (await archive.ytdlp.download(other, ignore, ignore)).quality == "360p"
    assert "640x360" in await streams(first.folder / f"{video.id}.mp4")
