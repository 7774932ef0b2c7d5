"""A video that changes while it is processed: other jobs join it, or it is removed."""

from collections.abc import Iterator

import pytest
from loguru import logger

from tests.unit.jobs.conftest import Workshop, ended, videos
from tests.unit.jobs.peers import video_id
from tests.waiting import until
from ytarchive.common.errors import (
    ApiKeyInvalid,
    BotCheck,
    ExtractorBroken,
    NetworkFailure,
    PrivateVideo,
    ToolFailed,
    YTArchiveError,
)
from ytarchive.common.telemetry import REGISTRY
from ytarchive.common.tracing import current_trace_id, trace
from ytarchive.jobs import CreateJob, JobType

VIDEO = video_id(1)
LIST = "PLtest"


@pytest.fixture
def entries() -> Iterator[list[tuple[str | None, str]]]:
    """Every log entry of the test: its trace id and its message."""
    found: list[tuple[str | None, str]] = []
    sink = logger.add(lambda message: found.append((current_trace_id(), message.record["message"])))
    yield found
    logger.remove(sink)


@pytest.mark.parametrize("failure", [None, PrivateVideo("it is private")])
async def test_each_job_of_a_shared_video_logs_its_result_under_its_own_trace(
    workshop: Workshop, entries: list[tuple[str | None, str]], failure: YTArchiveError | None
) -> None:
    workshop.download.hold = {VIDEO}
    workshop.download.failures = {VIDEO: [failure]} if failure else {}
    async with workshop.open() as jobs:
        with trace("first"):
            first = await jobs.create_job(videos(VIDEO))
        await until(lambda: workshop.download.started == [VIDEO])
        with trace("second"):
            second = await jobs.create_job(videos(VIDEO))
        await until(
            lambda: ("second", f"{VIDEO}: is being archived already, for job {first.id}") in entries
        )
        [task_id] = workshop.download.tasks
        await workshop.download.end(task_id)
        for job in (first, second):
            await ended(jobs, job.id)

    result = "it is private (unavailable)" if failure else "success"
    for name, job in {"first": first, "second": second}.items():
        own = [message for trace_id, message in entries if trace_id == name]
        assert f"{VIDEO}: {result}" in own
        assert any(message.startswith(f"job {job.id} ") and "stored" in message for message in own)
    assert workshop.download.started == [VIDEO]


def counted(reason: str) -> float:
    return REGISTRY.get_sample_value("ytarchive_youtube_errors_total", {"reason": reason}) or 0


@pytest.mark.parametrize(
    "failure", [PrivateVideo(), NetworkFailure(), ExtractorBroken(), ToolFailed(), BotCheck()]
)
async def test_a_failure_is_counted_once_whatever_the_number_of_jobs(
    workshop: Workshop, failure: YTArchiveError
) -> None:
    before = counted(failure.reason)
    workshop.download.hold = {VIDEO}
    workshop.download.failures = {VIDEO: [failure]}
    async with workshop.open() as jobs:
        for _ in range(2):
            await jobs.create_job(videos(VIDEO, max_retries=0))
        await until(lambda: workshop.download.started == [VIDEO])
        [task_id] = workshop.download.tasks
        await workshop.download.end(task_id)
        await until(lambda: counted(failure.reason) > before)

    assert counted(failure.reason) == before + 1


async def test_a_failure_of_the_data_api_is_counted_only_by_its_client(workshop: Workshop) -> None:
    before = counted(ApiKeyInvalid.reason)
    workshop.metadata.failures = {VIDEO: ApiKeyInvalid("the key was revoked")}
    request = videos(VIDEO, max_retries=0).model_copy(update={"type": "METADATA_ONLY"})
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(request)).id)

    assert job.progress.failed == 1
    assert counted(ApiKeyInvalid.reason) == before


@pytest.mark.parametrize("is_fetched", [True, False])
async def test_download_of_a_video_that_is_removed_meanwhile_is_deleted(
    workshop: Workshop, is_fetched: bool
) -> None:
    workshop.metadata.playlists[LIST] = [VIDEO]
    workshop.download.hold = {VIDEO}
    if not is_fetched:
        workshop.download.failures = {VIDEO: [NetworkFailure()]}
    async with workshop.open() as jobs:
        job = await jobs.create_job(CreateJob(type=JobType.PLAYLIST_DOWNLOAD, playlist_id=LIST))
        await until(lambda: workshop.download.started == [VIDEO])
        workshop.storage.removed = {VIDEO}
        await workshop.download.end(next(iter(workshop.download.tasks)))
        done = await ended(jobs, job.id)
    assert [(each.status, each.reason) for each in done.results] == [("skipped", "removed")]
    assert workshop.staging.discarded == [VIDEO]
