"""Listing and planning: repeated listings, complete results, short lists."""

import asyncio
import re
import tracemalloc
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.unit.jobs.conftest import Workshop, ended
from tests.unit.jobs.peers import MetadataPeer, StoragePeer, video_id
from tests.waiting import eventually, until
from ytarchive.common.database import Database
from ytarchive.common.errors import ExtractorBroken, PrivateVideo
from ytarchive.common.media import PlaylistVideo
from ytarchive.common.models import Done, to_micros, utc_now
from ytarchive.jobs import (
    AvailabilityQuery,
    CreateJob,
    Job,
    JobStatus,
    JobType,
    JobView,
    RetryJobs,
)
from ytarchive.jobs.queue.repository import SCHEMA
from ytarchive.jobs.service import JobsService
from ytarchive.metadata import BatchMetadata, BatchRequest, PlaylistPage, PlaylistPageQuery
from ytarchive.storage import ExistsRequest, SavePlaylist, StoredVideos

UPLOADS = "UU" + "c" * 22
LIST = "PLtest"
BRIEFLY = JobView(expand=False)


def ids(numbers: Iterable[int]) -> list[str]:
    return [video_id(number) for number in numbers]


def store(workshop: Workshop, video_ids: Iterable[str]) -> None:
    """Store these videos in the archive."""
    workshop.storage.stored |= {each: workshop.storage.location(each) for each in video_ids}


async def sync(jobs: JobsService, list_id: str = UPLOADS, **options: object) -> Job:
    """A job for a list, once it has ended."""
    request = CreateJob.model_validate(
        {"type": JobType.PLAYLIST_DOWNLOAD, "playlist_id": list_id, "options": options}
    )
    return await ended(jobs, (await jobs.create_job(request)).id)


@pytest.fixture
def synced(workshop: Workshop) -> Workshop:
    """A channel of 500 videos, all stored."""
    workshop.metadata.playlists[UPLOADS] = ids(range(500))
    store(workshop, ids(range(500)))
    return workshop


def channel() -> CreateJob:
    return CreateJob(type=JobType.PLAYLIST_DOWNLOAD, playlist_id=UPLOADS)


def publish(workshop: Workshop, *numbers: int) -> None:
    """New videos at the head of the channel."""
    listed = workshop.metadata.playlists[UPLOADS]
    workshop.metadata.playlists[UPLOADS] = [*ids(numbers), *listed]


@dataclass
class Interrupted(MetadataPeer):
    """Returns a number of pages and then fails, or never answers."""

    after: int = 0
    hangs: bool = False

    async def get_playlist_page(self, playlist_id: str, request: PlaylistPageQuery) -> PlaylistPage:
        page = await super().get_playlist_page(playlist_id, request)
        if self.pages <= self.after:
            return page
        if self.hangs:
            await asyncio.Event().wait()
        raise ExtractorBroken("no list in the answer")


@dataclass
class Generated(MetadataPeer):
    """A list of any length, whose pages are made as they are asked for."""

    count: int = 0

    async def get_playlist_page(self, playlist_id: str, request: PlaylistPageQuery) -> PlaylistPage:
        first = int(request.cursor or 0)
        videos = [
            PlaylistVideo(video_id=video_id(n), position=n, title=f"The film number {n}")
            for n in range(first, min(first + 500, self.count))
        ]
        following = first + len(videos)
        return PlaylistPage(
            playlist_id=playlist_id,
            title="A list",
            videos=videos,
            next_cursor=str(following) if following < self.count else None,
        )


class EverythingStored(StoragePeer):
    """An archive that has every requested video, and stores no list."""

    async def videos_exist(self, request: ExistsRequest) -> StoredVideos:
        return StoredVideos(video_ids=request.video_ids)

    async def save_playlist(self, request: SavePlaylist) -> Done:
        return Done()


# --- syncing again ------------------------------------------------------------------------------


