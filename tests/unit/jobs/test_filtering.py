"""What a filter excludes, and the requests before it is evaluated."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.jobs.conftest import Workshop, ended
from tests.unit.jobs.peers import MetadataPeer, describe, video_id
from ytarchive.common.channel_lists import VideoKind
from ytarchive.common.media import PlaylistVideo, VideoMetadata
from ytarchive.jobs import CreateJob, Job, JobType, ResultStatus, VideoFilter
from ytarchive.jobs.queue.filtering import Facts
from ytarchive.jobs.service import JobsService
from ytarchive.metadata import (
    BatchMetadata,
    BatchRequest,
    PlaylistPage,
    PlaylistPageQuery,
    VideoMetadataQuery,
)

UPLOADS = "UU" + "c" * 22
DAY = datetime(2026, 1, 10, 12, tzinfo=UTC)
SECOND, HOURS = timedelta(seconds=1), timedelta(hours=12)


@pytest.mark.parametrize(
    ("criteria", "facts", "reason"),
    [
        ({"include_titles": ["news"]}, Facts(title="The NEWS"), None),
        ({"include_titles": ["news"]}, Facts(title="Sport"), "matches none"),
        ({"include_titles": ["a", "sport"]}, Facts(title="Sport"), None),
        ({"include_titles": ["episode*part 2"]}, Facts(title="Episode 7, Part 2"), None),
        ({"include_titles": ["part 2*episode"]}, Facts(title="Episode 7, Part 2"), "matches none"),
        ({"include_titles": ["[official]?"]}, Facts(title="Song [Official]?"), None),
        ({"include_titles": ["straße"]}, Facts(title="STRASSE"), None),
        ({"include_titles": ["ab"]}, Facts(title="\uff21\uff22"), None),
        ({"exclude_titles": ["trailer"]}, Facts(title="Trailer"), "matches 'trailer'"),
        ({"exclude_titles": ["trailer"]}, Facts(title="Film"), None),
        ({"include_titles": ["news"]}, Facts(), None),
        ({"exclude_titles": ["news"]}, Facts(), None),
        ({"min_duration": 60}, Facts(duration=59), "less than 60 s"),
        ({"min_duration": 60}, Facts(duration=60), None),
        ({"max_duration": 60}, Facts(duration=60), None),
        ({"max_duration": 60}, Facts(duration=61), "more than 60 s"),
        ({"max_duration": 60}, Facts(), None),
        ({"since": DAY}, Facts(uploaded=DAY), None),
        ({"since": DAY}, Facts(uploaded=DAY - SECOND), "before 2026-01-10"),
        ({"until": DAY}, Facts(uploaded=DAY), None),
        ({"until": DAY}, Facts(uploaded=DAY + SECOND), "after 2026-01-10"),
        ({"since": DAY}, Facts(), None),
        ({"kinds": ["video"]}, Facts(kind=VideoKind.SHORT), "it is a short"),
        ({"kinds": ["video", "live"]}, Facts(kind=VideoKind.LIVE), None),
        ({"kinds": ["short"]}, Facts(duration=181), "it is a long video"),
        ({"kinds": ["short"]}, Facts(duration=180), None),
        ({"kinds": ["video"]}, Facts(), None),
    ],
)
def test_video_is_excluded_by_known_facts(
    criteria: dict[str, Any], facts: Facts, reason: str | None
) -> None:
    found = VideoFilter(**criteria).exclusion(facts)
    assert found is None if reason is None else reason in str(found)


@pytest.mark.parametrize(
    ("kinds", "facts", "is_needed"),
    [
        (["video", "short", "live"], Facts(), False),
        (["video", "live"], Facts(), True),
        (["video", "live"], Facts(duration=180), True),
        (["video", "live"], Facts(duration=181), False),
        (["video"], Facts(duration=181), True),
        (["video"], Facts(kind=VideoKind.LIVE), False),
    ],
)
def test_kind_is_needed_if_nothing_else_decides(
    kinds: list[VideoKind], facts: Facts, is_needed: bool
) -> None:
    assert VideoFilter(kinds=kinds).needs_kind(facts) is is_needed


FACTS = st.builds(
    Facts,
    title=st.none() | st.text(max_size=20),
    duration=st.none() | st.integers(1, 500),
    uploaded=st.none() | st.datetimes(timezones=st.just(UTC)),
    kind=st.none() | st.sampled_from(VideoKind),
)
FILTERS = st.builds(
    VideoFilter,
    include_titles=st.lists(st.text(min_size=1, max_size=3), max_size=2),
    exclude_titles=st.lists(st.text(min_size=1, max_size=3), max_size=2),
    min_duration=st.none() | st.integers(0, 200),
    max_duration=st.none() | st.integers(200, 500),
    since=st.none() | st.datetimes(timezones=st.just(UTC)),
    kinds=st.lists(st.sampled_from(VideoKind), min_size=1, unique=True),
)


@given(FACTS)
def test_filter_without_criteria_excludes_nothing(facts: Facts) -> None:
    assert VideoFilter().exclusion(facts) is None
    assert not VideoFilter().has_criteria


@given(FILTERS)
def test_unknown_facts_exclude_nothing(wanted: VideoFilter) -> None:
    assert wanted.exclusion(Facts()) is None


@given(FILTERS, FILTERS, FACTS)
def test_filter_that_covers_another_excludes_no_more(
    one: VideoFilter, other: VideoFilter, facts: Facts
) -> None:
    for later in (other, one.model_copy(update={"since": other.since, "newest": 3})):
        if one.covers(later) and one.exclusion(facts) is not None:
            assert later.exclusion(facts) is not None


@given(FILTERS)
def test_filter_is_read_back_as_it_was_stored(wanted: VideoFilter) -> None:
    assert VideoFilter.model_validate_json(wanted.model_dump_json()) == wanted


@given(st.text(alphabet="ab*", min_size=1, max_size=6), st.text(alphabet="ab", max_size=30))
def test_pattern_finds_its_texts_in_order(pattern: str, title: str) -> None:
    found = VideoFilter(include_titles=[pattern]).exclusion(Facts(title=title or "-")) is None
    assert found == (re.search(re.sub(r"\*+", ".*", pattern), title or "-") is not None)


def test_every_pattern_is_matched_quickly() -> None:
    wanted = VideoFilter(include_titles=["a*" * 100] * 100)
    assert wanted.exclusion(Facts(title="a" * 99 + "b" * 100_000)) is not None


@pytest.mark.parametrize(
    "criteria",
    [
        {"kinds": []},
        {"newest": 0},
        {"min_duration": 2, "max_duration": 1},
        {"since": DAY, "until": DAY - SECOND},
        {"include_titles": [""]},
        {"include_titles": ["x" * 201]},
    ],
)
def test_contradictory_criteria_are_refused(criteria: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VideoFilter(**criteria)


@pytest.mark.parametrize("source", ["@films", "@films:shorts", "UC" + "c" * 22, UPLOADS, "PLtest"])
def test_newest_needs_a_list_with_an_order(source: str) -> None:
    request = {
        "type": "PLAYLIST_DOWNLOAD",
        "playlist_id": source,
        "options": {"filter": {"newest": 3}},
    }
    if source != "PLtest":
        assert CreateJob.model_validate(request).options.filter.newest == 3
        return
    with pytest.raises(ValidationError, match="newest needs a channel"):
        CreateJob.model_validate(request)


# --- in jobs ------------------------------------------------------------------------------------


@dataclass
class Described(MetadataPeer):
    """Lists and metadata with the fields that filters look at."""

    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the list shows of a video."""
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Further facts in its metadata."""
    kinds: dict[str, VideoKind] = field(default_factory=dict)
    """Facts that only an extraction has."""
    extracted: list[str] = field(default_factory=list)

    async def get_playlist_page(self, playlist_id: str, request: PlaylistPageQuery) -> PlaylistPage:
        page = await super().get_playlist_page(playlist_id, request)
        entries = [
            PlaylistVideo(
                video_id=each.video_id,
                position=each.position,
                **self.shown.get(each.video_id, {}),
            )
            for each in page.videos
        ]
        return page.model_copy(update={"videos": entries})

    async def get_video(self, video_id: str, request: VideoMetadataQuery) -> VideoMetadata:
        found = await super().get_video(video_id, request)
        kind = None
        if request.extract:
            self.extracted.append(video_id)
            kind = self.kinds.get(video_id)
        return found.model_copy(update={"kind": kind, **self.known.get(video_id, {})})

    async def get_batch(self, request: BatchRequest) -> BatchMetadata:
        self.batches.append(request)
        found = [
            describe(each).model_copy(update=self.known[each])
            for each in request.video_ids
            if each in self.known
        ]
        return BatchMetadata(found=found, missing=[])


@pytest.fixture
def described(workshop: Workshop) -> Described:
    peer = Described()
    workshop.metadata = peer
    return peer


def ids(numbers: Iterable[int]) -> list[str]:
    return [video_id(number) for number in numbers]


async def sync(jobs: JobsService, wanted: dict[str, Any], **options: object) -> Job:
    """A job for a channel's uploads, once it has ended."""
    request = {
        "type": JobType.PLAYLIST_DOWNLOAD,
        "playlist_id": UPLOADS,
        "options": {"filter": wanted, **options},
    }
    return await ended(jobs, (await jobs.create_job(CreateJob.model_validate(request))).id)


