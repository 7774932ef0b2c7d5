"""Implements the contract of the refreshes."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, TypeAdapter

from ytarchive.common.cursors import cursor_of, values_of, video_cursor
from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.errors import NotFound
from ytarchive.common.listing import Listing, read_alone
from ytarchive.common.media import VideoMetadata
from ytarchive.common.models import Done, Page, from_micros, to_micros, utc_now
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.rows import fields_of
from ytarchive.storage.history.comparing import Verdict
from ytarchive.storage.library.descriptions import MetadataStore
from ytarchive.storage.refreshes.api import RefreshesAPI
from ytarchive.storage.refreshes.models import (
    DueQuery,
    DueRefreshes,
    LostQuery,
    LostVideo,
    RecordedRefresh,
    RefreshAnswer,
    UsedBudget,
)
from ytarchive.storage.refreshes.schedule import RETRY, next_refresh
from ytarchive.storage.store.changes import Changes
from ytarchive.storage.store.watching import WatchedOperations, databases_only

_LATEST = 2**63 - 1
_PLACE: TypeAdapter[tuple[int, str]] = TypeAdapter(
    tuple[Annotated[int, Field(ge=0, le=_LATEST)], str]
)
_FIRST = (_LATEST, "")


class RefreshesService(WatchedOperations, RefreshesAPI):
    """The refreshes of the archive's videos."""

    def __init__(
        self, database: Database, metadata: MetadataStore, changes: Changes, watch: ArchiveWatch
    ) -> None:
        super().__init__(watch)
        self._database = database
        self._metadata = metadata
        self._changes = changes

    @databases_only
    async def list_lost(self, request: LostQuery) -> Page[LostVideo]:
        since, video_id = values_of(request.cursor, _PLACE) if request.cursor else _FIRST

        async def fetch(count: int) -> list[Row]:
            values = {"since": since, "video_id": video_id, "limit": count}
            return await self._database.fetch_all("list_lost", values)

        return await _LOST.page(request.limit, fetch)

    @databases_only
    async def get_due(self, request: DueQuery) -> DueRefreshes:
        now = utc_now()
        values = {"now": to_micros(now), "limit": -(-request.limit // 2)}
        least = await self._database.fetch_all("newest_due", values)
        most = await self._database.fetch_all("oldest_due", values)
        rows = [row for pair in zip(most, least, strict=True) for row in pair]
        ids = list(dict.fromkeys(row["video_id"] for row in rows))[: request.limit]
        commented = {row["video_id"] for row in rows if row["with_comments"]}
        used = await self._database.fetch_one("get_budget", {"day": _day(now)})
        following = await self._database.fetch_one("next_refresh")
        return DueRefreshes(
            video_ids=ids,
            with_comments=[each for each in ids if each in commented],
            next_at=from_micros(following["refresh_at"]) if following else None,
            requests_today=used["requests"] if used else 0,
            units_today=used["units"] if used else 0,
        )

    @databases_only
    async def use_budget(self, request: UsedBudget) -> Done:
        values = {"day": _day(utc_now()), **request.model_dump()}

        def use(writer: Writer) -> None:
            writer.execute("use_budget", values)
            writer.execute("remove_budgets_before", values)

        await self._database.write(use)
        return Done()

    async def record_refresh(self, video_id: str, request: RefreshAnswer) -> RecordedRefresh:
        return await self._changes.run_to_end(self._record(video_id, request))

    async def _record(self, video_id: str, request: RefreshAnswer) -> RecordedRefresh:
        """Store the answer first: a refresh that is interrupted is still due."""
        async with self._changes.lock(video_id):
            row = await self._database.fetch_one("stored_time", {"video_id": video_id})
            if row is None:
                raise NotFound(f"{video_id} is not stored")
            recorded = RecordedRefresh(video_id=video_id)
            if request.metadata is not None:
                recorded = await self._save(request.metadata)
            now = utc_now()
            following = next_refresh(from_micros(row["stored_at"]), now)
            if recorded.verdict is Verdict.INCOMPLETE:
                following = min(following, now + RETRY)
            if request.retry_at is not None:
                following = min(following, request.retry_at)
            values = {"video_id": video_id, "refresh_at": to_micros(following)}
            await self._database.execute("plan_refresh", values)
        return recorded.model_copy(update={"next_at": following})

    async def _save(self, answer: VideoMetadata) -> RecordedRefresh:
        found = (await self._metadata.save(answer, with_counts=True)).comparison
        return RecordedRefresh(
            video_id=answer.video_id,
            verdict=found.verdict,
            changed=list(found.changed),
            lacks=list(found.lacks),
        )


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _name(row: Row) -> str:
    return f"video {row['video_id']}"


def _place(row: Row) -> tuple[int, str] | None:
    since, video_id = row["lost_since"], video_cursor(row["video_id"])
    return (since, video_id) if isinstance(since, int) and video_id else None


_LOST = Listing(
    name=_name,
    place=_place,
    read=read_alone(lambda row: LostVideo(**fields_of(LostVideo, row)), _name),
    cursor=lambda place: cursor_of(*place),
)
