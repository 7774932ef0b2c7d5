"""Implements the contract of the known lists."""

from ytarchive.common.database import Database
from ytarchive.common.models import Done, utc_now
from ytarchive.jobs.limits.rules import RuleLimits
from ytarchive.jobs.planning.api import (
    CompareList,
    KnownListsAPI,
    ListComparison,
    PrecedingVideos,
)
from ytarchive.jobs.planning.lists import ListRecords


class KnownListsService(KnownListsAPI):
    """The lists in jobs.db."""

    def __init__(self, database: Database) -> None:
        self._records = ListRecords(database)
        self._limits = RuleLimits(database)

    async def compare_list(self, list_id: str, request: CompareList) -> ListComparison:
        # The jobs are read first: one that ends meanwhile has recorded its entries.
        listed_by = await self._records.jobs_that_list(list_id)
        recorded = await self._records.recorded(list_id, request.video_ids)
        return ListComparison(
            unknown=[each for each in request.video_ids if each not in recorded],
            preceding=[each for each, precedes in recorded.items() if precedes],
            is_known=await self._records.get(list_id) is not None,
            listed_by=listed_by,
            starts_at=await self._records.next_start(request.video_ids, utc_now()),
            held_back=request.job_id is not None and await self._limits.may_resume(request.job_id),
        )

    async def record_preceding(self, list_id: str, request: PrecedingVideos) -> Done:
        ids = list(dict.fromkeys(request.video_ids))
        await self._records.record_preceding(list_id, ids, request.since, utc_now())
        return Done()
