"""Missing captions and thumbnails are named, and fetched later without the media."""

import base64
import gzip
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.ytdlp.helpers import MEDIA, Archive, files, ignore
from tests.standin import Fault
from ytarchive.ytdlp import Downloaded, Transfer, YtDlp

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_failed_side_files_are_missing_and_fetched_later_without_the_media(
    archive: Archive,
) -> None:
    video = archive.youtube.catalogue.add_video(captions=("en", "de"))
    wanted = archive.order(video.id, caption_languages=["en", "de", "fr"])
    archive.youtube.behaviour.faults += [
        Fault(kind="caption", status=403),
        Fault(kind="thumbnail", status=503),
    ]
    done = await archive.ytdlp.download(wanted, ignore, ignore)
    assert done.missing == ["captions:en", "captions:de", "thumbnail"]
    assert not done.captions_refused
    archive.youtube.behaviour.change(faults=[])
    archive.youtube.reset()
    rest = wanted.model_copy(
        update={"without_media": True, "folder": archive.base / ".ytarchive/staging/rest"}
    )
    done = await archive.ytdlp.download(rest, ignore, ignore)
    assert files(done.folder) == {
        f"captions/{video.id}.en.vtt",
        f"captions/{video.id}.de.vtt",
        f"{video.id}.jpg",
    }
    assert done.missing == []
    assert done.remarks == [
        "added captions in en", "added captions in de", "added thumbnail", "no captions in fr",
    ]  # fmt: skip
    assert archive.media_seen() == done.network_bytes == 0


async def test_files_that_youtube_does_not_have_are_not_missing(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults += [
        Fault(kind="caption", status=404),
        Fault(kind="thumbnail", status=404),
    ]
    wanted = archive.order(video.id, caption_languages=["en", "fr"])
    assert (await archive.ytdlp.download(wanted, ignore, ignore)).missing == []


async def test_after_a_429_answer_no_more_captions_are_requested(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video(captions=("de", "en", "fr"))
    archive.youtube.behaviour.faults += [Fault(kind="caption", status=429)]
    wanted = archive.order(video.id, caption_languages=["all"])
    done = await archive.ytdlp.download(wanted, ignore, ignore)
    assert done.captions_refused
    assert done.missing == ["captions:de", "captions:en", "captions:fr"]
    assert archive.youtube.requests.counts["caption"] == 1
    assert done.remarks == [
        "no captions in de: HTTP Error 429: Too Many Requests",
        "no captions in en: not requested, because YouTube refuses captions at present",
        "no captions in fr: not requested, because YouTube refuses captions at present",
    ]


async def test_captions_are_not_requested_with_omits_captions(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    wanted = archive.order(video.id, omits_captions=True)
    done = await archive.ytdlp.download(wanted, ignore, ignore)
    assert done.missing == ["captions:en"]
    assert not done.captions_refused
    assert "caption" not in archive.youtube.requests.counts


async def test_a_thumbnail_is_requested_again_after_a_temporary_error(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults += [Fault(kind="thumbnail", status=503, times=1)]
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert (done.missing, done.remarks) == ([], [])
    assert archive.youtube.requests.counts["thumbnail"] == 2


async def test_a_thumbnail_that_is_no_image_is_reported(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults += [Fault(kind="thumbnail", status=200, body="sorry")]
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert done.remarks == ["no thumbnail: YouTube sent something that is not an image"]
    assert done.missing == ["thumbnail"]


BOMB = base64.b64encode(gzip.compress(bytes(200 * 2**20))).decode()
FAULTS: dict[str, dict[str, Any]] = {
    "drips": {"bytes_per_second": 1},
    "hangs": {"hang": True},
    "hangs before it fails": {"delay_ms": 60_000, "status": 500},
    "breaks off": {"cut_after": 5},
    "is cut short": {"truncate_to": 60},
    "is empty": {"truncate_to": 0},
    "is a web page": {"status": 200, "body": "<html><body>Sorry</body></html>"},
    "is endless text": {"status": 200, "body": "text ", "fill_to": 40 * 2**20},
    "is a compressed bomb": {"status": 200, "body_base64": BOMB, "encoding": "gzip"},
    "is not text": {"status": 200, "body_base64": base64.b64encode(bytes(range(256))).decode()},
    "is refused": {"status": 403},
    "is refused for now": {"status": 429},
    "is out of order": {"status": 503},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hasty(shared: Archive) -> AsyncIterator[YtDlp]:
    """A yt-dlp that gives each side file one second."""
    async with shared.other(side_file_timeout=1, stall_timeout=5) as ytdlp:
        yield ytdlp


@pytest.mark.parametrize("kind", ["caption", "thumbnail"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_a_side_file_that_fails_in_any_way_is_missing_and_the_video_is_stored(
    archive: Archive, hasty: YtDlp, kind: str, fault: dict[str, Any]
) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults += [Fault(kind=kind, **fault)]
    missing, other = "captions:en", f"{video.id}.jpg"
    if kind == "thumbnail":
        missing, other = "thumbnail", f"captions/{video.id}.en.vtt"
    done = await hasty.download(archive.order(video.id), ignore, ignore)
    assert done.missing == [missing]
    assert len(done.remarks) == 1
    assert files(done.folder) == {f"{video.id}.mp4", f"{video.id}.info.json", other}
    archive.youtube.behaviour.change(faults=[])
    folder = archive.base / ".ytarchive/staging/later"
    rest = archive.order(video.id, without_media=True, folder=folder)
    later = await hasty.download(rest, ignore, ignore)
    assert later.missing == []


async def test_hanging_side_files_do_not_delay_the_media(
    archive: Archive,
) -> None:
    """Ten languages without answer take one deadline after the media, not ten."""
    languages = tuple(f"e{letter}" for letter in "abcdefghij")
    video = archive.youtube.catalogue.add_video(captions=languages)
    archive.youtube.behaviour.faults += [Fault(kind="caption", hang=True)]
    phases: list[str] = []

    def note(transfer: Transfer) -> None:
        phases.append(transfer.phase)

    async with archive.other(side_file_timeout=2, stall_timeout=1.5) as ytdlp:
        wanted = archive.order(video.id, caption_languages=["all"])
        done = await ytdlp.download(wanted, note, ignore)
    assert done.missing == [f"captions:{each}" for each in languages]
    assert archive.youtube.requests.counts["caption"] <= 2
    assert phases.count("captions") < 20
    assert done.network_bytes > MEDIA.padding


async def test_a_worker_with_a_hanging_thread_gets_no_further_task(archive: Archive) -> None:
    async def download(ytdlp: YtDlp) -> Downloaded:
        video = archive.youtube.catalogue.add_video()
        return await ytdlp.download(archive.order(video.id), ignore, ignore)

    async with archive.other(side_file_timeout=0.5) as ytdlp:
        await download(ytdlp)
        kept = ytdlp._pool._idle[0].pid
        archive.youtube.behaviour.faults += [Fault(kind="caption", hang=True)]
        await download(ytdlp)
        assert ytdlp._pool._idle == []
        archive.youtube.behaviour.change(faults=[])
        assert (await download(ytdlp)).missing == []
        assert ytdlp._pool._idle[0].pid != kept
