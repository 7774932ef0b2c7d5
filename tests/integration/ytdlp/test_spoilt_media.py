"""Damaged media are never stored, and are fetched again from the start, once."""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from tests.integration.ytdlp.helpers import Archive, files, ignore
from tests.standin.clients import decode
from tests.standin.media import MediaFile
from tests.ytdlp_requests import times
from ytarchive.common import errors
from ytarchive.ytdlp import Transfer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def served(archive: Archive) -> Iterator[dict[int, MediaFile]]:
    """The media by itag, which a test may replace; each of the usual size."""
    media = archive.youtube.media.files
    usual = dict(media)
    yield media
    media.update(usual)


async def refused(archive: Archive, video_id: str) -> errors.YTArchiveError:
    with pytest.raises((errors.IntegrityFailure, errors.ToolFailed)) as raised:
        await archive.ytdlp.download(archive.order(video_id), ignore, ignore)
    return raised.value


def media_kept(archive: Archive, video_id: str) -> set[str]:
    """The files of media in a video's folder in staging."""
    names = files(archive.order(video_id).folder)
    return {name for name in names if ".mp4" in name or ".m4a" in name}


def shorten(served: dict[int, MediaFile], itag: int) -> None:
    """From now on only half of the stream is sent; its announced length does not change."""
    half = served[itag].size // 2
    served[itag] = replace(served[itag], view=served[itag].view[:half], size=half)


async def test_a_stream_that_ends_early_is_fetched_again(
    archive: Archive, served: dict[int, MediaFile], extraction: Mapping[str, int]
) -> None:
    video = archive.youtube.catalogue.add_video()
    usual = dict(served)
    await archive.ytdlp.extract(video.id)
    shorten(served, 136)

    def mend(transfer: Transfer) -> None:
        if transfer.phase == "extracting" and archive.youtube.requests.counts["media"]:
            served.update(usual)

    done = await archive.ytdlp.download(archive.order(video.id), mend, ignore)
    assert times(archive.youtube.requests.counts, extraction) == 2
    assert await decode(done.folder / f"{video.id}.mp4") == ""


@pytest.mark.parametrize("itag", [136, 140])
async def test_a_stream_that_always_ends_early_fails_after_one_retry(
    archive: Archive, served: dict[int, MediaFile], itag: int, extraction: Mapping[str, int]
) -> None:
    video = archive.youtube.catalogue.add_video()
    await archive.ytdlp.extract(video.id)
    whole = served[itag].size
    shorten(served, itag)
    error = await refused(archive, video.id)
    assert f"{whole // 2} of {whole} bytes" in error.message
    assert media_kept(archive, video.id) == set()
    assert times(archive.youtube.requests.counts, extraction) == 2


async def test_a_video_without_its_picture_is_refused(
    archive: Archive, served: dict[int, MediaFile]
) -> None:
    video = archive.youtube.catalogue.add_video()
    served[136] = replace(served[136], view=served[140].view, size=served[140].size)
    await refused(archive, video.id)
    assert media_kept(archive, video.id) == set()


async def test_content_that_is_no_media_is_refused(
    archive: Archive, served: dict[int, MediaFile]
) -> None:
    video = archive.youtube.catalogue.add_video()
    served[136] = replace(served[136], view=memoryview(b"<html>" * 5000), size=30_000)
    await refused(archive, video.id)
    assert media_kept(archive, video.id) == set()


async def test_a_list_of_addresses_for_ffmpeg_is_refused_and_not_requested(
    archive: Archive, served: dict[int, MediaFile]
) -> None:
    video = archive.youtube.catalogue.add_video()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        target = f"http://127.0.0.1:{listener.getsockname()[1]}/x.ts"
        playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n"
        content = memoryview(playlist.encode())
        served[136] = replace(served[136], view=content, size=len(content))
        await refused(archive, video.id)
        with pytest.raises(BlockingIOError):  # no connection waits
            listener.accept()
    assert media_kept(archive, video.id) == set()


async def test_a_video_of_another_length_is_refused(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video(duration=60)
    error = await refused(archive, video.id)
    assert "plays 1 of 60 seconds" in error.message
    assert media_kept(archive, video.id) == set()


async def test_a_merge_that_was_killed_and_left_a_torn_file_is_done_again(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    whole = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    media = whole.folder / f"{video.id}.mp4"
    size = media.stat().st_size
    torn = media.rename(media.with_suffix(".136+140.mp4"))
    torn.write_bytes(torn.read_bytes()[: size // 2])
    again = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert media.stat().st_size == size
    assert again.network_bytes == archive.media_size(136, 140)
