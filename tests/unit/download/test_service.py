"""Tasks of the Download service: slots, snapshots, cancelling, notifications, shutting down."""

import asyncio
from pathlib import Path

import pytest

from tests.unit.download.conftest import Ear, ScriptedFetcher, settled
from tests.waiting import eventually, until
from ytarchive.common import errors
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality
from ytarchive.common.telemetry import REGISTRY
from ytarchive.download import DownloadPhase, DownloadProgress, DownloadRequest, DownloadStatus
from ytarchive.download import transfers as transfers_module
from ytarchive.download.service import DownloadService
from ytarchive.ytdlp import Transfer

ID = "dQw4w9WgXcQ"


def request(number: int = 0, **changed: object) -> DownloadRequest:
    return DownloadRequest.model_validate({"video_id": f"{number:011}"} | changed)


def moment(percent: float, fetched: int, phase: str = "video") -> Transfer:
    return Transfer(
        phase=phase, percent=percent, downloaded_bytes=fetched, total_bytes=1000, speed=10,
        eta=5, quality="720p", network_bytes=fetched,
    )  # fmt: skip


async def ended(service: DownloadService, task: DownloadProgress) -> DownloadProgress:
    async def final() -> DownloadProgress | None:
        progress = await service.get_progress(task.task_id)
        return progress if progress.status.is_final else None

    return await eventually(final)


async def test_a_video_is_fetched_into_its_own_folder(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear, tmp_path: Path
) -> None:
    fetcher.finish.set()
    wanted = request(
        video_id=f"https://youtu.be/{ID}", quality="1080p", caption_languages=["de"],
        auto_captions=True, include_thumbnail=False, output_path="films",
    )  # fmt: skip
    task = await service.start_download(wanted)
    assert (task.status, task.video_id, task.phase) == ("QUEUED", ID, "waiting")
    done = await ended(service, task)
    [order] = fetcher.orders
    assert order.folder == tmp_path / ".ytarchive" / "staging" / ID
    profile = ArchiveProfile(
        quality=Quality.P1080, caption_languages=["de"], auto_captions=True, include_thumbnail=False
    )
    assert order.profile == profile
    assert (done.status, done.progress_percent, done.quality) == ("COMPLETED", 100, "720p")
    assert done.phase is DownloadPhase.DONE
    await ear.arrived.wait()
    [event] = ear.heard
    assert event.task_id == task.task_id
    assert (event.output_path, event.downloaded_bytes) == ("films", 1000)


async def test_downloads_above_the_limit_wait_in_order(
    service: DownloadService, fetcher: ScriptedFetcher
) -> None:
    tasks = [await service.start_download(request(n)) for n in range(6)]
    await settled()
    states = [(await service.get_progress(task.task_id)).status for task in tasks]
    assert states == ["DOWNLOADING"] * 2 + ["QUEUED"] * 4
    assert REGISTRY.get_sample_value("ytarchive_active_downloads") == 2
    fetcher.finish.set()
    for task in tasks:
        await ended(service, task)
    assert fetcher.most_running == 2
    assert [order.video_id for order in fetcher.orders] == [task.video_id for task in tasks]
    assert REGISTRY.get_sample_value("ytarchive_active_downloads") == 0


async def test_progress_is_a_snapshot_that_never_decreases(
    service: DownloadService, fetcher: ScriptedFetcher
) -> None:
    before = REGISTRY.get_sample_value("ytarchive_downloaded_bytes_total") or 0
    fetcher.transfers = [moment(40, 400), moment(10, 500), moment(98, 900, "merging")]
    task = await service.start_download(request())
    await settled()
    now = await service.get_progress(task.task_id)
    assert (now.progress_percent, now.status, now.quality) == (98, DownloadStatus.MERGING, "720p")
    assert (now.downloaded_bytes, now.total_bytes, now.eta) == (900, 1000, 5)
    fetcher.finish.set()
    await ended(service, task)
    assert REGISTRY.get_sample_value("ytarchive_downloaded_bytes_total") == before + 1000


async def test_a_video_that_is_being_fetched_is_not_fetched_twice(
    service: DownloadService, fetcher: ScriptedFetcher
) -> None:
    first = await service.start_download(request())
    second = await service.start_download(request())
    assert first.task_id == second.task_id
    fetcher.finish.set()
    await ended(service, first)
    assert len(fetcher.orders) == 1


async def test_a_finished_video_stays_in_use_until_the_listener_is_notified(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers_module, "_SECONDS_BETWEEN", (0.05,))
    fetcher.finish.set()
    ear.deaf = 1
    first = await service.start_download(request())
    await ended(service, first)
    assert (await service.start_download(request())).task_id == first.task_id
    await ear.arrived.wait()
    await asyncio.sleep(0)
    assert (await service.start_download(request())).task_id != first.task_id


