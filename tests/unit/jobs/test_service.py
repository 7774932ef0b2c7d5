from datetime import timedelta
from typing import Any

import pytest

from tests.unit.jobs.conftest import Workshop, ended, found_unwell, held, videos
from tests.unit.jobs.peers import video_id
from tests.waiting import until
from ytarchive.common.errors import (
    AgeRestricted,
    ApiKeyInvalid,
    BotCheck,
    Conflict,
    DiskFull,
    IntegrityFailure,
    NetworkFailure,
    NotFound,
    PrivateVideo,
    ServiceUnavailable,
    SourceGone,
    UnknownFailure,
    YTArchiveError,
)
from ytarchive.common.identifiers import new_id
from ytarchive.common.models import utc_now
from ytarchive.download import DownloadRequest
from ytarchive.jobs import CreateJob, JobQuery, JobStatus, JobType, RegisterService, ResultStatus
from ytarchive.jobs.queue import repository

LIST = "PLtest"


def playlist_job() -> CreateJob:
    return CreateJob(type=JobType.PLAYLIST_DOWNLOAD, playlist_id=LIST)


async def test_a_video_goes_through_the_whole_flow(workshop: Workshop) -> None:
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(video_id(1)))
        job = await ended(jobs, created.id)

    assert created.status is JobStatus.PENDING
    assert job.status is JobStatus.COMPLETED
    [result] = job.results
    assert (result.status, result.video_downloaded, result.metadata_saved) == (
        ResultStatus.SUCCESS,
        True,
        True,
    )
    assert (result.file_size, result.attempts, result.quality) == (1000, 1, "720p")
    assert "1080p was not available; fetched 720p" in result.message
    assert workshop.storage.saves == {video_id(1): 1}
    assert workshop.storage.metadata == {video_id(1)}


async def test_metadata_is_taken_from_the_extraction_if_the_data_api_fails(
    workshop: Workshop,
) -> None:
    workshop.metadata.failures[video_id(1)] = ApiKeyInvalid("the key was revoked")
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(videos(video_id(1)))).id)

    assert (job.results[0].status, job.results[0].metadata_saved) == (ResultStatus.SUCCESS, True)
    assert "metadata from yt-dlp: the key was revoked" in job.results[0].message
    assert workshop.storage.metadata == {video_id(1)}


async def test_a_stored_video_is_skipped_and_a_forced_one_is_not(workshop: Workshop) -> None:
    workshop.storage.stored[video_id(1)] = workshop.storage.location(video_id(1))
    async with workshop.open() as jobs:
        skipped = await ended(jobs, (await jobs.create_job(videos(video_id(1)))).id)
        forced = await ended(
            jobs, (await jobs.create_job(videos(video_id(1), skip_existing=False))).id
        )

    assert skipped.status is JobStatus.COMPLETED
    assert skipped.results[0].status is ResultStatus.SKIPPED
    assert forced.results[0].status is ResultStatus.SUCCESS
    assert workshop.download.started == [video_id(1)]


@pytest.mark.parametrize(
    ("stored", "options", "downloads"),
    [
        ({}, {}, 0),
        ({}, {"quality": "1080p"}, 1),
        ({}, {"replace": True}, 1),
        ({"damaged": ["videos/a.mp4"]}, {}, 1),
        ({"stored_at": utc_now() - timedelta(hours=1)}, {}, 1),
    ],
)
async def test_a_forced_job_leaves_out_what_was_stored_after_it_was_created(
    workshop: Workshop, stored: dict[str, Any], options: dict[str, Any], downloads: int
) -> None:
    later = {"stored_at": utc_now() + timedelta(hours=1)} | stored
    location = workshop.storage.location(video_id(1)).model_copy(update=later)
    workshop.storage.stored[video_id(1)] = location
    wanted = {"skip_existing": False, "quality": "720p"} | options
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(videos(video_id(1), **wanted))).id)

    assert job.status is JobStatus.COMPLETED
    assert len(workshop.download.started) == downloads


async def test_a_playlist_is_listed_page_by_page_and_stored(workshop: Workshop) -> None:
    ids = [video_id(n) for n in range(120)]
    workshop.metadata.playlists[LIST] = [*ids, ids[0]]
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(playlist_job())).id)

    assert job.video_ids == ids
    assert (job.progress.total, job.progress.succeeded, job.title) == (120, 120, "A list")
    assert workshop.metadata.pages == 3
    assert len(workshop.storage.playlists[LIST].videos) == 121
    assert workshop.download.most_running <= 5


