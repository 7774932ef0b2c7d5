"""A fetcher controlled by the test, and a listener that records notifications."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

import pytest

from ytarchive.common.config import Settings, StorageConfig
from ytarchive.common.download_config import DownloadConfig
from ytarchive.common.errors import ServiceUnavailable, YTArchiveError
from ytarchive.common.models import Done, HealthCheck
from ytarchive.download import DownloadEvent, DownloadListener
from ytarchive.download.service import DownloadService
from ytarchive.ytdlp import Downloaded, DownloadOrder, ExtractedVideo, Fetcher, Transfer


class ScriptedFetcher(Fetcher):
    """Downloads wait until `finish` is set; `failure`, if any, is their error."""

    def __init__(self) -> None:
        self.orders: list[DownloadOrder] = []
        self.running = 0
        self.most_running = 0
        self.finish = asyncio.Event()
        self.failure: Exception | None = None
        self.needed = 0
        self.remarks: list[str] = []
        self.missing: list[str] = []
        self.captions_refused = False
        self.transfers: list[Transfer] = []

    async def extract(self, video_id: str) -> ExtractedVideo:
        """Not used here."""
        raise YTArchiveError(video_id)

    def turn(self, video_id: str) -> AbstractAsyncContextManager[None]:
        """At once."""
        return nullcontext()

    async def download(
        self,
        order: DownloadOrder,
        on_progress: Callable[[Transfer], None],
        admit: Callable[[int], None],
    ) -> Downloaded:
        """Request the configured disk space, report the configured transfers, and wait."""
        self.orders.append(order)
        admit(self.needed)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            for transfer in self.transfers:
                on_progress(transfer)
            await self.finish.wait()
        finally:
            self.running -= 1
        if self.failure:
            raise self.failure
        return Downloaded(
            folder=order.folder,
            quality="720p",
            network_bytes=1000,
            remarks=self.remarks,
            missing=self.missing,
            captions_refused=self.captions_refused,
        )


class Ear(DownloadListener):
    """Records notifications; the first `deaf` of them are refused."""

    def __init__(self) -> None:
        self.heard: list[DownloadEvent] = []
        self.deaf = 0
        self.arrived = asyncio.Event()

    async def download_finished(self, request: DownloadEvent) -> Done:
        """Record the notification."""
        if self.deaf:
            self.deaf -= 1
            raise ServiceUnavailable
        self.heard.append(request)
        self.arrived.set()
        return Done()

    async def health(self) -> HealthCheck:
        return HealthCheck.of("jobs", {}, since=0)


@pytest.fixture
async def fetcher() -> ScriptedFetcher:
    return ScriptedFetcher()


@pytest.fixture
async def ear() -> Ear:
    return Ear()


@pytest.fixture
async def service(
    tmp_path: Path, fetcher: ScriptedFetcher, ear: Ear
) -> AsyncIterator[DownloadService]:
    settings = Settings(
        storage=StorageConfig(base_path=tmp_path), download=DownloadConfig(concurrency=2)
    )
    service = DownloadService(settings, fetcher)
    service.report_to(ear)
    yield service
    await service.close()


async def settled() -> None:
    """Let all tasks continue: nothing here waits for a thread or the clock."""
    for _ in range(50):
        await asyncio.sleep(0)
