"""Requests for a video that is already being downloaded get a task with the right result."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.download.conftest import Ear, ScriptedFetcher, settled
from tests.unit.download.test_service import ended, request
from tests.waiting import until
from ytarchive.common.config import Settings, StorageConfig
from ytarchive.common.errors import Conflict
from ytarchive.download import DownloadStatus
from ytarchive.download import transfers as transfers_module
from ytarchive.download.service import DownloadService

OTHERS: list[dict[str, Any]] = [
    {"quality": "360p"},
    {"caption_languages": ["de"]},
    {"include_thumbnail": False},
    {"output_path": "films"},
    {"replace": True},
    {"only_missing": ["thumbnail"]},
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
async def test_request_with_other_options_gets_its_own_task_which_runs_afterwards(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear, other: dict[str, Any]
) -> None:
    first = await service.start_download(request())
    await until(lambda: fetcher.orders)
    second = await service.start_download(request(**other))
    await settled()
    assert second.task_id != first.task_id
    assert (await service.get_progress(second.task_id)).status is DownloadStatus.QUEUED
    assert len(fetcher.orders) == 1
    fetcher.finish.set()
    await until(lambda: len(ear.heard) == 2)
    assert [notice.task_id for notice in ear.heard] == [first.task_id, second.task_id]
    assert ear.heard[1].request == request(**other)
    assert fetcher.most_running == 1


async def test_finished_video_is_delivered_before_a_request_with_other_options_starts(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers_module, "_SECONDS_BETWEEN", (0.05,))
    fetcher.finish.set()
    ear.deaf = 1
    first = await ended(service, await service.start_download(request(quality="360p")))
    same = await service.start_download(request(quality="360p", max_retries=0))
    other = await service.start_download(request(quality="720p"))
    await settled()
    assert (first.status, same.task_id) == (DownloadStatus.COMPLETED, first.task_id)
    assert not ear.heard
    assert [order.profile.quality for order in fetcher.orders] == ["360p"]
    await until(lambda: len(ear.heard) == 2)
    assert [notice.task_id for notice in ear.heard] == [first.task_id, other.task_id]
    assert [order.profile.quality for order in fetcher.orders] == ["360p", "720p"]


async def test_waiting_request_is_cancelled_alone(
    service: DownloadService, fetcher: ScriptedFetcher
) -> None:
    first = await service.start_download(request())
    second = await service.start_download(request(quality="360p"))
    third = await service.start_download(request(quality="480p"))
    await until(lambda: fetcher.orders)
    assert (await service.cancel_download(second.task_id)).status is DownloadStatus.CANCELLED
    await settled()
    assert len(fetcher.orders) == 1
    fetcher.finish.set()
    for task in (first, third):
        assert (await ended(service, task)).status is DownloadStatus.COMPLETED
    assert [order.profile.quality for order in fetcher.orders] == ["1080p", "480p"]


async def test_waiting_requests_are_taken_up_after_a_restart(
    service: DownloadService, fetcher: ScriptedFetcher, tmp_path: Path
) -> None:
    tasks = [await service.start_download(request(quality=each)) for each in ("360p", "720p")]
    await service.close()
    again, ear = (
        DownloadService(Settings(storage=StorageConfig(base_path=tmp_path)), fetcher),
        Ear(),
    )
    fetcher.orders.clear()
    fetcher.finish.set()
    await again.restore_pending()
    again.report_to(ear)
    await until(lambda: len(ear.heard) == 2)
    assert [notice.task_id for notice in ear.heard] == [task.task_id for task in tasks]
    assert [order.profile.quality for order in fetcher.orders] == ["360p", "720p"]
    await again.close()


async def test_direct_request_with_other_options_than_a_job_s_download_is_refused(
    service: DownloadService, fetcher: ScriptedFetcher
) -> None:
    of_job = await service.start_download(request(durable=False))
    with pytest.raises(Conflict, match="a job is downloading 00000000000 with other options"):
        await service.start_download(request(quality="360p"))
    assert (await service.start_download(request())).task_id == of_job.task_id
    fetcher.finish.set()
    await ended(service, of_job)
    await until(lambda: not service._transfers._queues.video_ids())
    assert (await service.start_download(request(quality="360p"))).task_id != of_job.task_id


async def test_job_shares_only_the_last_download_of_a_video(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    """Else the next one could overwrite the files before the job has stored them."""
    first = await service.start_download(request())
    second = await service.start_download(request(quality="360p"))
    shared = await service.start_download(request(quality="360p", durable=False))
    own = await service.start_download(request(durable=False))
    assert shared.task_id == second.task_id
    assert own.task_id not in {first.task_id, second.task_id}
    fetcher.finish.set()
    await until(lambda: len(ear.heard) == 3)
    assert [notice.task_id for notice in ear.heard] == [
        each.task_id for each in (first, second, own)
    ]