async def test_a_repeated_listing_of_a_channel_stops_at_known_videos(synced: Workshop) -> None:
    async with synced.open() as jobs:
        first = await sync(jobs)
        assert (synced.metadata.pages, first.progress.skipped, first.progress.known) == (10, 500, 0)
        publish(synced, 1001, 1002, 1003)
        again = await sync(jobs)

    assert synced.metadata.pages == 11
    assert synced.metadata.ended == 1
    assert sorted(synced.download.started) == ids([1001, 1002, 1003])
    progress = again.progress
    assert (progress.succeeded, progress.skipped, progress.known) == (3, 47, 453)
    assert [batch.video_ids for batch in synced.metadata.batches] == [again.video_ids[:3]]


async def test_a_repeated_job_fetches_missing_captions_of_all_videos_of_a_channel(
    synced: Workshop,
) -> None:
    """Its page is not even listed again."""
    lacking = video_id(400)
    stored = synced.storage.stored
    async with synced.open() as jobs:
        await sync(jobs)
        stored[lacking] = stored[lacking].model_copy(update={"missing": ["captions:en"]})
        publish(synced, 1001)
        await sync(jobs)
        await sync(jobs)

    assert synced.metadata.pages == 12
    assert sorted(synced.download.started) == sorted([lacking, video_id(1001)])
    assert stored[lacking].missing == []


async def test_more_new_videos_than_a_page_has_are_all_found(synced: Workshop) -> None:
    async with synced.open() as jobs:
        await sync(jobs)
        publish(synced, *range(1000, 1130))
        await sync(jobs)
    assert sorted(synced.download.started) == ids(range(1000, 1130))
    assert synced.metadata.pages == 10 + 3


async def test_other_lists_are_always_listed_completely(synced: Workshop) -> None:
    """New entries may be at any position."""
    synced.metadata.playlists[LIST] = ids(range(500))
    async with synced.open() as jobs:
        await sync(jobs, LIST)
        synced.metadata.playlists[LIST][400:400] = ids([1001])
        again = await sync(jobs, LIST)
    assert synced.metadata.pages == 10 + 11
    assert synced.download.started == ids([1001])
    assert (again.progress.total, again.progress.skipped) == (501, 500)
    assert [batch.video_ids for batch in synced.metadata.batches] == [ids([1001])]


@pytest.mark.parametrize("option", [{"full_listing": True}, {"skip_existing": False}])
async def test_a_full_listing_lists_everything(synced: Workshop, option: dict[str, bool]) -> None:
    synced.metadata.playlists[UPLOADS] = ids(range(120))
    async with synced.open() as jobs:
        await sync(jobs)
        again = await sync(jobs, UPLOADS, **option)
    assert synced.metadata.pages == 3 + 3
    assert again.progress.total == 120


async def test_after_some_days_a_channel_is_listed_completely_again(synced: Workshop) -> None:
    async with synced.open() as jobs:
        await sync(jobs)
    then = to_micros(utc_now() - timedelta(days=8))
    async with await Database.open(synced.state_path / "jobs.db", SCHEMA) as database:
        await database.write(
            lambda writer: writer.connection.execute("UPDATE lists SET listed_at = ?", [then])
        )
    synced.metadata.playlists[UPLOADS][400:401] = ids([1001])
    async with synced.open() as jobs:
        await sync(jobs)
        assert synced.metadata.pages == 10 + 10
        assert synced.download.started == ids([1001])
        found = await jobs.availability.list_availability(AvailabilityQuery())
        [gone] = found.items
        assert (gone.video_id, gone.state, gone.stored) == (video_id(400), "suspected", True)
        await sync(jobs)
    assert synced.metadata.pages == 10 + 10 + 1


# --- nothing is lost ----------------------------------------------------------------------------


