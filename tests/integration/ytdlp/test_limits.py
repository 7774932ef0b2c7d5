"""Streams that are longer than announced are stopped, and no transfer passes `min_free`."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.disks import mounted
from tests.integration.ytdlp.helpers import Archive, files, ignore, settings_for
from tests.standin import Fault
from ytarchive.common import errors
from ytarchive.common.config import StorageConfig
from ytarchive.common.disk import Space
from ytarchive.ytdlp import YtDlp

pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 2**20
DISK = 48 * MIB
NO_SIZE = {"contentLength": None, "bitrate": None, "averageBitrate": None}
OVERSHOOT = MIB
"""Bytes that several transfers may write before each has checked the disk again."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MiB."""
    with mounted(tmp_path / "disk", f"size={DISK}") as folder:
        yield folder


def small_archive(archive: Archive, disk: Path) -> tuple[Archive, YtDlp]:
    """The same stand-in with an archive on a small disk."""
    base = disk / "archive"
    storage = StorageConfig(base_path=base, min_free=10 * MIB)  # of which a small disk keeps 5 %
    settings = settings_for(archive.youtube, base).model_copy(update={"storage": storage})
    ytdlp = YtDlp(settings)
    return Archive(archive.youtube, ytdlp, base), ytdlp


def add_video(archive: Archive, **changed: Any) -> str:
    formats = ({"itag": 136, **changed}, {"itag": 140, **changed})
    return archive.youtube.catalogue.add_video(formats=formats).id


def media_in(folder: Path) -> set[str]:
    return {name for name in files(folder) if ".m" in name}


@pytest.mark.parametrize(
    ("changed", "most"),
    [({}, 10.5 * MIB), ({"contentLength": "1000"}, 8.5 * MIB), ({"contentLength": None}, 65 * MIB)],
    ids=["announced", "announced too small", "estimated"],
)
async def test_an_endless_stream_is_stopped_at_its_announced_size_and_a_margin(
    archive: Archive, changed: dict[str, Any], most: float
) -> None:
    video_id = add_video(archive, **changed)
    archive.youtube.behaviour.faults += [Fault(kind="media", endless=True)]
    with pytest.raises(errors.StreamTooLong, match=r"more than (the announced|its length)"):
        await archive.ytdlp.download(archive.order(video_id), ignore, ignore)
    assert media_in(archive.order(video_id).folder) == set()
    assert archive.youtube.requests.count("media") == 1
    assert archive.media_seen() < most + 8 * MIB  # bytes in socket buffers


FRAGMENTS = 400
"""Of 256 KiB each: more than fits on the small disk, and more than any limit."""


def add_fragmented(archive: Archive, manifest: str) -> str:
    """A video of one second in 100 MiB of fragments."""
    catalogue = archive.youtube.catalogue
    return catalogue.add_video(manifest=manifest, fragments=FRAGMENTS, itags=(18,)).id


@pytest.mark.parametrize(("manifest", "most"), [("hls", 64 * MIB + 12.5e6), ("dash", 8.25 * MIB)])
async def test_a_stream_in_fragments_that_is_longer_than_announced_is_stopped(
    archive: Archive, manifest: str, most: float
) -> None:
    video_id = add_fragmented(archive, manifest)
    await archive.youtube.prepare_media()
    with pytest.raises(errors.StreamTooLong, match=r"more than (the announced|its length)"):
        await archive.ytdlp.download(archive.order(video_id), ignore, ignore)
    assert media_in(archive.order(video_id).folder) == set()
    assert most - 2 * MIB < archive.media_seen() < most + 2 * MIB


async def test_a_stream_in_fragments_stops_at_min_free(archive: Archive, small_disk: Path) -> None:
    small, ytdlp = small_archive(archive, small_disk)
    video_id = add_fragmented(archive, "hls")
    await archive.youtube.prepare_media()
    async with ytdlp, least_free(small_disk) as least:
        with pytest.raises(errors.StreamTooLong, match=r"up to storage\.min_free"):
            await ytdlp.download(small.order(video_id), ignore, ignore)
    assert least[0] > Space.at(small_disk, 10 * MIB).kept - OVERSHOOT
    assert media_in(small.order(video_id).folder) == set()