async def test_an_empty_playlist_is_a_completed_job(workshop: Workshop) -> None:
    workshop.metadata.playlists[LIST] = []
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(playlist_job())).id)

    assert (job.status, job.progress.total) == (JobStatus.COMPLETED, 0)


async def test_a_playlist_that_is_gone_fails_the_job_with_its_reason(workshop: Workshop) -> None:
    workshop.metadata.failures[LIST] = SourceGone("there is no such playlist")
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(playlist_job())).id)

    assert (job.status, job.error) == (JobStatus.FAILED, "there is no such playlist")


async def test_unavailable_videos_are_in_the_work_plan_with_their_reasons(
    workshop: Workshop,
) -> None:
    workshop.metadata.failures[video_id(2)] = PrivateVideo("This video is private")
    workshop.download.failures = {
        video_id(3): [AgeRestricted("Sign in to confirm your age")],
    }
    async with workshop.open() as jobs:
        job = await ended(
            jobs, (await jobs.create_job(videos(*(video_id(n) for n in (1, 2, 3))))).id
        )

    assert job.status is JobStatus.COMPLETED
    assert [r.status for r in job.results] == ["success", "unavailable", "unavailable"]
    plan = workshop.storage.plans[job.id]
    assert job.work_plan_id == plan.id
    reasons = {v.video_id: (v.reason, v.evidence) for v in plan.unavailable_videos}
    assert reasons == {
        video_id(2): ("private", "This video is private"),
        video_id(3): ("age_restricted", "Sign in to confirm your age"),
    }
    assert (plan.total_videos, plan.successful_videos) == (3, 1)


async def test_three_retries_then_the_work_plan_with_the_history(workshop: Workshop) -> None:
    problem: list[YTArchiveError] = [UnknownFailure(f"try {n}") for n in range(1, 6)]
    workshop.download.failures = {video_id(1): problem}
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(videos(video_id(1)))).id)

    assert (job.status, job.results[0].attempts) == (JobStatus.FAILED, 4)
    assert job.error == "the video could not be archived"
    [failed] = workshop.storage.plans[job.id].failed_downloads
    assert [e.message for e in failed.errors] == ["try 1", "try 2", "try 3", "try 4"]


async def test_integrity_failures_end_in_the_work_plan_with_their_reason(
    workshop: Workshop,
) -> None:
    spoilt: list[YTArchiveError] = [IntegrityFailure("the file has no video") for _ in range(9)]
    workshop.download.failures = {video_id(1): [NetworkFailure("reset"), *spoilt]}
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(videos(video_id(1), max_retries=50))).id)

    [result] = job.results
    assert (result.status, result.attempts) == (ResultStatus.FAILED, 2)
    assert (result.message, result.error_code) == ("the file has no video", IntegrityFailure.code)
    [failed] = workshop.storage.plans[job.id].failed_downloads
    assert [e.message for e in failed.errors] == ["reset", *["the file has no video"] * 2]


async def test_a_temporary_failure_is_retried_and_leaves_no_work_plan(workshop: Workshop) -> None:
    workshop.download.failures = {video_id(1): [UnknownFailure("once")]}
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(videos(video_id(1)))).id)

    assert (job.results[0].status, job.results[0].attempts) == (ResultStatus.SUCCESS, 2)
    assert workshop.storage.plans == {}


async def test_an_unreachable_service_uses_no_attempt(workshop: Workshop) -> None:
    workshop.download.failures = {video_id(1): [ServiceUnavailable("down")]}
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(videos(video_id(1), max_retries=0))).id)

    assert (job.results[0].status, job.results[0].attempts) == (ResultStatus.SUCCESS, 1)


async def test_a_lost_notification_is_replaced_by_polling(workshop: Workshop) -> None:
    workshop.download.silent = True
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(videos(video_id(1)))).id)

    assert job.results[0].status is ResultStatus.SUCCESS


async def test_a_direct_download_is_stored(workshop: Workshop) -> None:

    async with workshop.open():
        await workshop.download.start_download(DownloadRequest(video_id=video_id(9)))
        await until(lambda: workshop.storage.saves[video_id(9)])

    assert workshop.storage.saves == {video_id(9): 1}


async def test_two_jobs_get_the_result_of_one_fetch(workshop: Workshop) -> None:
    workshop.download.hold = {video_id(1)}
    async with workshop.open() as jobs:
        first = await jobs.create_job(videos(video_id(1)))
        second = await jobs.create_job(videos(video_id(1), video_id(2)))
        await until(lambda: workshop.storage.saves[video_id(2)])
        await workshop.download.end(workshop.download.task_of(video_id(1)))
        one, two = await ended(jobs, first.id), await ended(jobs, second.id)

    assert workshop.download.started.count(video_id(1)) == 1
    assert one.results[0].status is two.results[0].status is ResultStatus.SUCCESS


