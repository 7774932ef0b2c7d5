"""Shows which entries of a list the rules of a subscription take, and why not the others."""

from collections.abc import Sequence

from ytarchive.common.media import PlaylistVideo, VideoMetadata
from ytarchive.jobs import PRECEDES, CompareList, Exclusion, KnownListsAPI, VideoFilter
from ytarchive.metadata import BatchRequest, MetadataAPI
from ytarchive.subscriptions.job_requests import chosen_first
from ytarchive.subscriptions.looking import Looker
from ytarchive.subscriptions.models import (
    FirstCheck,
    Preview,
    PreviewEntry,
    PreviewRequest,
)
from ytarchive.subscriptions.repository import Followed


class Previewer:
    """Applies rules to the newest entries of lists, without a job."""

    def __init__(self, metadata: MetadataAPI, lists: KnownListsAPI, looker: Looker) -> None:
        self._metadata = metadata
        self._lists = lists
        self._looker = looker

    async def preview(self, followed: Followed, request: PreviewRequest) -> Preview:
        """Return the first entries of a list with the decisions about them."""
        videos: list[PlaylistVideo] = []
        async for entries in self._looker.pages(followed):
            videos += entries.videos
            if len(videos) >= request.limit:
                break
        videos = videos[: request.limit]
        rules = request.filter or followed.options.filter
        reasons = dict.fromkeys(await self._preceding(followed, videos), PRECEDES)
        for each in videos:
            if reason := rules.exclusion_of_entry(each, followed.list_id):
                reasons.setdefault(each.video_id, reason)
        described = await self._described([v for v in videos if v.video_id not in reasons])
        return Preview(
            entries=[_entry(each, reasons.get(each.video_id), described, rules) for each in videos]
        )

    async def _preceding(self, followed: Followed, videos: Sequence[PlaylistVideo]) -> list[str]:
        if followed.first is FirstCheck.ALL:
            return []
        ids = [each.video_id for each in videos]
        if not followed.is_begun:
            chosen = chosen_first(followed, videos)
            return [each for each in ids if each not in chosen]
        compared = await self._lists.compare_list(followed.list_id, CompareList(video_ids=ids))
        return compared.preceding

    async def _described(self, videos: Sequence[PlaylistVideo]) -> dict[str, VideoMetadata]:
        """Return the metadata that is known without a request for each video."""
        ids = [each.video_id for each in videos if each.is_available]
        if not ids:
            return {}
        found = await self._metadata.get_batch(BatchRequest(video_ids=ids, extract=False))
        return {each.video_id: each for each in found.found}


def _entry(
    video: PlaylistVideo,
    excluded: Exclusion | None,
    described: dict[str, VideoMetadata],
    rules: VideoFilter,
) -> PreviewEntry:
    known = described.get(video.video_id)
    if excluded is None and known is not None:
        excluded = rules.exclusion_of_video(known)
    return PreviewEntry(
        video_id=video.video_id,
        title=video.title or (known.title if known else ""),
        is_taken=excluded is None,
        rule=excluded and excluded.rule,
        reason=excluded and excluded.reason,
        is_certain=excluded is not None or known is not None or not rules.has_criteria,
    )
