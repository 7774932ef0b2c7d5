"""The real Download service with real yt-dlp against the stand-in, in process and over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import Reach
from tests.standin import Catalogue, MediaSpec, StandIn, VideoState
from tests.unit.download.conftest import Ear
from ytarchive.common.config import load_settings
from ytarchive.common.errors import (
    InvalidIdentifier,
    InvalidRequest,
    NotFound,
    PathOutsideArchive,
    PrivateVideo,
)
from ytarchive.download import (
    DownloadAPI,
    DownloadListener,
    DownloadProgress,
    DownloadRequest,
    DownloadStatus,
    FormatsQuery,
)
from ytarchive.download.service import DownloadService
from ytarchive.ytdlp import YtDlp


@dataclass
class Site:
    """A download service as its callers use it, and its peers."""

    service: DownloadAPI
    youtube: StandIn
    ear: Ear

    async def ended(self, task_id: str) -> DownloadProgress:
        """A task, once it has ended."""
        async with asyncio.timeout(30):
            while not (task := await self.service.get_progress(task_id)).status.is_final:
                await asyncio.sleep(0.02)
        return task


@pytest.fixture
async def site(reach: Reach[Any], tmp_path: Path) -> AsyncIterator[Site]:
    """It notifies a listener that is reached in the same way."""
    async with StandIn(Catalogue(), media=MediaSpec(seconds=1)) as youtube:
        settings = load_settings(
            storage={"base_path": str(tmp_path)},
            network={"proxy": youtube.proxy_url, "ca_file": str(youtube.ca_file)},
            download={"concurrency": 1},
            profiles={"small": {"quality": "360p", "caption_languages": ["de"]}},
        )
        async with YtDlp(settings) as yt_dlp:
            service, ear = DownloadService(settings, yt_dlp), Ear()
            service.report_to(await reach(DownloadListener, ear))
            yield Site(await reach(DownloadAPI, service), youtube, ear)
            await service.close()


async def test_a_video_is_fetched_and_the_listener_notified(site: Site) -> None:
    video = site.youtube.catalogue.add_video("Film", captions=("en",))
    request = DownloadRequest.model_validate({"video_id": video.id, "quality": "360p"})
    task = await site.service.start_download(request)
    assert task.video_id == video.id
    done = await site.ended(task.task_id)
    assert (done.status, done.progress_percent, done.quality) == (
        DownloadStatus.COMPLETED,
        100,
        "360p",
    )
    await asyncio.wait_for(site.ear.arrived.wait(), 10)
    event = site.ear.heard[0]
    assert (event.task_id, event.status) == (task.task_id, DownloadStatus.COMPLETED)
    formats = await site.service.get_formats(f"https://youtu.be/{video.id}")
    assert (formats.video_id, formats.title, formats.captions) == (video.id, "Film", ["en"])
    assert "360p" in formats.qualities


async def test_the_choice_of_a_profile_is_explained_and_fetched(site: Site) -> None:
    video = site.youtube.catalogue.add_video("Film", captions=("en", "de"))
    small = FormatsQuery(profile="small", caption_languages=["en", "fr"])
    choice = (await site.service.get_formats(video.id, small)).choice
    assert choice is not None
    assert (choice.profile, choice.quality, choice.container) == ("small", "360p", "mp4")
    assert (choice.captions, choice.wanted.caption_languages) == (["en"], ["en", "fr"])
    assert [each.subject for each in choice.reasons if each.is_fallback] == ["captions"]
    default = (await site.service.get_formats(video.id)).choice
    assert default is not None
    assert (default.quality, default.profile) == ("1080p", None)

    task = await site.service.start_download(DownloadRequest(video_id=video.id, profile="small"))
    assert (await site.ended(task.task_id)).quality == choice.quality
    await asyncio.wait_for(site.ear.arrived.wait(), 10)
    request = site.ear.heard[0].request
    assert request is not None
    assert (request.profile, request.caption_languages) == ("small", ["de"])


async def test_unknown_profile_is_refused(site: Site) -> None:
    for use in (
        site.service.get_formats("dQw4w9WgXcQ", FormatsQuery(profile="large")),
        site.service.start_download(DownloadRequest(video_id="dQw4w9WgXcQ", profile="large")),
    ):
        with pytest.raises(InvalidRequest, match="known profiles: default, music, small"):
            await use


async def test_an_unavailable_video_fails_with_its_code(site: Site) -> None:
    private = site.youtube.catalogue.add_video(state=VideoState.PRIVATE)
    with pytest.raises(PrivateVideo):
        await site.service.get_formats(private.id)
    task = await site.service.start_download(DownloadRequest(video_id=private.id))
    failed = await site.ended(task.task_id)
    assert (failed.status, failed.error_code) == (DownloadStatus.FAILED, PrivateVideo.code)
    await asyncio.wait_for(site.ear.arrived.wait(), 10)
    assert site.ear.heard[0].error is not None
    assert site.ear.heard[0].error.code == PrivateVideo.code


async def test_a_download_can_be_cancelled(site: Site) -> None:
    site.youtube.behaviour.media_bytes_per_second = 1000
    video = site.youtube.catalogue.add_video()
    task = await site.service.start_download(DownloadRequest(video_id=video.id))
    await site.service.cancel_download(task.task_id)
    assert (await site.ended(task.task_id)).status is DownloadStatus.CANCELLED


async def test_invalid_requests_are_refused_in_process_and_over_http(site: Site) -> None:
    with pytest.raises(PathOutsideArchive):
        await site.service.start_download(
            DownloadRequest(video_id="dQw4w9WgXcQ", output_path="../elsewhere")
        )
    with pytest.raises(InvalidIdentifier):
        await site.service.get_formats("nonsense")
    for use in (site.service.get_progress, site.service.cancel_download):
        with pytest.raises(NotFound):
            await use("absent")


async def test_health_is_reported(site: Site) -> None:
    health = await site.service.health()
    assert health.service == "download"
    assert health.checks
