"""Direct downloads are retried like jobs, known after a restart, and leave no files."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.download.conftest import Ear, ScriptedFetcher
from tests.unit.download.test_service import ended, request
from tests.waiting import eventually, until
from ytarchive.common import errors
from ytarchive.common.config import JobsConfig, Settings, StorageConfig
from ytarchive.common.download_config import DownloadConfig
from ytarchive.common.models import utc_now
from ytarchive.common.reserve import Reserve
from ytarchive.common.telemetry import REGISTRY
from ytarchive.download import DownloadProgress, DownloadStatus, Retry, RetryPolicy
from ytarchive.download import pending as pending_module
from ytarchive.download.pending import PendingDownload, PendingDownloads
from ytarchive.download.service import DownloadService
from ytarchive.jobs.processing.direct import DirectRetries

POLICY = DirectRetries(JobsConfig(retry_base=0.01, retry_max=0.01))
Open = Callable[..., DownloadService]


@pytest.fixture
def opened(tmp_path: Path, fetcher: ScriptedFetcher, ear: Ear) -> Open:
    """Makes the service of a process; `policy` is the one of jobs unless another is given."""
    settings = Settings(
        storage=StorageConfig(base_path=tmp_path, min_free=0),
        download=DownloadConfig(concurrency=1),
    )

    def make(policy: RetryPolicy = POLICY) -> DownloadService:
        service = DownloadService(settings, fetcher)
        service.retry_by(policy)
        return service

    return make


@pytest.mark.parametrize(
    ("failure", "attempts"),
    [
        (errors.WorkerCrashed(), 3),
        (errors.DownloadTimeout(), 3),
        (errors.ExtractorBroken(), 3),
        (RuntimeError("a fault of ours"), 3),
        (errors.IntegrityFailure(), 2),
        (errors.PrivateVideo(), 1),
        (errors.ToolMissing(), 1),
    ],
)
async def test_failures_are_retried_as_often_as_those_of_jobs(
    opened: Open, fetcher: ScriptedFetcher, ear: Ear, failure: Exception, attempts: int
) -> None:
    service = opened()
    service.report_to(ear)
    fetcher.failure = failure
    fetcher.finish.set()
    task = await service.start_download(request(max_retries=2))
    done = await ended(service, task)
    assert (done.status, done.attempts) == (DownloadStatus.FAILED, attempts)
    assert len(fetcher.orders) == attempts
    await until(lambda: ear.heard)
    assert (ear.heard[0].attempts, ear.heard[0].request) == (attempts, request(max_retries=2))
    await service.close()


async def test_failures_not_caused_by_the_video_use_no_attempt(
    opened: Open, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    service = opened()
    service.report_to(ear)
    fetcher.failure = errors.NetworkFailure()
    fetcher.finish.set()
    task = await service.start_download(request(max_retries=0))

    async def waiting() -> DownloadProgress | None:
        progress = await service.get_progress(task.task_id)
        return progress if progress.retry_at else None

    waits = await eventually(waiting)
    assert (waits.status, waits.attempts) == (DownloadStatus.QUEUED, 0)
    await service.close()


async def test_a_download_whose_worker_died_once_is_completed(
    opened: Open, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    crashes = REGISTRY.get_sample_value
    labels = {"reason": "worker_crashed"}
    before = crashes("ytarchive_youtube_errors_total", labels) or 0
    service = opened()
    service.report_to(ear)
    fetcher.failure = errors.WorkerCrashed()
    fetcher.finish.set()
    task = await service.start_download(request())
    await until(lambda: fetcher.orders)
    await until(lambda: service._transfers._tasks[task.task_id].progress.attempts)
    fetcher.failure = None
    assert (await ended(service, task)).status == DownloadStatus.COMPLETED
    assert (crashes("ytarchive_youtube_errors_total", labels) or 0) > before
    await service.close()


async def test_a_waiting_download_reports_it_and_keeps_its_attempts_after_a_restart(
    opened: Open, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    def tomorrow(*_: object) -> Retry:
        return Retry(utc_now() + timedelta(days=1), uses_attempt=True)

    first = opened(tomorrow)
    first.report_to(ear)
    fetcher.failure = errors.WorkerCrashed("a worker process ended")
    fetcher.finish.set()
    task = await first.start_download(request())

    async def waiting(service: DownloadService = first) -> DownloadProgress | None:
        progress = await service.get_progress(task.task_id)
        return progress if progress.retry_at else None

    progress = await eventually(waiting)
    assert (progress.status, progress.error_code) == (DownloadStatus.QUEUED, "E210")
    await until(lambda: '"attempts":1' in record(first, task.task_id).read_text("utf-8"))
    await first.close()
    second = opened()
    await second.restore_pending()
    second.report_to(ear)
    again = await second.get_progress(task.task_id)
    assert (again.attempts, again.retry_at) == (1, progress.retry_at)
    assert len(fetcher.orders) == 1
    assert (await second.cancel_download(task.task_id)).status == DownloadStatus.CANCELLED
    await second.close()


def record(service: DownloadService, task_id: str) -> Path:
    return service._settings.storage.staging_path / "downloads" / f"{task_id}.json"


@pytest.mark.parametrize("ending", ["COMPLETED", "FAILED", "CANCELLED"])
async def test_the_result_is_known_after_a_restart(
    opened: Open, fetcher: ScriptedFetcher, ear: Ear, ending: str
) -> None:
    first = opened()
    first.report_to(ear)
    fetcher.failure = errors.DeletedVideo("it was removed") if ending == "FAILED" else None
    task = await first.start_download(request())
    if ending == "CANCELLED":
        await until(lambda: fetcher.orders)
        await first.cancel_download(task.task_id)
    fetcher.finish.set()
    done = await ended(first, task)
    await until(lambda: not record(first, task.task_id).exists())
    await first.close()
    second = opened()
    await second.restore_pending()
    again = await second.get_progress(task.task_id)
    assert again == done
    assert again.status == ending
    assert await second.cancel_download(task.task_id) == done
    await second.close()


async def test_an_end_that_was_not_reported_is_reported_after_a_restart_without_a_transfer(
    opened: Open, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    first = opened()
    ear.deaf = 10**6
    first.report_to(ear)
    fetcher.finish.set()
    task = await first.start_download(request())
    await ended(first, task)
    await until(lambda: '"COMPLETED"' in record(first, task.task_id).read_text("utf-8"))
    await first.close()
    ear.deaf = 0
    second = opened()
    await second.restore_pending()
    second.report_to(ear)
    await until(lambda: ear.heard)
    assert (ear.heard[0].task_id, ear.heard[0].status) == (task.task_id, "COMPLETED")
    assert len(fetcher.orders) == 1
    await second.close()


async def test_a_download_that_was_given_up_leaves_no_files(
    opened: Open, fetcher: ScriptedFetcher, ear: Ear, tmp_path: Path
) -> None:
    service = opened()
    service.report_to(ear)
    task = await service.start_download(request(1))
    await until(lambda: fetcher.orders)
    staging = tmp_path / ".ytarchive" / "staging"
    folder, info = fetcher.orders[0].folder, staging / "info" / "00000000001.info.json"
    for path in (folder / "x.part", info):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    fetcher.failure = errors.PrivateVideo()
    fetcher.finish.set()
    await ended(service, task)
    await until(lambda: not folder.exists() and not info.exists())
    await service.close()
    assert [path for path in staging.rglob("*") if path.is_file()] == []


def test_records_of_ended_downloads_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_module, "_KEPT_ENDED", 3)
    records = PendingDownloads(tmp_path / "pending", tmp_path / "ended", Reserve(tmp_path))
    for number in range(6):
        records.keep(PendingDownload(task_id=f"task-{number}", request=request(number)))
        records.end(f"task-{number}")
    assert list(records.open()) == []
    assert {path.stem for path in (tmp_path / "ended").iterdir()} == {"task-3", "task-4", "task-5"}
    monkeypatch.setattr(pending_module, "_SECONDS_KEPT", -1)
    assert list(records.open()) == []
    assert not any((tmp_path / "ended").iterdir())
    records.end("task-0")
    with pytest.raises(errors.NotFound):
        records.ended("../../../etc/passwd")


async def test_a_state_that_cannot_be_written_does_not_end_the_download(
    opened: Open, fetcher: ScriptedFetcher, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = opened()
    service.report_to(ear)
    fetcher.failure = errors.WorkerCrashed()
    task = await service.start_download(request())

    def full(*_: object) -> None:
        raise errors.DiskFull

    monkeypatch.setattr(PendingDownloads, "keep", full)
    fetcher.finish.set()
    await until(lambda: len(fetcher.orders) > 1)
    fetcher.failure = None
    assert (await ended(service, task)).status == DownloadStatus.COMPLETED
    await until(lambda: ear.heard)
    await service.close()
