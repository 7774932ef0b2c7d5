"""Metadata of videos, from the cache, the Data API or, one at a time, yt-dlp."""

import asyncio
from collections.abc import Mapping, Sequence

from ytarchive.common import errors
from ytarchive.common.media import VideoMetadata
from ytarchive.metadata.api_videos import ApiVideos
from ytarchive.metadata.repository import MetadataCache, Outcome
from ytarchive.metadata.sharing import Collector, SharedCalls
from ytarchive.metadata.sources import Sources, with_hint


class Videos:
    """Requests videos, merges simultaneous requests for the same video, and caches answers."""

    def __init__(self, sources: Sources, cache: MetadataCache, by_api: ApiVideos) -> None:
        self._sources = sources
        self._cache = cache
        self._lookups = Collector[VideoMetadata | None](self._look_up, most=1000, delay=0)
        self._by_api = by_api
        self._calls = SharedCalls[VideoMetadata]()
        self._extractions = SharedCalls[VideoMetadata]()

    async def close(self) -> None:
        """Give up what is under way."""
        await self._calls.close()
        await self._extractions.close()
        await self._by_api.close()
        await self._lookups.close()

    async def get(self, video_id: str, *, refresh: bool, extract: bool) -> VideoMetadata:
        """Return one video; `extract`: by yt-dlp. Raises the reason why it is unavailable."""
        # The cache query is shared too: a caller whose query ran just before an answer was stored
        # would otherwise send a second request.
        return await self._calls.run(
            (video_id, refresh, extract),
            lambda: self._get(video_id, refresh=refresh, extract=extract),
        )

    async def get_many(
        self, video_ids: Sequence[str], *, refresh: bool, extract: bool
    ) -> dict[str, Outcome]:
        """Return the outcome of every video: from the cache, then the API, then yt-dlp."""
        outcomes = {} if refresh else await self._cache.known(video_ids)
        if self._sources.api is not None:
            rest = [each for each in video_ids if each not in outcomes]
            outcomes |= await self._by_api.ask_many(rest)
        wanted = [each for each in video_ids if self._may_extract(outcomes.get(each))]
        if extract:
            return outcomes | _with_hints(await self._extract_all(wanted), outcomes)
        unanswered = [each for each in wanted if not _is_answer(outcomes.get(each))]
        not_asked = errors.NotFound("not in the cache, and the Data API cannot be used now")
        return outcomes | dict.fromkeys(unanswered, not_asked)

    async def _get(self, video_id: str, *, refresh: bool, extract: bool) -> VideoMetadata:
        known = None if refresh else await self._known(video_id)
        if known is not None:
            return known
        if extract:
            return await self._extract(video_id)
        return await self._sources.ask(
            lambda _: self._by_api.get(video_id), lambda: self._extract(video_id)
        )

    async def _known(self, video_id: str) -> VideoMetadata | None:
        """Return fresh metadata. Where the Data API refused it lately, yt-dlp answers."""
        try:
            return await self._lookups.get(video_id)
        except errors.Unavailable as hint:
            return await with_hint(lambda: self._extract(video_id), hint)

    async def _look_up(self, video_ids: Sequence[str]) -> dict[str, Outcome | None]:
        known = await self._cache.known(video_ids)
        return {video_id: known.get(video_id) for video_id in video_ids}

    def _may_extract(self, outcome: Outcome | None) -> bool:
        """Return whether to use yt-dlp: without a complete answer of the Data API."""
        if isinstance(outcome, errors.QuotaExceeded):
            return self._sources.extract_when_quota_spent
        return outcome is None or _is_answer(outcome)

    async def _extract(self, video_id: str) -> VideoMetadata:
        return await self._extractions.run(video_id, lambda: self._extract_and_keep(video_id))

    async def _extract_and_keep(self, video_id: str) -> VideoMetadata:
        extracted = (await self._sources.extractor.extract(video_id)).metadata
        if extracted.video_id != video_id:
            raise errors.WrongVideo(
                f"YouTube answered with {extracted.video_id} instead of {video_id}"
            )
        await self._cache.save([extracted], captions_seen=True)
        return extracted

    async def _extract_all(self, video_ids: Sequence[str]) -> dict[str, Outcome]:
        """Return the outcomes of extractions, a few at a time; a block ends all of them."""
        outcomes: dict[str, Outcome] = {}
        waiting = iter(video_ids)
        blocked: list[errors.Blocked] = []

        async def work() -> None:
            for video_id in waiting:
                try:
                    outcomes[video_id] = blocked[0] if blocked else await self._extract(video_id)
                except errors.YTArchiveError as error:
                    outcomes[video_id] = error
                    blocked.extend([error] if isinstance(error, errors.Blocked) else [])

        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(4, len(video_ids))):
                tasks.create_task(work())
        return outcomes


def _is_answer(outcome: Outcome | None) -> bool:
    """Return whether the Data API answered for the video, but without its metadata."""
    return isinstance(outcome, errors.Unavailable | errors.ApiAnswerIncomplete)


def _with_hints(extracted: dict[str, Outcome], known: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """Return the outcomes of extractions, with the Data API's reasons where yt-dlp has none."""
    hints = {each: hint for each, hint in known.items() if isinstance(hint, errors.Unavailable)}
    return {
        video_id: hints.get(video_id, outcome)
        if isinstance(outcome, errors.VideoUnavailable)
        else outcome
        for video_id, outcome in extracted.items()
    }