async def test_cancel_stops_the_transfer_and_retry_resumes_it(workshop: Workshop) -> None:
    workshop.download.hold = {video_id(1)}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(video_id(1), video_id(2)))
        await until(lambda: workshop.storage.saves[video_id(2)])
        cancelled = await jobs.cancel_job(created.id)
        with pytest.raises(Conflict):
            await jobs.cancel_job(created.id)
        workshop.download.hold.clear()
        await jobs.retry_job(created.id)
        job = await ended(jobs, created.id)

    assert cancelled.status is JobStatus.CANCELLED
    assert {r.video_id: r.status for r in cancelled.results} == {
        video_id(1): ResultStatus.CANCELLED,
        video_id(2): ResultStatus.SUCCESS,
    }
    assert workshop.download.cancelled == [video_id(1)]
    assert (job.status, job.progress.succeeded) == (JobStatus.COMPLETED, 2)


async def test_cancelling_a_waiting_job_releases_its_partial_downloads(workshop: Workshop) -> None:
    for number in (1, 2):
        workshop.download.failures[video_id(number)] = [DiskFull() for _ in range(1000)]
    async with workshop.open() as jobs:
        alone = await jobs.create_job(videos(video_id(1)))
        first = await jobs.create_job(videos(video_id(2)))
        second = await jobs.create_job(videos(video_id(2)))
        for each in (alone, first, second):
            await held(jobs, each.id)
        await jobs.cancel_job(alone.id)
        await jobs.cancel_job(first.id)
        assert workshop.staging.released == [video_id(1)]
        await jobs.cancel_job(second.id)
        assert workshop.staging.released == [video_id(1), video_id(2)]


async def test_cancelling_one_job_does_not_stop_the_video_of_another(workshop: Workshop) -> None:
    workshop.download.hold = {video_id(1)}
    async with workshop.open() as jobs:
        first = await jobs.create_job(videos(video_id(1)))
        second = await jobs.create_job(videos(video_id(1), video_id(2)))
        await until(lambda: workshop.storage.saves[video_id(2)])
        await jobs.cancel_job(first.id)
        await workshop.download.end(workshop.download.task_of(video_id(1)))
        job = await ended(jobs, second.id)

    assert workshop.download.cancelled == []
    assert job.progress.succeeded == 2


async def test_retry_queues_what_failed_and_clears_the_work_plan(workshop: Workshop) -> None:
    workshop.download.failures = {video_id(1): [PrivateVideo()]}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(video_id(1), video_id(2)))
        await ended(jobs, created.id)
        retried = await jobs.retry_job(created.id)
        job = await ended(jobs, created.id)
        with pytest.raises(Conflict):
            await jobs.retry_job(created.id)

    assert retried.status is JobStatus.PENDING
    assert job.progress.succeeded == 2
    assert workshop.storage.plans[created.id].unavailable_videos == []


async def test_the_queue_continues_after_a_restart(workshop: Workshop) -> None:
    workshop.download.hold = {video_id(n) for n in range(3, 60)}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(*(video_id(n) for n in range(60))))
        await until(lambda: len(workshop.storage.saves) == 3)
    workshop.download.hold.clear()
    async with workshop.open() as jobs:
        job = await ended(jobs, created.id)

    assert (job.status, job.progress.succeeded) == (JobStatus.COMPLETED, 60)
    assert set(workshop.storage.saves.values()) == {1}


