"""Refreshes videos: by the Data API, fifty for each call, or by yt-dlp, one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.media import VideoMetadata
from ytarchive.common.models import ErrorDetail, utc_now
from ytarchive.metadata import BatchRequest, MetadataAPI, MissingVideo, VideoMetadataQuery
from ytarchive.refreshing.comments import Comments
from ytarchive.refreshing.models import RefreshedVideo, RefreshOutcome, RefreshReport
from ytarchive.refreshing.turns import Turns
from ytarchive.storage import (
    DueQuery,
    DueRefreshes,
    RecordedRefresh,
    RefreshAnswer,
    RefreshesAPI,
    StorageAPI,
    UsedBudget,
)

log = logger.bind(service="jobs")

_IDS_PER_CALL = 50
_RETRY = timedelta(days=1)
_OWN_CAUSES = (
    errors.Blocked,
    errors.NetworkFailure,
    errors.QuotaExceeded,
    errors.DataApiError,
    errors.ServiceError,
    errors.LocalError,
)
"""Failures that are not caused by the video: its refresh stays due."""


class Findings(Protocol):
    """Receives evidence of availability."""

    async def seen_available(self, video_id: str) -> None:
        """Record that a video is available."""
        ...

    async def seen_unavailable(self, video_id: str, error: errors.Unavailable) -> None:
        """Record why a video is unavailable."""
        ...


@dataclass(frozen=True)
class Refresher:
    """Requests metadata and records the answers; each answer is recorded before the next request.

    So after a kill only the requests that were active are repeated.
    """

    turns: Turns
    metadata: MetadataAPI
    storage: StorageAPI
    refreshes: RefreshesAPI
    findings: Findings
    comments: Comments

    async def run(self, limit: int) -> RefreshReport:
        """Refresh due videos, at most `limit`, until none is due or all wait."""
        done: list[RefreshedVideo] = []
        tried: set[str] = set()
        try:
            await self.storage.get_stats()  # raises ArchiveMissing
            waiting = await self.turns.paused()
            while waiting is None and len(done) < limit:
                due = await self.refreshes.get_due(DueQuery(limit=_IDS_PER_CALL + len(tried)))
                ids = [each for each in due.video_ids if each not in tried]
                ids = ids[: min(limit - len(done), _IDS_PER_CALL)]
                if not ids:
                    break
                tried.update(ids)
                waiting = await self._refresh(ids, due, done)
        except _OWN_CAUSES as error:
            waiting = error.message
        return RefreshReport(refreshed=done, waiting_for=waiting)

    async def refresh_named(self, video_ids: Sequence[str]) -> RefreshReport:
        """Refresh videos that a user names. Raises NotFound, or why no request is sent."""
        for video_id in video_ids:
            if not (await self.storage.video_exists(video_id)).exists:
                raise errors.NotFound(f"{video_id} is not stored")
        paused = await self.turns.paused()
        if paused is not None:
            raise errors.RequestsPaused(paused)
        return RefreshReport(refreshed=[await self._extract(each) for each in video_ids])

    async def _refresh(
        self, ids: list[str], due: DueRefreshes, done: list[RefreshedVideo]
    ) -> str | None:
        """Refresh some videos; return why the others wait.

        Videos that the Data API does not return are extracted, because only yt-dlp gets the reason,
        and so are videos with comments, because their download uses the extraction.
        """
        by_api = await self.turns.by_api(due)
        if by_api:
            commented = set(due.with_comments)
            few = [each for each in ids if each not in commented]
            rest = await self._by_api(few, done) if few else []
            ids = [each for each in ids if each in commented or each in rest]
        for video_id in ids:
            used = await self.refreshes.get_due(DueQuery(limit=0))
            paused = await self.turns.paused()
            waiting = paused or await self.turns.by_yt_dlp(used)
            if waiting is not None:
                return paused if by_api else waiting
            done.append(await self._extract(video_id))
        return None

    async def _by_api(self, ids: list[str], done: list[RefreshedVideo]) -> list[str]:
        """Refresh some videos by one call; return those that the Data API does not have."""
        await self.refreshes.use_budget(UsedBudget(units=1))
        request = BatchRequest(video_ids=ids, refresh=True, extract=False)
        answers = await self.metadata.get_batch(request)
        for found in answers.found:
            done.append(await self._found(found))  # noqa: PERF401  # a later failure keeps it
        for missing in answers.missing:
            error = _error_of(missing)
            if isinstance(error, errors.NotFound):  # the API was not called
                raise errors.QuotaExceeded(missing.message)
            if isinstance(error, _OWN_CAUSES) and not isinstance(error, errors.ApiAnswerIncomplete):
                raise error
        return [each.video_id for each in answers.missing]

    async def _extract(self, video_id: str) -> RefreshedVideo:
        """Refresh a video by yt-dlp. Raises a failure that the video did not cause."""
        await self.refreshes.use_budget(UsedBudget(requests=1))
        query = VideoMetadataQuery(refresh=True, extract=True)
        try:
            found = await self.metadata.get_video(video_id, query)
        except errors.Unavailable as error:
            await self.findings.seen_unavailable(video_id, error)
            return await self._without_answer(video_id, RefreshOutcome.UNAVAILABLE, error)
        except _OWN_CAUSES:
            raise
        except errors.YTArchiveError as error:
            return await self._without_answer(video_id, RefreshOutcome.FAILED, error)
        await self.comments.refresh(video_id)
        return await self._found(found)

    async def _found(self, metadata: VideoMetadata) -> RefreshedVideo:
        video_id = metadata.video_id
        recorded = await self._record(video_id, RefreshAnswer(metadata=metadata))
        await self.findings.seen_available(video_id)
        if recorded.changed:
            log.info("{}: changed on YouTube: {}", video_id, ", ".join(recorded.changed))
        return RefreshedVideo(
            video_id=video_id,
            outcome=RefreshOutcome(recorded.verdict or RefreshOutcome.UNCHANGED),
            changed=recorded.changed,
            lacks=recorded.lacks,
            next_at=recorded.next_at,
        )

    async def _record(self, video_id: str, answer: RefreshAnswer) -> RecordedRefresh:
        try:
            return await self.refreshes.record_refresh(video_id, answer)
        except errors.NotFound:  # it was removed meanwhile
            return RecordedRefresh(video_id=video_id)

    async def _without_answer(
        self, video_id: str, outcome: RefreshOutcome, error: errors.YTArchiveError
    ) -> RefreshedVideo:
        is_evidence = outcome is RefreshOutcome.UNAVAILABLE
        answer = RefreshAnswer(retry_at=None if is_evidence else utc_now() + _RETRY)
        recorded = await self._record(video_id, answer)
        return RefreshedVideo(
            video_id=video_id, outcome=outcome, message=error.message, next_at=recorded.next_at
        )


def _error_of(missing: MissingVideo) -> errors.YTArchiveError:
    return errors.error_from(ErrorDetail(code=missing.error_code, message=missing.message))