def skipped(job: Job) -> dict[str, str]:
    return {
        each.video_id: each.message
        for each in job.results
        if (each.status, each.reason) == (ResultStatus.SKIPPED, "filtered")
    }


async def test_fields_of_the_list_exclude_without_a_request(
    workshop: Workshop, described: Described
) -> None:
    first, second, third = described.playlists[UPLOADS] = ids(range(3))
    described.shown = {first: {"title": "News"}, second: {"title": "Sport"}}
    described.known = {first: {"title": "News"}, third: {"title": "Weather"}}
    async with workshop.open() as jobs:
        job = await sync(jobs, {"include_titles": ["news"]})
    assert list(skipped(job)) == [second, third]
    assert "matches none" in skipped(job)[second]
    # The list did not have the title of the third one.
    assert [each.video_ids for each in described.batches] == [[first, third]]
    assert workshop.download.started == [first]
    assert workshop.storage.metadata == {first}
    assert (job.progress.succeeded, job.progress.skipped, job.progress.total) == (1, 2, 3)


async def test_unknown_dates_are_decided_by_metadata_before_any_media(
    workshop: Workshop, described: Described
) -> None:
    old, new, asked = described.playlists[UPLOADS] = ids(range(3))
    described.known = {old: {"upload_date": DAY - HOURS}, new: {"upload_date": DAY + HOURS}}
    async with workshop.open() as jobs:
        job = await sync(jobs, {"since": DAY}, include_metadata=False)
    assert list(skipped(job)) == [old]
    assert workshop.download.started == [new, asked]
    assert workshop.storage.metadata == set()


