"""What a filter excludes, and the requests before it is evaluated."""

import asyncio
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger
from pydantic import ValidationError

from tests.unit.jobs.conftest import Workshop, ended, videos
from tests.unit.jobs.peers import MetadataPeer, describe, video_id
from tests.waiting import until
from ytarchive.common.channel_lists import VideoKind, kinds_of_list
from ytarchive.common.errors import MembersOnly
from ytarchive.common.media import PlaylistVideo, VideoMetadata
from ytarchive.common.models import utc_now
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
SECOND, HOUR, HOURS = timedelta(seconds=1), timedelta(hours=1), timedelta(hours=12)


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
        ({"kinds": ["video"]}, Facts(kind=VideoKind.PREMIERE), "it is a premiere"),
        ({"kinds": ["short"]}, Facts(duration=181), "it is a long video"),
        ({"kinds": ["short"]}, Facts(duration=180), None),
        ({"kinds": ["video"]}, Facts(), None),
        ({"include_titles": ["/^episode \\d+$/"]}, Facts(title="Episode 12"), None),
        ({"include_titles": ["/^episode \\d+$/"]}, Facts(title="Episode X"), "matches none"),
        ({"include_titles": ["/a/b"]}, Facts(title="x /A/B"), None),
        ({"include_titles": ["//"]}, Facts(title="https://"), None),
        ({"exclude_titles": ["x", "/a|b/"]}, Facts(title="B"), "matches '/a|b/'"),
        ({"include_descriptions": ["music"]}, Facts(description="Sport"), "its description"),
        ({"include_descriptions": ["music"]}, Facts(description="Music\n…"), None),
        ({"include_descriptions": ["music"]}, Facts(description=""), "matches none"),
        ({"include_descriptions": ["music"]}, Facts(), None),
        ({"exclude_descriptions": ["/^ad:/"]}, Facts(description="ad: x"), "matches '/^ad:/'"),
        ({"max_age_days": 2}, Facts(uploaded=DAY - 47 * HOUR), None),
        ({"max_age_days": 2}, Facts(uploaded=DAY - 49 * HOUR), "more than 2 days ago"),
        ({"max_age_days": 2}, Facts(uploaded=DAY + 49 * HOUR), None),
        ({"max_age_days": 2}, Facts(), None),
        ({"languages": ["en", "de"]}, Facts(language="en-US"), None),
        ({"languages": ["en-GB"]}, Facts(language="en-US"), "its language is en-US"),
        ({"languages": ["en"]}, Facts(), None),
        ({"members_only": False}, Facts(is_for_members=True), "is only for members"),
        ({"members_only": False}, Facts(is_for_members=False), None),
        ({"members_only": True}, Facts(is_for_members=False), "not only for members"),
        ({"members_only": True}, Facts(), None),
    ],
)
def test_video_is_excluded_by_known_facts(
    criteria: dict[str, Any], facts: Facts, reason: str | None
) -> None:
    found = VideoFilter(**criteria).exclusion(facts, DAY)
    if reason is None:
        assert found is None
        return
    assert found is not None
    assert reason in found.reason
    assert found.rule in criteria


def test_age_is_that_at_present() -> None:
    wanted, now = VideoFilter(max_age_days=1), utc_now()
    assert wanted.exclusion(Facts(uploaded=now - 23 * HOUR)) is None
    assert wanted.exclusion(Facts(uploaded=now - 25 * HOUR)) is not None


@pytest.mark.parametrize(
    ("kinds", "facts", "is_needed"),
    [
        (["video", "short", "live", "premiere"], Facts(), False),
        (["video", "short", "live"], Facts(), True),
        (["video", "premiere"], Facts(possible_kinds=kinds_of_list("UULF" + "a" * 22)), False),
        (["video"], Facts(possible_kinds=kinds_of_list("UULF" + "a" * 22)), True),
        (["video", "live"], Facts(), True),
        (["video", "live"], Facts(duration=180), True),
        (["video", "live", "premiere"], Facts(duration=181), False),
        (["video"], Facts(duration=181), True),
        (["video"], Facts(kind=VideoKind.LIVE), False),
    ],
)
def test_kind_is_needed_if_nothing_else_decides(
    kinds: list[VideoKind], facts: Facts, is_needed: bool
) -> None:
    assert VideoFilter(kinds=kinds).needs_kind(facts) is is_needed