async def test_higher_priority_first_and_equal_ones_in_turn(workshop: Workshop) -> None:
    async with workshop.open(whole_queue=False) as jobs:
        low = await jobs.create_job(videos(*(video_id(n) for n in range(20)), priority=-1))
        first = await jobs.create_job(videos(*(video_id(n) for n in range(100, 120))))
        second = await jobs.create_job(videos(*(video_id(n) for n in range(200, 220))))
    async with workshop.open() as jobs:
        for job in (low, first, second):
            await ended(jobs, job.id)

    order = [int(v.removeprefix("video")) // 100 for v in workshop.download.started]
    early = order[:40]
    # What was looked up first may start before the others are known.
    assert early.count(0) <= 5
    assert abs(early.count(1) - early.count(2)) <= 2
    assert early.index(2) < 10


async def test_without_the_whole_queue_only_given_jobs_are_worked_on(workshop: Workshop) -> None:
    async with workshop.open(whole_queue=False) as jobs:
        waiting = await jobs.create_job(videos(video_id(1)))
        wanted = await jobs.create_job(videos(video_id(2)))
        jobs.work_on(wanted.id)
        await ended(jobs, wanted.id)
        left = await jobs.get_job(waiting.id)

    assert left.status is JobStatus.PENDING
    assert workshop.download.started == [video_id(2)]


async def test_a_bot_check_pauses_the_queue_and_uses_no_attempt(workshop: Workshop) -> None:
    workshop.download.failures = {video_id(1): [BotCheck()]}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(video_id(1), max_retries=0))
        await until(lambda: workshop.download.started)
        paused = await held(jobs, created.id)
    async with workshop.open() as jobs:
        kept = await jobs.governor.get_governor()
        await jobs.governor.resume_governor()
        job = await ended(jobs, created.id)

    assert paused.status is JobStatus.PENDING
    assert "bot" in (paused.progress.waiting_for or "")
    assert (kept.state, kept.reason) == ("open", "bot_check")
    assert job.results[0].attempts == 1


async def test_a_full_disk_pauses_the_queue_until_there_is_space(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytarchive.jobs.guards.guards._INTERVALS", {"disk_full": 0.02})
    workshop.storage.is_full = True
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(video_id(1)))
        full = await held(jobs, created.id)
        workshop.storage.is_full = False
        job = await ended(jobs, created.id)

    assert "less than storage.min_free" in (full.progress.waiting_for or "")
    assert job.results[0].attempts == 1


async def test_metadata_only_downloads_nothing(workshop: Workshop) -> None:
    async with workshop.open() as jobs:
        request = CreateJob(type=JobType.METADATA_ONLY, video_ids=[video_id(1)])
        job = await ended(jobs, (await jobs.create_job(request)).id)

    assert job.results[0].metadata_saved
    assert workshop.download.started == []


async def test_jobs_are_listed_newest_first_by_pages(workshop: Workshop) -> None:
    async with workshop.open() as jobs:
        made = [(await jobs.create_job(videos(video_id(n)))).id for n in range(5)]
        one = await jobs.list_jobs(JobQuery(limit=3))
        two = await jobs.list_jobs(JobQuery(limit=3, cursor=one.next_cursor))
        with pytest.raises(NotFound):
            await jobs.get_job(new_id())

    assert [j.id for j in [*one.items, *two.items]] == made[::-1]
    assert two.next_cursor is None


async def test_a_page_of_large_jobs_is_shorter_than_requested(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "_MAX_VIDEOS", 5)
    async with workshop.open() as jobs:
        made = [
            (await jobs.create_job(videos(*map(video_id, range(size))))).id for size in (3, 3, 2, 7)
        ]
        pages, cursor = list[list[str]](), None
        while cursor or not pages:
            page = await jobs.list_jobs(JobQuery(cursor=cursor))
            pages.append([job.id for job in page.items])
            cursor = page.next_cursor

    fourth, third, second, first = made[::-1]
    assert pages == [[fourth], [third, second], [first]]


async def test_the_registry_follows_the_health_of_services(workshop: Workshop) -> None:
    entry = RegisterService(service_name="download", url="http://127.0.0.1:8002", port=8002)
    async with workshop.open() as jobs:
        registered = await jobs.registry.register_service(entry)
        workshop.unwell.add("download")
        await found_unwell(jobs)
    async with workshop.open() as jobs:
        [known] = await jobs.registry.list_services()

    assert registered.is_healthy
    assert (known.url, known.is_healthy) == ("http://127.0.0.1:8002", False)


async def test_a_download_without_a_job_is_stored_by_the_next_process(workshop: Workshop) -> None:
    workshop.download.hold = {video_id(9)}
    async with workshop.open():
        await workshop.download.start_download(DownloadRequest(video_id=video_id(9)))
    async with workshop.open():
        await workshop.download.end(workshop.download.task_of(video_id(9)))

    assert workshop.storage.saves == {video_id(9): 1}


async def test_the_notification_of_a_download_that_cannot_be_stored_is_refused(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise DiskFull("no space left")

    workshop.download.hold = {video_id(9)}
    async with workshop.open():
        task = await workshop.download.start_download(DownloadRequest(video_id=video_id(9)))
        with monkeypatch.context() as patch:
            patch.setattr(workshop.storage, "save_video", full)
            with pytest.raises(DiskFull):  # so that Download keeps it, and notifies again
                await workshop.download.end(task.task_id)
        await workshop.download.notify(task.task_id)

    assert workshop.storage.saves == {video_id(9): 1}
