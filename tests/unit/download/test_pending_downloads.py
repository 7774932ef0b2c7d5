"""An accepted direct download survives the process; a download of a job does not."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.unit.download.conftest import Ear, ScriptedFetcher, settled
from tests.unit.download.test_service import ended, request
from tests.waiting import eventually, until
from ytarchive.common import errors
from ytarchive.common.config import Settings, StorageConfig
from ytarchive.common.download_config import DownloadConfig
from ytarchive.common.reserve import Reserve
from ytarchive.common.tracing import trace
from ytarchive.download import DownloadProgress, DownloadStatus
from ytarchive.download import retrying as retrying_module
from ytarchive.download import transfers as transfers_module
from ytarchive.download.pending import PendingDownload, PendingDownloads
from ytarchive.download.service import DownloadService


class Life(NamedTuple):
    """The Download service of a process, with its peers."""

    service: DownloadService
    fetcher: ScriptedFetcher
    ear: Ear


Lives = Callable[[], AbstractAsyncContextManager[Life]]


@pytest.fixture
def life(tmp_path: Path) -> Lives:
    """Starts a process; it is killed at the end of the block."""
    settings = Settings(
        storage=StorageConfig(base_path=tmp_path), download=DownloadConfig(concurrency=1)
    )

    @asynccontextmanager
    async def begun() -> AsyncIterator[Life]:
        fetcher, ear = ScriptedFetcher(), Ear()
        service = DownloadService(settings, fetcher)
        await service.restore_pending()
        service.report_to(ear)
        yield Life(service, fetcher, ear)
        await service.close()

    return begun


def records(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / ".ytarchive" / "staging" / "downloads").glob("*"))


async def taken(ear: Ear, number: int = 1) -> None:
    await until(lambda: len(ear.heard) >= number)
    await asyncio.sleep(0)


async def gone(tmp_path: Path) -> None:
    await until(lambda: not records(tmp_path))


async def test_pending_downloads_are_restored_in_order_with_their_ids(life: Lives) -> None:
    async with life() as first:
        with trace("of-the-caller"):
            asked = [await first.service.start_download(request(n, quality="360p")) for n in (3, 1)]
    async with life() as second:
        again = [await second.service.get_progress(each.task_id) for each in asked]
        assert [each.video_id for each in again] == [each.video_id for each in asked]
        second.fetcher.finish.set()
        for each in asked:
            assert (await ended(second.service, each)).status == "COMPLETED"
        assert [order.profile.quality for order in second.fetcher.orders] == ["360p", "360p"]
        assert [order.video_id for order in second.fetcher.orders] == [a.video_id for a in asked]
        await taken(second.ear, 2)
    async with life() as third:
        again = [await third.service.get_progress(each.task_id) for each in asked]
        assert {each.status for each in again} == {DownloadStatus.COMPLETED}
        with pytest.raises(errors.NotFound):
            await third.service.get_progress("another")


async def test_the_record_is_written_before_the_answer_with_its_trace(
    life: Lives, tmp_path: Path
) -> None:
    async with life() as first:
        with trace("of-the-caller"):
            asked = await first.service.start_download(request())
        [record] = records(tmp_path)
        kept = json.loads(record.read_text())
        assert (kept["task_id"], kept["trace_id"]) == (asked.task_id, "of-the-caller")


async def test_downloads_of_jobs_are_not_recorded(life: Lives, tmp_path: Path) -> None:
    async with life() as first:
        task = await first.service.start_download(request(durable=False))
        assert not records(tmp_path)
        same = await first.service.start_download(request())
        assert same.task_id == task.task_id
        assert len(records(tmp_path)) == 1  # now a user requests it too


async def test_a_cancelled_download_stays_cancelled(life: Lives, tmp_path: Path) -> None:
    async with life() as first:
        task = await first.service.start_download(request())
        await first.service.cancel_download(task.task_id)
        assert not records(tmp_path)


async def test_a_reported_failure_is_not_restored(life: Lives, tmp_path: Path) -> None:
    async with life() as first:
        first.fetcher.finish.set()
        first.fetcher.failure = errors.PrivateVideo()
        await ended(first.service, await first.service.start_download(request()))
        await taken(first.ear)
        await gone(tmp_path)
    async with life() as second:
        await settled()
        assert second.fetcher.orders == []


async def test_an_unreported_end_is_reported_again_after_a_restart(
    life: Lives, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers_module, "_SECONDS_BETWEEN", (0, 0))
    async with life() as first:
        first.fetcher.finish.set()
        first.ear.deaf = 1000
        task = await ended(first.service, await first.service.start_download(request()))
        await until(lambda: first.ear.deaf <= 997)
        assert records(tmp_path)
    async with life() as second:
        second.fetcher.finish.set()
        await taken(second.ear)
        assert second.ear.heard[0].task_id == task.task_id
        await gone(tmp_path)


async def test_a_finished_video_is_delivered_after_a_restart_before_it_is_downloaded_again(
    life: Lives, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers_module, "_SECONDS_BETWEEN", (0,))
    async with life() as first:
        first.fetcher.finish.set()
        first.ear.deaf = 1000
        task = await ended(first.service, await first.service.start_download(request()))
        await until(lambda: first.ear.deaf < 1000)  # the end is recorded before the notification
    monkeypatch.setattr(transfers_module, "_SECONDS_BETWEEN", (0.05,))
    async with life() as second:
        second.fetcher.finish.set()
        second.ear.deaf = 1
        same = await second.service.start_download(request())
        other = await second.service.start_download(request(quality="360p"))
        await settled()
        assert (same.task_id, second.fetcher.orders) == (task.task_id, [])
        await taken(second.ear, 2)
        assert [each.task_id for each in second.ear.heard] == [task.task_id, other.task_id]
        assert [order.profile.quality for order in second.fetcher.orders] == ["360p"]
        await gone(tmp_path)


async def test_the_notification_is_repeated_until_it_is_accepted(
    life: Lives, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers_module, "_SECONDS_BETWEEN", (0, 0))
    monkeypatch.setattr(transfers_module, "_MAX_INTERVAL", 0)
    async with life() as first:
        first.fetcher.finish.set()
        first.ear.deaf = 50
        task = await first.service.start_download(request())
        await taken(first.ear)
        await gone(tmp_path)
        assert first.ear.deaf == 0
        assert [event.task_id for event in first.ear.heard] == [task.task_id]


async def test_a_download_whose_record_cannot_be_written_is_refused(
    life: Lives, tmp_path: Path
) -> None:
    async with life() as first:
        (tmp_path / ".ytarchive" / "staging").mkdir(parents=True)
        (tmp_path / ".ytarchive" / "staging" / "downloads").write_text("in the way")
        with pytest.raises(errors.LocalError):
            await first.service.start_download(request())
        assert not first.fetcher.orders


async def test_two_concurrent_requests_get_one_task_and_one_record(
    life: Lives, tmp_path: Path
) -> None:
    async with life() as first:
        asked = await asyncio.gather(*(first.service.start_download(request()) for _ in range(5)))
        assert len({each.task_id for each in asked}) == 1
        assert len(records(tmp_path)) == 1
        await until(lambda: first.fetcher.orders)


async def test_a_download_requested_during_closing_is_restored(life: Lives) -> None:
    async with life() as first:
        asking = asyncio.create_task(first.service.start_download(request()))
        await asyncio.sleep(0)
        await first.service.close()
        asked = await asking
        assert not first.fetcher.orders
    async with life() as second:
        assert (await second.service.get_progress(asked.task_id)).video_id == asked.video_id


async def test_an_unreadable_record_does_not_stop_the_others(life: Lives, tmp_path: Path) -> None:
    async with life() as first:
        asked = await first.service.start_download(request())
    torn = records(tmp_path)[0].with_name("0.json")
    torn.write_text('{"task_id":')
    async with life() as second:
        assert (await second.service.get_progress(asked.task_id)).video_id == asked.video_id


async def test_a_video_that_does_not_fit_waits_and_smaller_ones_continue(
    life: Lives, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying_module, "_DISK_CHECK_INTERVAL", 0)
    async with life() as first:
        first.fetcher.needed = 10**18
        large = await first.service.start_download(request(1))

        async def refused() -> DownloadProgress | None:
            progress = await first.service.get_progress(large.task_id)
            return progress if progress.error else None

        now = await eventually(refused)
        assert (now.status, now.error_code) == ("QUEUED", errors.DiskFull.code)
        assert "needs 953674316406 MiB" in (now.error or "")
        first.fetcher.needed = 0
        first.fetcher.finish.set()
        small = await first.service.start_download(request(2))
        assert (await ended(first.service, small)).status == "COMPLETED"
        done = await ended(first.service, large)
        assert (done.status, done.error) == ("COMPLETED", None)


async def test_a_video_of_a_job_that_does_not_fit_is_returned_to_the_job(life: Lives) -> None:
    async with life() as first:
        first.fetcher.needed = shutil.disk_usage("/").total + 10**15
        task = await first.service.start_download(request(durable=False))
        failed = await ended(first.service, task)
        assert (failed.status, failed.error_code) == ("FAILED", errors.DiskFull.code)
        assert "MiB" in (failed.error or "")


def test_a_link_in_place_of_the_folder_of_records_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    folder = tmp_path / "downloads"
    folder.symlink_to(tmp_path / "outside", target_is_directory=True)
    records = PendingDownloads(folder, tmp_path / "ended", Reserve(tmp_path))
    records.keep(PendingDownload(task_id="a-task", request=request(1)))
    assert [path.name for path in folder.iterdir()] == ["a-task.json"]
    assert not list((tmp_path / "outside").iterdir())
