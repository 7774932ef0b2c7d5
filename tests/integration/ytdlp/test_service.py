"""The Download service with real worker processes."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from tests.integration.ytdlp.helpers import PATIENCE, SLOW, Archive, settings_for, until
from tests.standin import Fault
from tests.ytdlp_requests import times
from ytarchive.common import errors
from ytarchive.common.quality import Quality
from ytarchive.download import DownloadRequest, DownloadStatus
from ytarchive.download.service import DownloadService

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def service(archive: Archive) -> AsyncIterator[DownloadService]:
    service = DownloadService(settings_for(archive.youtube, archive.base), archive.ytdlp)
    yield service
    await service.close()


async def ended(service: DownloadService, task_id: str) -> DownloadStatus:
    async with asyncio.timeout(PATIENCE):
        while not (now := await service.get_progress(task_id)).status.is_final:
            await asyncio.sleep(0.01)
    return now.status


async def test_formats_cost_one_extraction_which_a_download_then_uses(
    archive: Archive, service: DownloadService, extraction: Mapping[str, int]
) -> None:
    video = archive.youtube.catalogue.add_video(captions=("en", "de"))
    found = await service.get_formats(video.id)
    assert (found.title, found.qualities) == (video.title, ["1080p", "720p", "360p"])
    assert found.captions == ["de", "en"]
    task = await service.start_download(DownloadRequest(video_id=video.id, quality=Quality.P360))
    assert await ended(service, task.task_id) == "COMPLETED"
    done = await service.get_progress(task.task_id)
    assert done.quality == "360p"
    assert (archive.base / ".ytarchive/staging" / video.id / f"{video.id}.mp4").is_file()
    assert times(archive.youtube.requests.counts, extraction) == 1


@pytest.mark.parametrize("kind", ["watch", "media"])
async def test_cancelling_does_not_wait_for_a_hanging_youtube(
    archive: Archive, service: DownloadService, kind: str
) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults.append(Fault(kind=kind, hang=True))
    task = await service.start_download(DownloadRequest(video_id=video.id))
    await until(lambda: archive.youtube.requests.counts[kind])
    async with asyncio.timeout(PATIENCE):
        stopped = await service.cancel_download(task.task_id)
    assert stopped.status == "CANCELLED"


async def test_transfers_stopped_by_a_shutdown_are_resumed(
    archive: Archive, service: DownloadService
) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.change(media_bytes_per_second=SLOW)
    await service.start_download(DownloadRequest(video_id=video.id))
    await until(lambda: archive.media_seen() > 500_000)
    await service.close(grace=0)
    archive.youtube.behaviour.change(media_bytes_per_second=None)
    later = DownloadService(settings_for(archive.youtube, archive.base), archive.ytdlp)
    task = await later.start_download(DownloadRequest(video_id=video.id))
    assert await ended(later, task.task_id) == "COMPLETED"
    ranges = [e.range for e in archive.youtube.requests.entries if e.kind == "media"]
    assert any(not each.startswith("bytes=0-") for each in ranges)
    await later.close()


async def test_an_unavailable_video_has_its_reason(
    archive: Archive, service: DownloadService
) -> None:
    video = archive.youtube.catalogue.add_video(state="private")
    task = await service.start_download(DownloadRequest(video_id=video.id))
    assert await ended(service, task.task_id) == "FAILED"
    failed = await service.get_progress(task.task_id)
    assert failed.error_code == errors.PrivateVideo.code
    assert "Private video" in (failed.error or "")
    with pytest.raises(errors.PrivateVideo):
        await service.get_formats(video.id)
