"""Collects what a plan of removals is made of, from Jobs, Storage and the subscriptions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ytarchive.common.channel_lists import channel_of_list, is_own_list
from ytarchive.common.models import every_item
from ytarchive.jobs import CompareList, HeldVideo, HeldVideosQuery, KnownListsAPI, OriginsAPI
from ytarchive.retention.models import KeptReason
from ytarchive.retention.planning import (
    AppliedRule,
    HeldMedia,
    Protection,
    Situation,
    TrashedItem,
)
from ytarchive.storage import (
    MarksAPI,
    MarksQuery,
    StorageAPI,
    StoredVideo,
    TrashAPI,
    TrashQuery,
    VideoQuery,
)
from ytarchive.subscriptions import Subscription, SubscriptionsAPI, SubscriptionsQuery

_KEPT = {
    KeptReason.KEEP: "marked `keep`",
    KeptReason.REQUESTED: "requested by a user's job or download",
    KeptReason.UNKNOWN_ORIGIN: "adopted, restored, or of an origin that is not known",
}


@dataclass(frozen=True)
class RetentionClients:
    """The services that retention calls."""

    subscriptions: SubscriptionsAPI
    lists: KnownListsAPI
    origins: OriginsAPI
    storage: StorageAPI
    trash: TrashAPI
    marks: MarksAPI

    async def followed(self) -> dict[str, Subscription]:
        """Return all subscriptions by their ids."""
        pages = every_item(self.subscriptions.list_subscriptions, SubscriptionsQuery(limit=500))
        return {each.id: each async for each in pages}


async def gathered(
    clients: RetentionClients,
    rules: Sequence[AppliedRule],
    followed: Mapping[str, Subscription],
    scope: Collection[str],
) -> Situation:
    """Return what a plan of removals by some rules is made of."""
    held: dict[str, HeldVideo] = {}
    for rule in rules:
        fetch = partial(clients.origins.list_held, rule.list_id)
        async for each in every_item(fetch, HeldVideosQuery(limit=1000)):
            held[each.video_id] = each
    protections = _Protections(
        ruled={each.list_id for each in rules},
        names={each.list_id: each.title or each.list_id for each in followed.values()},
        unlisted=await _unlisted(clients, followed),
        kept=await _kept(clients),
    )
    stored = every_item(clients.storage.list_videos, VideoQuery(limit=500))
    videos = [
        _media(each, held[each.video_id], protections.of(each, held[each.video_id]))
        async for each in stored
        if each.video_id in held
    ]
    return Situation(
        rules=rules,
        videos=videos,
        trash=await _trash(clients, held),
        free_bytes=(await clients.storage.get_stats()).free_bytes,
        scope=scope,
    )


@dataclass(frozen=True)
class _Protections:
    """Finds out why videos are kept, whatever the rules say."""

    ruled: Collection[str]
    names: Mapping[str, str]
    unlisted: Collection[str]
    kept: Collection[str]

    def of(self, video: StoredVideo, held: HeldVideo) -> Protection | None:
        """Return why a video is kept; None if rules decide."""
        reason = self._of_video(video, held)
        if reason is not None:
            return Protection(reason, _KEPT[reason])
        for list_id in held.list_ids:
            if list_id not in self.ruled:
                state = "has no applied rule" if list_id in self.names else "is not followed"
                message = f"held by {self.names.get(list_id, list_id)}, which {state}"
                return Protection(KeptReason.HELD, message)
        for list_id in self.unlisted:
            if not is_own_list(list_id) or channel_of_list(list_id) == video.channel_id:
                message = f"{self.names[list_id]} may hold it, and is not listed completely yet"
                return Protection(KeptReason.NOT_LISTED, message)
        return None

    def _of_video(self, video: StoredVideo, held: HeldVideo) -> KeptReason | None:
        if video.video_id in self.kept:
            return KeptReason.KEEP
        if held.is_requested:
            return KeptReason.REQUESTED
        return KeptReason.UNKNOWN_ORIGIN if held.stored_at != video.stored_at else None


async def _unlisted(
    clients: RetentionClients, followed: Mapping[str, Subscription]
) -> dict[str, None]:
    """Return the lists of subscriptions that were not listed yet, or are about to be listed."""
    found: dict[str, None] = {}
    for each in followed.values():
        known = await clients.lists.compare_list(each.list_id, CompareList(video_ids=[]))
        if known.listed_by or not known.is_known:
            found[each.list_id] = None
    return found


async def _kept(clients: RetentionClients) -> set[str]:
    marked = every_item(clients.marks.list_marks, MarksQuery(keep=True, limit=1000))
    return {each.video_id async for each in marked}


async def _trash(clients: RetentionClients, held: Mapping[str, HeldVideo]) -> list[TrashedItem]:
    found: list[TrashedItem] = []
    async for item in every_item(clients.trash.list_trash, TrashQuery(limit=500)):
        video = held.get(item.video_id or "") if item.reason == "removed" else None
        lists = tuple(video.list_ids) if video else ()
        found.append(TrashedItem(item.id, item.size_bytes, item.moved_at, lists))
    return found


def _media(video: StoredVideo, held: HeldVideo, protection: Protection | None) -> HeldMedia:
    return HeldMedia(
        video_id=video.video_id,
        title=video.title,
        size_bytes=video.size_bytes,
        stored_at=video.stored_at,
        upload_date=video.upload_date,
        list_ids=tuple(held.list_ids),
        protection=protection,
    )
