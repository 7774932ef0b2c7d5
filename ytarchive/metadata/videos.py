"""Metadata of videos: from the cache, the Data API fifty at a time, or yt-dlp one at a time."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from loguru import logger

from ytarchive.common.errors import (
    ApiFailure,
    ApiKeyInvalid,
    Blocked,
    NotFound,
    QuotaExceeded,
    Unavailable,
    VideoUnavailable,
    WrongVideo,
    YTArchiveError,
)
from ytarchive.common.media import VideoMetadata
from ytarchive.metadata.data_api import IDS_PER_CALL, DataApi
from ytarchive.metadata.repository import MetadataCache, Outcome
from ytarchive.metadata.resources import video_metadata
from ytarchive.metadata.sharing import Collector, SharedCalls
from ytarchive.metadata.sources import Sources

log = logger.bind(service="metadata")

_CALLS_AT_ONCE = 8
_LOOKUPS = 1000
_EXTRACTIONS_AT_ONCE = 4
_FAILURES_BORNE = 3


class Videos:
    """Asks for videos, shares what is asked for twice at once, and remembers the answers."""

    def __init__(self, sources: Sources, cache: MetadataCache) -> None:
        self._sources = sources
        self._cache = cache
        self._lookups = Collector[VideoMetadata | None](self._look_up, most=_LOOKUPS, delay=0)
        self._collector = Collector[VideoMetadata](self.ask_api, most=IDS_PER_CALL)
        self._questions = SharedCalls[VideoMetadata]()
        self._extractions = SharedCalls[VideoMetadata]()

    async def close(self) -> None:
        """Give up what is under way."""
        await self._questions.close()
        await self._extractions.close()
        await self._collector.close()
        await self._lookups.close()

    async def get(self, video_id: str, *, refresh: bool) -> VideoMetadata:
        """One video. Raises what stands in the way of it."""
        # The look into the cache is shared too: who looked just before an answer was stored would
        # otherwise ask a second time.
        return await self._questions.run(
            (video_id, refresh), lambda: self._get(video_id, refresh=refresh)
        )

    async def get_many(
        self, video_ids: Sequence[str], *, refresh: bool, extract: bool
    ) -> dict[str, Outcome]:
        """Every video's outcome. One query of the cache, then the API, then yt-dlp."""
        outcomes = {} if refresh else await self._cache.known(video_ids)
        if self._sources.api is not None:
            rest = [each for each in video_ids if each not in outcomes]
            outcomes |= await self._ask_in_groups(rest)
        rest = [each for each in video_ids if self._may_extract(outcomes.get(each))]
        if extract:
            outcomes |= await self._extract_all(rest)
        else:
            outcomes |= {each: _not_asked() for each in rest}
        return outcomes

    async def check(
        self, video_ids: Sequence[str], absences: Mapping[str, Unavailable]
    ) -> dict[str, Outcome]:
        """Which of up to 50 videos exist: at most one call of the API.

        `absences` are the reasons to give for suspicious ones if they turn out to be missing; these
        are asked for even if the cache has them. Raises what the call fails with.
        """
        known = await self._cache.known(video_ids)
        trusted = {
            video_id: outcome
            for video_id, outcome in known.items()
            if video_id not in absences or isinstance(outcome, YTArchiveError)
        }
        rest = [video_id for video_id in video_ids if video_id not in trusted]
        return trusted | (await self.ask_api(rest, absences) if rest else {})

    async def ask_api(
        self, video_ids: Sequence[str], absences: Mapping[str, Unavailable] | None = None
    ) -> dict[str, Outcome]:
        """One call of the API for up to 50 videos, remembered; missing ones are unavailable."""
        resources = await self._api.videos(video_ids)
        found: list[VideoMetadata] = []
        unreadable: dict[str, Outcome] = {}
        for video_id, resource in resources.items():
            try:
                found.append(video_metadata(resource, self._cache.now()))
            except ApiFailure as error:
                unreadable[video_id] = error
        gone = {
            video_id: (absences or {}).get(video_id) or VideoUnavailable()
            for video_id in video_ids
            if video_id not in resources
        }
        return await self._cache.save(found, gone, captions_seen=False) | unreadable

    @property
    def _api(self) -> DataApi:
        if self._sources.api is None:
            raise ApiKeyInvalid("YOUTUBE_API_KEY is not set")
        return self._sources.api

    async def _get(self, video_id: str, *, refresh: bool) -> VideoMetadata:
        known = None if refresh else await self._lookups.get(video_id)
        if known is not None:
            return known
        return await self._sources.ask(
            lambda _: self._collector.get(video_id), lambda: self._extract(video_id)
        )

    async def _look_up(self, video_ids: Sequence[str]) -> dict[str, Outcome | None]:
        known = await self._cache.known(video_ids)
        return {video_id: known.get(video_id) for video_id in video_ids}

    def _may_extract(self, outcome: Outcome | None) -> bool:
        """Whether yt-dlp is the one to ask, nobody else having answered."""
        if isinstance(outcome, QuotaExceeded):
            return self._sources.extract_when_quota_spent
        return outcome is None

    async def _ask_in_groups(self, video_ids: Sequence[str]) -> dict[str, Outcome]:
        """Outcomes of any number of videos; what fails for all is not tried to the end."""
        outcomes: dict[str, Outcome] = {}
        failures: list[YTArchiveError] = []
        gate = asyncio.Semaphore(_CALLS_AT_ONCE)

        async def ask(group: Sequence[str]) -> None:
            async with gate:
                if _is_hopeless(failures):
                    outcomes.update(dict.fromkeys(group, failures[-1]))
                    return
                try:
                    outcomes.update(await self.ask_api(group))
                except YTArchiveError as error:
                    failures.append(error)
                    outcomes.update(dict.fromkeys(group, error))

        async with asyncio.TaskGroup() as tasks:
            for group in _groups(video_ids):
                tasks.create_task(ask(group))
        return outcomes

    async def _extract(self, video_id: str) -> VideoMetadata:
        return await self._extractions.run(video_id, lambda: self._extract_and_keep(video_id))

    async def _extract_and_keep(self, video_id: str) -> VideoMetadata:
        extracted = (await self._sources.extractor.extract(video_id)).metadata
        if extracted.video_id != video_id:
            raise WrongVideo(f"YouTube answered with {extracted.video_id} instead of {video_id}")
        await self._cache.save([extracted], captions_seen=True)
        return extracted

    async def _extract_all(self, video_ids: Sequence[str]) -> dict[str, Outcome]:
        """Outcomes of extractions, a few at a time; a block of the address ends them all."""
        outcomes: dict[str, Outcome] = {}
        waiting = iter(video_ids)
        blocked: list[Blocked] = []

        async def work() -> None:
            for video_id in waiting:
                try:
                    outcomes[video_id] = blocked[0] if blocked else await self._extract(video_id)
                except YTArchiveError as error:
                    outcomes[video_id] = error
                    blocked.extend([error] if isinstance(error, Blocked) else [])

        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(_EXTRACTIONS_AT_ONCE, len(video_ids))):
                tasks.create_task(work())
        return outcomes


def _is_hopeless(failures: Sequence[YTArchiveError]) -> bool:
    return len(failures) >= _FAILURES_BORNE or any(not isinstance(f, ApiFailure) for f in failures)


def _groups(video_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(video_ids), IDS_PER_CALL):
        yield video_ids[start : start + IDS_PER_CALL]


def _not_asked() -> NotFound:
    return NotFound("not in the cache, and the Data API cannot be asked now")
