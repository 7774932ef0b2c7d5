"""Implements the contract of the origins."""

import json

from ytarchive.common.cursors import video_cursor
from ytarchive.common.database import Database, Row
from ytarchive.common.listing import Listing, read_alone
from ytarchive.common.models import Page
from ytarchive.common.rows import fields_of
from ytarchive.jobs.origins.api import (
    HeldVideo,
    HeldVideosQuery,
    OriginsAPI,
    RequestedQuery,
    RequestedVideos,
)


class OriginsService(OriginsAPI):
    """The origins of videos in jobs.db."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_held(self, list_id: str, request: HeldVideosQuery) -> Page[HeldVideo]:
        async def fetch(count: int) -> list[Row]:
            values = {"list_id": list_id, "after": request.cursor or "", "limit": count}
            rows = await self._database.fetch_all("held_videos", values)
            return sorted(rows, key=lambda row: str(row["video_id"]))

        return await _HELD.page(request.limit, fetch)

    async def find_requested(self, request: RequestedQuery) -> RequestedVideos:
        values = {"ids": json.dumps(request.video_ids)}
        rows = await self._database.fetch_all("requested_among", values)
        return RequestedVideos(video_ids=[row["video_id"] for row in rows])


def _held(row: Row) -> HeldVideo:
    fields = fields_of(HeldVideo, row) | {"list_ids": json.loads(row["list_ids"])}
    return HeldVideo.model_validate(fields)


def _name(row: Row) -> str:
    return f"video {row['video_id']} of a list"


_HELD = Listing(
    name=_name, place=lambda row: video_cursor(row["video_id"]), read=read_alone(_held, _name)
)
