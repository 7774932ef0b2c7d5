"""Videos by the Data API: fifty per call; answers are cached."""

import asyncio
from collections.abc import Mapping, Sequence

from ytarchive.common import errors
from ytarchive.common.media import VideoMetadata
from ytarchive.metadata.data_api.client import IDS_PER_CALL, DataApi
from ytarchive.metadata.data_api.resources import video_metadata
from ytarchive.metadata.repository import MetadataCache, Outcome
from ytarchive.metadata.sharing import Collector


class ApiVideos:
    """Calls `videos.list`. Without a key every call is refused."""

    def __init__(self, api: DataApi | None, cache: MetadataCache) -> None:
        self._api = api
        self._cache = cache
        self._collector = Collector[VideoMetadata](self.ask, most=IDS_PER_CALL)
        self._hints: dict[str, errors.Unavailable] = {}

    async def close(self) -> None:
        """Cancel running calls."""
        await self._collector.close()

    def hint(self, absences: Mapping[str, errors.Unavailable]) -> None:
        """Record the reasons to report if videos that a list shows as dead are missing."""
        self._hints |= absences
        for oldest in list(self._hints)[:-1000]:
            del self._hints[oldest]

    async def get(self, video_id: str) -> VideoMetadata:
        """Return one video; requests within ten milliseconds share one call."""
        return await self._collector.get(video_id)

    async def ask(
        self, video_ids: Sequence[str], absences: Mapping[str, errors.Unavailable] | None = None
    ) -> dict[str, Outcome]:
        """Call the API for up to 50 videos and cache the answers; missing ones are unavailable."""
        if self._api is None:
            raise errors.ApiKeyInvalid("YOUTUBE_API_KEY is not set")
        resources = await self._api.videos(video_ids)
        found: list[VideoMetadata] = []
        unreadable: dict[str, Outcome] = {}
        for video_id, resource in resources.items():
            try:
                found.append(video_metadata(resource, self._cache.now()))
            except errors.ApiFailure as error:
                unreadable[video_id] = error
        gone = {
            video_id: (absences or self._hints).get(video_id) or errors.VideoUnavailable()
            for video_id in video_ids
            if video_id not in resources
        }
        return await self._cache.save(found, gone, captions_seen=False) | unreadable

    async def ask_many(self, video_ids: Sequence[str]) -> dict[str, Outcome]:
        """Request any number of videos, in calls of fifty; stop at an error that affects all."""
        outcomes: dict[str, Outcome] = {}
        failures: list[errors.YTArchiveError] = []
        gate = asyncio.Semaphore(8)

        async def ask_group(group: Sequence[str]) -> None:
            async with gate:
                if _is_hopeless(failures):
                    outcomes.update(dict.fromkeys(group, failures[-1]))
                    return
                try:
                    outcomes.update(await self.ask(group))
                except errors.YTArchiveError as error:
                    failures.append(error)
                    outcomes.update(dict.fromkeys(group, error))

        async with asyncio.TaskGroup() as tasks:
            for start in range(0, len(video_ids), IDS_PER_CALL):
                tasks.create_task(ask_group(video_ids[start : start + IDS_PER_CALL]))
        return outcomes

    async def check(
        self, video_ids: Sequence[str], absences: Mapping[str, errors.Unavailable]
    ) -> dict[str, Outcome]:
        """Return which of up to 50 videos exist, with at most one call of the API.

        `absences` are the reasons to report if suspicious videos are missing; these videos are
        requested even if they are cached. Raises the error of the call.
        """
        known = await self._cache.known(video_ids)
        trusted = {
            video_id: outcome
            for video_id, outcome in known.items()
            if video_id not in absences or isinstance(outcome, errors.YTArchiveError)
        }
        rest = [video_id for video_id in video_ids if video_id not in trusted]
        return trusted | (await self.ask(rest, absences) if rest else {})


def _is_hopeless(failures: Sequence[errors.YTArchiveError]) -> bool:
    return len(failures) >= 3 or any(not isinstance(f, errors.ApiFailure) for f in failures)