async def test_an_interrupted_listing_makes_no_videos_known(workshop: Workshop) -> None:
    """The first job knows the head, and no job knows the rest."""
    workshop.metadata.playlists[UPLOADS] = ids(range(500))
    store(workshop, ids(range(500)))
    metadata = Interrupted(workshop.metadata.playlists, after=4)
    workshop.metadata = metadata
    async with workshop.open() as jobs:
        failed = await sync(jobs)
        assert failed.error == "no list in the answer"
        metadata.after = 1000
        again = await sync(jobs)
    assert again.progress.total == 500


async def test_unstored_videos_of_an_earlier_job_are_added_to_the_next(
    synced: Workshop,
) -> None:
    for lost in (video_id(300), video_id(450)):
        del synced.storage.stored[lost]
    synced.download.hold = {video_id(300), video_id(450)}
    async with synced.open() as jobs:
        first = await jobs.create_job(channel())
        await until(lambda: len(synced.download.started) == 2)
        await jobs.cancel_job(first.id)

        synced.download.hold.clear()
        publish(synced, 1001)
        again = await sync(jobs)
    assert synced.metadata.pages == 10 + 1
    assert sorted(synced.download.started[2:]) == ids([300, 450, 1001])
    assert again.progress.succeeded == 3


async def test_videos_reported_as_gone_are_left_to_the_ledger(synced: Workshop) -> None:
    del synced.storage.stored[video_id(300)]
    gone = PrivateVideo("This video is private")
    synced.download.failures = {video_id(300): [gone, gone]}
    async with synced.open() as jobs:
        first = await sync(jobs)
        assert first.progress.unavailable == 1
        again = await sync(jobs)
    assert synced.download.started == ids([300])
    assert again.progress.total == 50


async def test_a_listing_interrupted_by_a_restart_is_repeated(synced: Workshop) -> None:
    async with synced.open() as jobs:
        await sync(jobs)
    publish(synced, *range(1000, 1080))
    peer, synced.metadata = (
        synced.metadata,
        Interrupted(synced.metadata.playlists, after=1, hangs=True),
    )
    async with synced.open() as jobs:
        job = await jobs.create_job(channel())
        await until(lambda: synced.metadata.pages == 2)
    synced.metadata = peer
    async with synced.open() as jobs:
        found = await ended(jobs, job.id)
    assert set(ids(range(1000, 1080))) <= set(synced.download.started)
    # What was stored the moment that the first process ended, the second finds there.
    assert (found.progress.total, found.progress.succeeded + found.progress.skipped) == (100, 100)


@pytest.mark.parametrize(
    "name", ["get_list", "count_list_videos", "list_videos_after", "remove_list_videos",
             "add_list_videos", "count_known"],
)  # fmt: skip
async def test_no_query_scans_other_lists(workshop: Workshop, name: str) -> None:
    async with await Database.open(workshop.state_path / "jobs.db", SCHEMA) as database:
        sql = database.query(name)
        values = dict.fromkeys(re.findall(r":(\w+)", sql), "1")
        rows = await database.select(f"EXPLAIN QUERY PLAN {sql}", values)
    steps = "; ".join(row["detail"] for row in rows)
    assert not re.search(r"SCAN (lists|list_videos|v|j|job_videos|availability|a)\b", steps), steps


# --- lists that shrink ----------------------------------------------------------------------------


@pytest.mark.parametrize("left", [30, 0])
async def test_a_suddenly_shrunk_list_pauses_everything_and_records_nothing(
    synced: Workshop, left: int
) -> None:
    whole = synced.metadata.playlists[UPLOADS]
    async with synced.open() as jobs:
        await sync(jobs)
        synced.metadata.playlists[UPLOADS] = whole[:left]
        job = await jobs.create_job(channel())
        await circuit(jobs, "open")
        governor = await jobs.governor.get_governor()
        assert governor.reason == "listing_shrank"
        assert "500" in str(governor.message)
        waiting = await jobs.get_job(job.id)
        assert not waiting.status.is_final
        assert waiting.progress.listing
        assert waiting.progress.waiting_reason == "listing_shrank"
        assert (await jobs.availability.list_availability(AvailabilityQuery())).items == []

        synced.metadata.playlists[UPLOADS] = [*ids([1001]), *whole]
        await jobs.governor.resume_governor()
        again = await ended(jobs, job.id)
    assert again.progress.skipped == 500
    assert synced.download.started == ids([1001])
    assert len(synced.storage.playlists[UPLOADS].videos) == 501


