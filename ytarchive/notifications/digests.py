"""Observers that report many videos by one notification."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from ytarchive.common.models import every_item, utc_now
from ytarchive.common.notification_settings import NotificationKind
from ytarchive.notifications.models import Message
from ytarchive.retention import RemovalsQuery, RetentionAPI, RetentionRemoval
from ytarchive.storage import StorageAPI, StoredVideo, VideoQuery

_TITLES = 20
_MOST_VIDEOS = 10_000

Seen = dict[str, Any]


class NewVideos:
    """Reports stored videos as a digest."""

    name: ClassVar[str] = "new videos"
    kinds: ClassVar[frozenset[NotificationKind]] = frozenset({NotificationKind.NEW_VIDEOS})

    def __init__(self, storage: StorageAPI, every: timedelta) -> None:
        self._storage = storage
        self._every = every

    async def observe(self, seen: Seen | None) -> tuple[Seen, list[Message]]:
        """Report the videos that were stored since the last digest, if the next one is due."""
        now = utc_now()
        if seen is None:
            return {"until": now.isoformat()}, []
        since = datetime.fromisoformat(seen["until"])
        if now - since < self._every:
            return seen, []
        videos: list[StoredVideo] = []
        async for video in every_item(self._storage.list_videos, VideoQuery(limit=500)):
            if video.stored_at <= since or len(videos) >= _MOST_VIDEOS:
                break
            if video.stored_at <= now:
                videos.append(video)
        return {"until": now.isoformat()}, [_digest(videos)] if videos else []


def _digest(videos: list[StoredVideo]) -> Message:
    lines = [f"{each.channel_title}: {each.title} [{each.video_id}]" for each in videos]
    megabytes = sum(each.size_bytes for each in videos) / 1e6
    title = f"{_counted(videos)} stored ({megabytes:,.1f} MB)"
    return Message(NotificationKind.NEW_VIDEOS, title, "\n".join(_shortened(lines)))


class RemovedVideos:
    """Reports the videos that retention rules removed."""

    name: ClassVar[str] = "removed videos"
    kinds: ClassVar[frozenset[NotificationKind]] = frozenset({NotificationKind.VIDEOS_REMOVED})

    def __init__(self, retention: RetentionAPI) -> None:
        self._retention = retention

    async def observe(self, seen: Seen | None) -> tuple[Seen, list[Message]]:
        """Report the removals since the last run."""
        now = utc_now()
        state = {"until": now.isoformat()}
        if seen is None:
            return state, []
        since = datetime.fromisoformat(seen["until"])
        removed: list[RetentionRemoval] = []
        async for each in every_item(self._retention.list_removals, RemovalsQuery(limit=500)):
            if each.removed_at <= since or len(removed) >= _MOST_VIDEOS:
                break
            if each.removed_at <= now:
                removed.append(each)
        return state, [_removals(removed)] if removed else []


def _removals(removed: Sequence[RetentionRemoval]) -> Message:
    lines = [
        f"{each.subscription_title}: {each.title} [{each.video_id}], {each.reason}"
        for each in removed
    ]
    title = f"{_counted(removed)} moved to the trash by retention"
    body = "\n".join([*_shortened(lines), "Restore one: ytarchive trash restore ITEM"])
    return Message(NotificationKind.VIDEOS_REMOVED, title, body)


def _shortened(lines: list[str]) -> list[str]:
    rest = len(lines) - _TITLES
    return [*lines[:_TITLES], f"and {rest:,} more"] if rest > 0 else lines


def _counted(videos: Sequence[object]) -> str:
    return "1 video" if len(videos) == 1 else f"{len(videos):,} videos"