async def test_metadata_of_single_videos_exclude_without_prefetched_metadata(
    workshop: Workshop, described: Described
) -> None:
    [short] = described.playlists[UPLOADS] = ids([1])
    described.kinds = {short: VideoKind.SHORT}
    async with workshop.open() as jobs:
        job = await sync(jobs, {"kinds": ["video", "live"]})
    assert list(skipped(job)) == [short]
    assert described.extracted == [short]
    assert (workshop.download.started, workshop.storage.metadata) == ([], set())


async def test_kind_is_not_requested_if_the_length_decides(
    workshop: Workshop, described: Described
) -> None:
    [long] = described.playlists[UPLOADS] = ids([1])
    described.known = {long: {"duration": 1000}}
    async with workshop.open() as jobs:
        await sync(jobs, {"kinds": ["video", "live"]})
    assert (workshop.download.started, described.extracted) == ([long], [])


async def test_newest_videos_are_counted_after_the_list_s_own_fields(
    workshop: Workshop, described: Described
) -> None:
    described.playlists[UPLOADS] = ids(range(200))
    described.shown = {video_id(n): {"duration": 10 if n == 1 else 100} for n in range(200)}
    async with workshop.open() as jobs:
        job = await sync(jobs, {"newest": 3, "min_duration": 60})
        assert job.video_ids == ids(range(4))
        assert list(skipped(job)) == [video_id(1)]
        assert described.pages == 1
        again = await sync(jobs, {})
    assert again.progress.total == 200


async def test_excluded_videos_are_not_looked_up_again(
    workshop: Workshop, described: Described
) -> None:
    described.playlists[UPLOADS] = ids(range(120))
    described.known = {each: {"upload_date": DAY - HOURS} for each in ids(range(120))}
    async with workshop.open() as jobs:
        await sync(jobs, {"since": DAY})
        described.batches.clear()
        later = await sync(jobs, {"since": DAY + HOURS}, full_listing=True)
        assert (described.batches, len(skipped(later))) == ([], 120)
        incremental = await sync(jobs, {"since": DAY + HOURS})
        assert (described.batches, incremental.progress.total) == ([], 50)
        earlier = await sync(jobs, {"since": DAY - HOURS})
    assert (earlier.progress.succeeded, len(described.batches)) == (120, 2)


async def test_filter_applies_to_metadata_only_jobs(
    workshop: Workshop, described: Described
) -> None:
    first, second = ids(range(2))
    described.known = {first: {"upload_date": DAY - HOURS}}
    async with workshop.open() as jobs:
        request = CreateJob.model_validate(
            {
                "type": "METADATA_ONLY",
                "video_ids": [first, second],
                "options": {"filter": {"since": DAY}},
            }
        )
        job = await ended(jobs, (await jobs.create_job(request)).id)
    assert list(skipped(job)) == [first]
    assert workshop.storage.metadata == {second}
