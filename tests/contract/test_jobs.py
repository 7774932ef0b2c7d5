"""The real Jobs service; it and all it calls are reached in process, or all over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.contract.conftest import Reach
from tests.unit.jobs.peers import DownloadPeer, MetadataPeer, StoragePeer, video_id
from ytarchive.common.config import load_settings
from ytarchive.common.errors import Conflict, InvalidRequest, NotFound, PrivateVideo
from ytarchive.common.models import utc_now
from ytarchive.download import DownloadAPI, DownloadListener
from ytarchive.jobs import (
    CreateJob,
    Job,
    JobOptions,
    JobQuery,
    JobsAPI,
    JobStatus,
    JobType,
    RegisterService,
    RegistryAPI,
    RepairsAPI,
    ResultStatus,
    ServiceRegistry,
)
from ytarchive.jobs.guards.clients import ServiceClients
from ytarchive.jobs.service import JobsService
from ytarchive.metadata import MetadataAPI
from ytarchive.storage import Finding, FindingKind, StorageAPI, VerificationAPI, WorkPlansAPI

LIST = "PLabcdefghijklmnop"


@pytest.fixture
def metadata() -> MetadataPeer:
    return MetadataPeer()


@pytest.fixture
def download() -> DownloadPeer:
    return DownloadPeer()


@pytest.fixture
def storage() -> StoragePeer:
    return StoragePeer()


@pytest.fixture
async def service(
    reach: Reach[Any],
    tmp_path: Path,
    metadata: MetadataPeer,
    download: DownloadPeer,
    storage: StoragePeer,
) -> AsyncIterator[JobsService]:
    settings = load_settings(
        storage={"base_path": str(tmp_path)},
        download={"pace": "off"},
        jobs={"retry_base": 0.01, "notification_timeout": 0.2, "shutdown_grace": 0},
    )
    clients = ServiceClients(
        await reach(MetadataAPI, metadata),
        await reach(DownloadAPI, download),
        await reach(StorageAPI, storage),
        await reach(WorkPlansAPI, storage),
        await reach(VerificationAPI, storage),
    )

    async def probe(_: ServiceRegistry) -> bool:
        return True

    async with JobsService.open(settings, tmp_path, clients, probe, whole_queue=True) as service:
        download.listener = await reach(DownloadListener, service)
        yield service


@pytest.fixture
async def jobs(reach: Reach[Any], service: JobsService) -> JobsAPI:
    return cast("JobsAPI", await reach(JobsAPI, service))


@pytest.fixture
async def registry(reach: Reach[Any], service: JobsService) -> RegistryAPI:
    return cast("RegistryAPI", await reach(RegistryAPI, service.registry))


async def ended(jobs: JobsAPI, job_id: str) -> Job:
    async with asyncio.timeout(30):
        while not (job := await jobs.get_job(job_id)).status.is_final:
            await asyncio.sleep(0.005)
    return job


def wanted(*numbers: int, **options: Any) -> CreateJob:
    ids = [video_id(number) for number in numbers]
    return CreateJob(type=JobType.VIDEO_DOWNLOAD, video_ids=ids, options=JobOptions(**options))


async def test_a_job_runs_to_its_end(jobs: JobsAPI) -> None:
    created = await jobs.create_job(wanted(1, 2))
    assert created.status is JobStatus.PENDING
    job = await ended(jobs, created.id)
    assert job.status is JobStatus.COMPLETED
    assert sorted(result.video_id for result in job.results) == [video_id(1), video_id(2)]
    assert {result.status for result in job.results} == {ResultStatus.SUCCESS}
    assert (job.progress.done, job.progress.total) == (2, 2)


async def test_a_playlist_job_reports_unavailable_videos(
    jobs: JobsAPI, metadata: MetadataPeer, download: DownloadPeer
) -> None:
    metadata.playlists[LIST] = [video_id(n) for n in range(3)]
    download.failures[video_id(1)] = [PrivateVideo("gone")] * 9
    request = CreateJob(type=JobType.PLAYLIST_DOWNLOAD, playlist_id=LIST)
    job = await ended(jobs, (await jobs.create_job(request)).id)
    by_video = {result.video_id: result for result in job.results}
    assert job.status is JobStatus.COMPLETED
    assert by_video[video_id(1)].status is ResultStatus.UNAVAILABLE
    assert by_video[video_id(1)].error_code == PrivateVideo.code
    assert job.work_plan_id is not None


async def test_jobs_are_listed_filtered_and_paged(jobs: JobsAPI) -> None:
    ids = [(await jobs.create_job(wanted(number))).id for number in range(3)]
    for job_id in ids:
        await ended(jobs, job_id)
    first = await jobs.list_jobs(JobQuery(limit=2, status=JobStatus.COMPLETED))
    rest = await jobs.list_jobs(JobQuery(limit=2, cursor=first.next_cursor))
    assert [job.id for job in (*first.items, *rest.items)] == ids[::-1]
    assert first.items == [await jobs.get_job(job_id) for job_id in ids[:0:-1]]
    assert rest.next_cursor is None
    headlines = await jobs.list_jobs(JobQuery(expand=False))
    assert {(len(job.video_ids), len(job.results)) for job in headlines.items} == {(0, 0)}
    assert (await jobs.list_jobs(JobQuery(status=JobStatus.FAILED))).items == []


async def test_cancel_and_retry_follow_the_state(jobs: JobsAPI, download: DownloadPeer) -> None:
    download.hold.add(video_id(1))
    job = await jobs.create_job(wanted(1))
    with pytest.raises(Conflict):
        await jobs.retry_job(job.id)
    await jobs.cancel_job(job.id)
    assert (await ended(jobs, job.id)).status is JobStatus.CANCELLED
    with pytest.raises(Conflict):
        await jobs.cancel_job(job.id)
    download.hold.clear()
    assert (await jobs.retry_job(job.id)).id == job.id
    assert (await ended(jobs, job.id)).status is JobStatus.COMPLETED


async def test_unknown_and_invalid_ids_have_different_errors(jobs: JobsAPI) -> None:
    for use in (jobs.get_job, jobs.retry_job, jobs.cancel_job):
        with pytest.raises(NotFound):
            await use("absent")
        with pytest.raises(InvalidRequest, match="job_id"):
            await use("../jobs.db")


async def test_services_register_and_are_listed(registry: RegistryAPI) -> None:
    request = RegisterService(service_name="download", url="http://127.0.0.1", port=8002)
    entry = await registry.register_service(request)
    assert (entry.service_name, entry.port, entry.health_endpoint) == (
        "download",
        8002,
        "/api/v1/health",
    )
    assert [known.service_name for known in await registry.list_services()] == ["download"]


async def test_repair_queues_a_job_for_videos_that_lost_the_same_files(
    jobs: JobsAPI, service: JobsService, storage: StoragePeer, reach: Reach[Any]
) -> None:
    def finding(number: int, kind: FindingKind, name: str, **more: Any) -> Finding:
        video, about = video_id(number), {"detail": "", "found_at": utc_now(), "is_removed": True}
        return Finding(path=name.format(video), kind=kind, video_id=video, **about, **more)

    storage.findings = [
        finding(1, FindingKind.MISSING, "videos/{0}/{0}.mp4", quality="360p"),
        finding(2, FindingKind.MISSING, "videos/{0}/{0}.mp4", quality="360p"),
        finding(3, FindingKind.MISSING, "metadata/videos/{0}.json"),
        finding(4, FindingKind.FOREIGN, "videos/{0}/notes.txt"),
    ]
    repairs: RepairsAPI = await reach(RepairsAPI, service.subjects()[RepairsAPI])
    queued = [await jobs.get_job(each) for each in (await repairs.repair_videos()).job_ids]
    assert [(job.type, job.video_ids) for job in queued] == [
        (JobType.VIDEO_DOWNLOAD, [video_id(1), video_id(2)]),
        (JobType.METADATA_ONLY, [video_id(3)]),
    ]
    assert (queued[0].options.quality, queued[0].options.skip_existing) == ("360p", False)


async def test_health_is_reported(jobs: JobsAPI) -> None:
    health = await jobs.health()
    assert (health.service, health.status) == ("jobs", "healthy")


async def test_a_new_job_is_what_is_stored(jobs: JobsAPI) -> None:
    created = await jobs.create_job(wanted(3, 1, 3, 2, priority=-1))
    stored = await jobs.get_job(created.id)
    assert created.video_ids == stored.video_ids == [video_id(3), video_id(1), video_id(2)]
    assert created.progress.total == 3
    assert (created.created_at, created.options) == (stored.created_at, stored.options)