async def test_a_list_that_is_short_twice_is_accepted(synced: Workshop) -> None:
    async with synced.open() as jobs:
        await sync(jobs)
        del synced.metadata.playlists[UPLOADS][30:]
        job = await jobs.create_job(channel())
        await circuit(jobs, "open")
    async with synced.open() as jobs:  # the suspicion outlives the process
        assert (await jobs.governor.get_governor()).state == "open"
        await jobs.governor.resume_governor()
        short = await ended(jobs, job.id)
        assert (short.status, short.progress.total) == (JobStatus.COMPLETED, 30)
        await sync(jobs)
        assert (await jobs.governor.get_governor()).state == "closed"
        found = (await jobs.availability.list_availability(AvailabilityQuery(limit=1000))).items
    assert {finding.state for finding in found} == {"suspected"}
    assert len(found) == 470


async def test_a_short_list_may_lose_most_of_its_entries(workshop: Workshop) -> None:
    workshop.metadata.playlists[LIST] = ids(range(40))
    async with workshop.open() as jobs:
        await sync(jobs, LIST)
        del workshop.metadata.playlists[LIST][2:]
        again = await sync(jobs, LIST)
        assert (await jobs.governor.get_governor()).state == "closed"
    assert again.progress.total == 2


async def circuit(jobs: JobsService, state: str) -> None:
    """Wait for the governor."""

    async def reached() -> bool:
        return (await jobs.governor.get_governor()).state == state

    await eventually(reached)


# --- bounded memory -------------------------------------------------------------------------------


async def test_a_list_of_any_length_is_planned_in_little_memory(workshop: Workshop) -> None:
    """As models its entries alone would take 17 MiB."""
    count = 25_000
    workshop.metadata, workshop.storage = Generated(count=count), EverythingStored()
    async with workshop.open() as jobs:
        tracemalloc.start()
        try:
            request = CreateJob(type=JobType.PLAYLIST_DOWNLOAD, playlist_id=LIST)
            job_id = (await jobs.create_job(request)).id
            async with asyncio.timeout(240):
                while not (await jobs.get_job(job_id, BRIEFLY)).status.is_final:
                    await asyncio.sleep(0.05)
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        done = await jobs.get_job(job_id, BRIEFLY)
    assert (done.progress.total, done.progress.skipped) == (count, count)
    assert most < 6 * 2**20


# --- removed videos -----------------------------------------------------------------------------


async def test_retry_of_a_list_does_not_fetch_a_video_that_was_removed_meanwhile(
    workshop: Workshop,
) -> None:
    fetched, removed = ids(range(2))
    workshop.metadata.playlists[LIST] = [fetched, removed]
    workshop.download.failures = {each: [PrivateVideo()] for each in (fetched, removed)}
    async with workshop.open() as jobs:
        job = await sync(jobs, LIST)
        assert job.progress.unavailable == 2
        workshop.storage.removed = {removed}
        assert (await jobs.retry_jobs(RetryJobs(job_id=job.id))).videos == 2
        job = await ended(jobs, job.id)

    assert [each.status for each in job.results] == ["success", "skipped"]
    assert job.results[1].reason == "removed"


