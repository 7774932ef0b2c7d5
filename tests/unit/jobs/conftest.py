from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.unit.jobs.peers import DownloadPeer, MetadataPeer, StagingPeer, StoragePeer
from tests.waiting import eventually
from ytarchive.common.config import Settings, load_settings
from ytarchive.jobs import CreateJob, Job, JobOptions, JobType, ServiceRegistry
from ytarchive.jobs.guards.clients import ServiceClients
from ytarchive.jobs.service import JobsService


@dataclass
class Workshop:
    """A Jobs service over peers, as used by a test."""

    state_path: Path
    settings: Settings
    metadata: MetadataPeer = field(default_factory=MetadataPeer)
    download: DownloadPeer = field(default_factory=DownloadPeer)
    storage: StoragePeer = field(default_factory=StoragePeer)
    staging: StagingPeer = field(default_factory=StagingPeer)
    unwell: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def open(self, *, whole_queue: bool = True) -> AsyncIterator[JobsService]:
        """The service on the workshop's state folder, as a fresh process would open it."""

        async def probe(entry: ServiceRegistry) -> bool:
            return entry.service_name not in self.unwell

        clients = ServiceClients(
            self.metadata,
            self.download,
            self.storage,
            self.storage,
            self.storage,
            staging=self.staging,
        )
        async with JobsService.open(
            self.settings, self.state_path, clients, probe, whole_queue=whole_queue
        ) as jobs:
            self.download.listener = jobs
            yield jobs


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    settings = load_settings(
        download={"concurrency": 4, "pace": "off"},
        jobs={
            "retry_base": 0.01,
            "notification_timeout": 0.05,
            "health_interval": 0.05,
            "shutdown_grace": 0,
        },
    )
    return Workshop(tmp_path, settings)


async def ended(jobs: JobsService, job_id: str) -> Job:
    """The job, once it cannot change any more."""

    async def final() -> Job | None:
        job = await jobs.get_job(job_id)
        return job if job.status.is_final else None

    return await eventually(final)


async def held(jobs: JobsService, job_id: str) -> Job:
    """The job, once it reports that it waits."""

    async def waiting() -> Job | None:
        job = await jobs.get_job(job_id)
        return job if job.progress.waiting_for else None

    return await eventually(waiting)


async def found_unwell(jobs: JobsService) -> None:
    """Wait until the one service that is registered counts as unhealthy."""

    async def is_unhealthy() -> bool:
        [service] = await jobs.registry.list_services()
        return not service.is_healthy

    await eventually(is_unhealthy)


def videos(*video_ids: str, **options: object) -> CreateJob:
    """A VIDEO_DOWNLOAD job."""
    return CreateJob(
        type=JobType.VIDEO_DOWNLOAD,
        video_ids=list(video_ids),
        options=JobOptions.model_validate(options),
    )