LANGUAGES = st.sampled_from(["en", "en-US", "de"])
FACTS = st.builds(
    Facts,
    title=st.none() | st.text(max_size=20),
    duration=st.none() | st.integers(1, 500),
    uploaded=st.none() | st.datetimes(timezones=st.just(UTC)),
    kind=st.none() | st.sampled_from(VideoKind),
    description=st.none() | st.text(max_size=20),
    language=st.none() | LANGUAGES,
    is_for_members=st.none() | st.booleans(),
)
FILTERS = st.builds(
    VideoFilter,
    include_titles=st.lists(st.text(min_size=1, max_size=3), max_size=2),
    exclude_titles=st.lists(st.text(min_size=1, max_size=3), max_size=2),
    min_duration=st.none() | st.integers(0, 200),
    max_duration=st.none() | st.integers(200, 500),
    since=st.none() | st.datetimes(timezones=st.just(UTC)),
    kinds=st.lists(st.sampled_from(VideoKind), min_size=1, unique=True),
    include_descriptions=st.lists(st.text(min_size=1, max_size=3), max_size=2),
    max_age_days=st.none() | st.floats(1, 36_600),
    languages=st.lists(LANGUAGES, max_size=2),
    members_only=st.none() | st.booleans(),
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
    moved = {"since": other.since, "newest": 3, "max_age_days": other.max_age_days}
    for later in (other, one.model_copy(update=moved)):
        if one.covers(later) and one.exclusion(facts, DAY) is not None:
            assert later.exclusion(facts, DAY + HOURS) is not None


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


def test_regular_expression_that_takes_too_long_finds_nothing() -> None:
    """It is tried three times, and then no more."""
    slow = "/(a+)+$/"
    title = "a" * 1000 + "!"
    began = time.process_time()
    for _ in range(1000):
        assert VideoFilter(include_titles=[slow]).exclusion(Facts(title=title)) is not None
        assert VideoFilter(exclude_titles=[slow]).exclusion(Facts(title=title)) is None
    assert time.process_time() - began < 100  # a thousand tries would take 200 seconds


@pytest.mark.parametrize(
    "criteria",
    [
        {"kinds": []},
        {"newest": 0},
        {"min_duration": 2, "max_duration": 1},
        {"since": DAY, "until": DAY - SECOND},
        {"include_titles": [""]},
        {"include_titles": ["x" * 201]},
        {"exclude_titles": ["/(/"]},
        {"exclude_titles": ["/(?R)/"]},
        {"exclude_titles": ["/(?:text){e<=3}/"]},
        {"exclude_titles": ["/((a{99}){99}){99}/"]},
        {"exclude_titles": ["/a{9999999999}/"]},
        {"exclude_descriptions": ["/[z-a]/"]},
        {"max_age_days": 0},
        {"languages": ["klingon!"]},
    ],
)
def test_contradictory_criteria_are_refused(criteria: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VideoFilter(**criteria)


@pytest.mark.parametrize("inside", [r"\p{Lu}{2,5}", r"\{a\}", r"a{3}|b{,4}", "[{}]", "(?i)a"])
def test_usual_regular_expressions_are_accepted(inside: str) -> None:
    assert VideoFilter(include_titles=[f"/{inside}/"]).include_titles == [f"/{inside}/"]


PARTS = ["(", ")", "[", "]", "{9}", "{2,}", "*", "+", "?", "\\", "|", "a", "^", "(?", "<", "P", "R"]


@given(st.lists(st.sampled_from(PARTS) | st.characters(), max_size=12).map("".join), st.text())
def test_any_pattern_is_refused_or_evaluated(inside: str, title: str) -> None:
    with suppress(ValidationError):
        excluded = VideoFilter(include_titles=[f"/{inside}/"]).exclusion(Facts(title=title))
        assert excluded is None or excluded.rule == "include_titles"


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
    hold: asyncio.Event | None = None
    """If set: extractions wait for it."""

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
            if self.hold is not None:
                await self.hold.wait()
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
        await sync(jobs, {"kinds": ["video", "live", "premiere"]})
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


async def test_exclusion_by_one_job_does_not_apply_to_another(
    workshop: Workshop, described: Described
) -> None:
    """Both request the video at the same time."""
    [video] = described.playlists[UPLOADS] = ids([1])
    described.kinds = {video: VideoKind.SHORT}
    described.hold = asyncio.Event()
    entries: list[str] = []
    sink = logger.add(entries.append)
    async with workshop.open() as jobs:
        request = {
            "type": "PLAYLIST_DOWNLOAD",
            "playlist_id": UPLOADS,
            "options": {"filter": {"kinds": ["video"]}},
        }
        first = await jobs.create_job(CreateJob.model_validate(request))
        await until(lambda: described.extracted == [video])
        second = await jobs.create_job(videos(video))
        await until(lambda: any("is being archived already" in entry for entry in entries))
        described.hold.set()
        assert list(skipped(await ended(jobs, first.id))) == [video]
        assert (await ended(jobs, second.id)).progress.succeeded == 1
    logger.remove(sink)
    assert workshop.download.started == [video]


async def test_video_that_youtube_shows_only_to_members_is_excluded_by_the_rule(
    workshop: Workshop, described: Described
) -> None:
    [video] = described.playlists[UPLOADS] = ids([1])
    workshop.download.failures = {video: [MembersOnly()]}
    async with workshop.open() as jobs:
        job = await sync(jobs, {"members_only": False})
        again = await sync(jobs, {"members_only": False}, full_listing=True)
        other = await sync(jobs, {}, full_listing=True)
    assert [job.results[0].rule, again.results[0].rule] == ["members_only"] * 2
    assert other.results[0].status is ResultStatus.UNAVAILABLE
    assert workshop.download.started == [video]