async def test_retry_of_a_named_video_does_not_fetch_it_after_its_removal(
    workshop: Workshop,
) -> None:
    [removed] = ids([0])
    workshop.download.failures = {removed: [PrivateVideo()]}
    named = CreateJob(type=JobType.VIDEO_DOWNLOAD, video_ids=[removed])
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(named)).id)
        assert job.progress.unavailable == 1
        workshop.storage.removed = {removed}
        assert (await jobs.retry_jobs(RetryJobs(reason="private"))).videos == 1
        job = await ended(jobs, job.id)
        assert [(each.status, each.reason) for each in job.results] == [("skipped", "removed")]
        job = await ended(jobs, (await jobs.create_job(named)).id)
    assert [each.status for each in job.results] == ["success"]
    assert workshop.storage.removed == set()


async def test_metadata_of_a_removed_video_of_a_list_is_not_fetched(workshop: Workshop) -> None:
    described, removed = ids(range(2))
    workshop.metadata.playlists[LIST] = [described, removed]
    workshop.storage.removed = {removed}
    request = CreateJob(type=JobType.METADATA_ONLY, playlist_id=LIST)
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(request)).id)
        assert [each.reason for each in job.results] == [None, "removed"]
        assert workshop.storage.metadata == {described}
        named = CreateJob(type=JobType.METADATA_ONLY, video_ids=[removed])
        job = await ended(jobs, (await jobs.create_job(named)).id)
    assert [each.status for each in job.results] == ["success"]
    assert workshop.storage.removed == {removed}


@pytest.mark.parametrize("kind", [JobType.PLAYLIST_DOWNLOAD, JobType.METADATA_ONLY])
async def test_video_that_was_removed_after_it_was_queued_is_not_requested(
    workshop: Workshop, kind: JobType
) -> None:
    [removed] = ids([0])

    class Removing(MetadataPeer):
        async def get_batch(self, request: BatchRequest) -> BatchMetadata:
            workshop.storage.removed = {removed}
            return await super().get_batch(request)

    workshop.metadata = Removing()
    workshop.metadata.playlists[LIST] = [removed]
    async with workshop.open() as jobs:
        job = await jobs.create_job(CreateJob(type=kind, playlist_id=LIST))
        job = await ended(jobs, job.id)
    assert [(each.status, each.reason) for each in job.results] == [("skipped", "removed")]
    assert workshop.download.started == []
    assert workshop.storage.metadata == set()


@pytest.mark.parametrize("is_named", [False, True])
async def test_video_that_was_removed_during_its_download_is_stored_only_if_a_job_names_it(
    workshop: Workshop, is_named: bool
) -> None:
    [removed] = ids([0])
    workshop.metadata.playlists[LIST] = [removed]
    workshop.download.hold = {removed}
    async with workshop.open() as jobs:
        job = await jobs.create_job(CreateJob(type=JobType.PLAYLIST_DOWNLOAD, playlist_id=LIST))

        async def is_started() -> bool:
            return bool(workshop.download.started)

        await eventually(is_started)
        workshop.storage.removed = {removed}
        if is_named:
            named = CreateJob(type=JobType.VIDEO_DOWNLOAD, video_ids=[removed])
            named_job = await jobs.create_job(named)

            async def is_joined() -> bool:
                return bool((await jobs.get_job(named_job.id)).progress.active)

            await eventually(is_joined)
        await workshop.download.end(workshop.download.task_of(removed))
        job = await ended(jobs, job.id)
    [result] = job.results
    expected = ("success", None) if is_named else ("skipped", "removed")
    assert (result.status, result.reason) == expected
    assert (removed in workshop.storage.stored) is is_named


async def test_request_that_names_a_removed_video_fetches_it(workshop: Workshop) -> None:
    [removed] = ids([0])
    workshop.storage.removed = {removed}
    workshop.metadata.playlists[LIST] = [removed]
    async with workshop.open() as jobs:
        assert (await sync(jobs, LIST)).results[0].reason == "removed"
        assert (await sync(jobs, LIST, skip_existing=False)).results[0].reason == "removed"
        named = CreateJob(type=JobType.VIDEO_DOWNLOAD, video_ids=[removed])
        job = await ended(jobs, (await jobs.create_job(named)).id)

    assert [each.status for each in job.results] == ["success"]