@asynccontextmanager
async def least_free(disk: Path) -> AsyncIterator[list[int]]:
    """Return a list with the minimum of free bytes during the test."""
    least = [DISK]

    async def watch() -> None:
        while True:
            least[0] = min(least[0], shutil.disk_usage(disk).free)
            await asyncio.sleep(0.001)

    watching = asyncio.create_task(watch())
    yield least
    watching.cancel()


async def test_a_stream_that_is_a_little_longer_than_announced_is_stored_and_noted(
    archive: Archive,
) -> None:
    real = archive.media_size(136)
    formats = ({"itag": 136, "contentLength": str(real - 1000)}, {"itag": 140})
    video_id = archive.youtube.catalogue.add_video(formats=formats).id
    done = await archive.ytdlp.download(archive.order(video_id), ignore, ignore)
    assert done.remarks == [f"the video has {real} bytes, and {real - 1000} were announced"]
    assert f"{video_id}.mp4" in files(done.folder)


@pytest.mark.parametrize("announced", ["0", None])
async def test_endless_streams_without_a_size_stop_together_before_min_free(
    archive: Archive, small_disk: Path, announced: str | None
) -> None:
    small, ytdlp = small_archive(archive, small_disk)
    ids = [add_video(archive, **(NO_SIZE | {"contentLength": announced})) for _ in range(3)]
    archive.youtube.behaviour.change(
        faults=[Fault(kind="media", endless=True)], media_bytes_per_second=20 * MIB
    )
    async with ytdlp, least_free(small_disk) as least:
        downloads = (ytdlp.download(small.order(each), ignore, ignore) for each in ids)
        outcomes = await asyncio.gather(*downloads, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {errors.StreamTooLong}
    assert least[0] > Space.at(small_disk, 10 * MIB).kept - OVERSHOOT
    assert all(media_in(small.order(each).folder) == set() for each in ids)
    assert shutil.disk_usage(small_disk).free > DISK - 2 * MIB


class Filler:
    """Another program, which fills the disk during a transfer."""

    def __init__(self, archive: Archive, disk: Path) -> None:
        self.file = disk / "filler"
        self._archive = archive

    def fill(self, _: object) -> None:
        """Fill the disk once, after the first MiB of media."""
        if self._archive.media_seen() > MIB and not self.file.exists():
            free = shutil.disk_usage(self.file.parent).free
            self.file.write_bytes(bytes(free - 2 * MIB))


async def test_an_announced_stream_stops_at_min_free_and_resumes(
    archive: Archive, small_disk: Path
) -> None:
    small, ytdlp = small_archive(archive, small_disk)
    video_id = add_video(archive)
    archive.youtube.behaviour.change(media_bytes_per_second=MIB)
    filler = Filler(archive, small_disk)
    async with ytdlp:
        with pytest.raises(errors.DiskFull, match="during the transfer"):
            await ytdlp.download(small.order(video_id), filler.fill, ignore)
        assert media_in(small.order(video_id).folder)
        filler.file.unlink()
        archive.youtube.behaviour.change(media_bytes_per_second=None)
        done = await ytdlp.download(small.order(video_id), ignore, ignore)
    assert done.network_bytes < small.media_size(136, 140) - MIB / 2


@pytest.mark.parametrize("manifest", ["hls", "dash"])
async def test_a_stream_in_fragments_waits_for_space_and_resumes(
    archive: Archive, small_disk: Path, manifest: str
) -> None:
    small, ytdlp = small_archive(archive, small_disk)
    video = archive.youtube.catalogue.add_video(manifest=manifest, fragments=20, itags=(18,))
    await archive.youtube.prepare_media()
    archive.youtube.behaviour.change(media_bytes_per_second=MIB)
    filler = Filler(archive, small_disk)
    async with ytdlp:
        with pytest.raises(errors.DiskFull, match="during the transfer"):
            await ytdlp.download(small.order(video.id), filler.fill, ignore)
        assert media_in(small.order(video.id).folder)
        assert archive.youtube.requests.count("media") < 10
        filler.file.unlink()
        archive.youtube.behaviour.change(media_bytes_per_second=None)
        with suppress(errors.IntegrityFailure):  # the fragments are no complete film
            await ytdlp.download(small.order(video.id), ignore, ignore)
    # Each fragment, the one that was cut again, and once more all after the failed check.
    assert archive.youtube.requests.count("media") <= 20 + 1 + 20