async def test_a_failed_video_can_be_tried_again_at_once(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    fetcher.finish.set()
    fetcher.failure = errors.PrivateVideo("it is private", hint=1)
    task = await service.start_download(request())
    failed = await ended(service, task)
    assert (failed.status, failed.error, failed.error_code) == ("FAILED", "it is private", "E110")
    assert (await service.start_download(request())).task_id != task.task_id
    await ear.arrived.wait()
    error = ear.heard[0].error
    assert error
    assert (error.code, error.details) == ("E110", {"hint": 1})
    assert REGISTRY.get_sample_value("ytarchive_youtube_errors_total", {"reason": "private"})


async def test_an_internal_error_ends_the_task_and_not_the_service(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    fetcher.finish.set()
    fetcher.failure = RuntimeError("a secret path")
    failed = await ended(service, await service.start_download(request()))
    assert failed.error_code == errors.InternalError.code
    assert "secret" not in (failed.error or "")
    await ear.arrived.wait()
    assert (await service.health()).is_healthy


@pytest.mark.parametrize("has_begun", [False, True])
async def test_cancelling_stops_a_download_notifies_and_can_be_repeated(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear, has_begun: bool
) -> None:
    task = await service.start_download(request())
    if has_begun:
        await settled()
    first = await service.cancel_download(task.task_id)
    again = await service.cancel_download(task.task_id)
    assert first == again
    assert (first.status, first.error_code) == (DownloadStatus.CANCELLED, errors.Cancelled.code)
    assert fetcher.running == 0
    await ear.arrived.wait()
    assert [event.status for event in ear.heard] == [DownloadStatus.CANCELLED]


async def test_a_waiting_download_can_be_cancelled_and_releases_its_place(
    service: DownloadService, fetcher: ScriptedFetcher
) -> None:
    tasks = [await service.start_download(request(n)) for n in range(4)]
    await settled()
    assert (await service.cancel_download(tasks[2].task_id)).status == "CANCELLED"
    fetcher.finish.set()
    assert (await ended(service, tasks[3])).status == "COMPLETED"
    assert len(fetcher.orders) == 3


async def test_a_finished_download_is_not_cancelled(
    service: DownloadService, fetcher: ScriptedFetcher
) -> None:
    fetcher.finish.set()
    task = await service.start_download(request())
    await ended(service, task)
    assert (await service.cancel_download(task.task_id)).status == "COMPLETED"


async def test_an_unreachable_listener_is_notified_later(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers_module, "_SECONDS_BETWEEN", (0, 0, 0))
    ear.deaf = 3
    fetcher.finish.set()
    task = await service.start_download(request())
    await until(lambda: ear.heard)
    assert ear.deaf == 0
    assert [event.task_id for event in ear.heard] == [task.task_id]


async def test_the_last_thousand_and_all_running_downloads_are_known(
    service: DownloadService, fetcher: ScriptedFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers_module, "_REMEMBERED", 3)
    running = await service.start_download(request(99))
    await settled()
    others = []
    for number in range(5):
        task = await service.start_download(request(number, durable=False))
        await service.cancel_download(task.task_id)
        others.append(task)
    assert (await service.get_progress(running.task_id)).status == "DOWNLOADING"
    assert (await service.get_progress(others[-1].task_id)).status == "CANCELLED"
    with pytest.raises(errors.NotFound):
        await service.get_progress(others[0].task_id)
    for operation in (service.get_progress, service.cancel_download):
        with pytest.raises(errors.NotFound):
            await operation("unknown")


async def test_shutting_down_lets_transfers_finish_within_the_grace(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    tasks = [await service.start_download(request(n)) for n in range(3)]
    await settled()
    closing = asyncio.create_task(service.close(grace=5))
    await settled()
    with pytest.raises(errors.ServiceUnavailable):
        await service.start_download(request(7))
    fetcher.finish.set()
    await closing
    states = [(await service.get_progress(task.task_id)).status for task in tasks]
    assert states == ["COMPLETED", "COMPLETED", "FAILED"]
    assert {event.status for event in ear.heard} <= {DownloadStatus.COMPLETED}


async def test_downloads_stopped_by_a_shutdown_are_not_reported_as_cancelled(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    task = await service.start_download(request())
    await settled()
    await service.close(grace=0.01)
    stopped = await service.get_progress(task.task_id)
    assert stopped.error_code == errors.ServiceUnavailable.code
    assert fetcher.running == 0
    assert not ear.heard


@pytest.mark.parametrize("path", ["../x", "videos/../../x", "/etc", "a\0b", "/"])
async def test_a_path_out_of_the_archive_is_refused(service: DownloadService, path: str) -> None:
    with pytest.raises(errors.PathOutsideArchive):
        await service.start_download(request(output_path=path))


async def test_paths_inside_the_archive_are_accepted(
    service: DownloadService, fetcher: ScriptedFetcher, ear: Ear, tmp_path: Path
) -> None:
    fetcher.finish.set()
    paths = ["videos", "films/2024", str(tmp_path / "x")]
    for number, path in enumerate(paths):
        await service.start_download(request(number, output_path=path))
    await until(lambda: len(ear.heard) == len(paths))
    assert {event.output_path for event in ear.heard} == set(paths)


async def test_health_names_its_dependencies(service: DownloadService) -> None:
    health = await service.health()
    assert health.service == "download"
    needed = {"yt_dlp", "yt_dlp_is_recent", "ffmpeg", "javascript", "staging", "archive"}
    assert health.checks.keys() == needed | {"background"}
    assert health.is_healthy
