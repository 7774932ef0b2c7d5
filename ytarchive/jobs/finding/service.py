"""Implements the contract of short ids."""

from collections.abc import Awaitable, Callable, Sequence

from ytarchive.common.errors import InvalidIdentifier, NotFound
from ytarchive.common.models import Page
from ytarchive.jobs.finding.api import FoundId, ShortIdsAPI
from ytarchive.jobs.queue.models import Job, JobQuery
from ytarchive.storage import WorkPlanQuery, WorkPlansAPI

_LAST = "last"
_SHOWN = 3


class ShortIdsService(ShortIdsAPI):
    """Finds ids in the lists of jobs and work plans."""

    def __init__(
        self, list_jobs: Callable[[JobQuery], Awaitable[Page[Job]]], plans: WorkPlansAPI
    ) -> None:
        self._list_jobs = list_jobs
        self._plans = plans

    async def find_job(self, short_id: str) -> FoundId:
        if short_id == _LAST:
            page = await self._list_jobs(JobQuery(limit=1, expand=False))
            if not page.items:
                raise NotFound("there is no job yet")
            return FoundId(id=page.items[0].id)
        query = JobQuery(prefix=short_id, limit=_SHOWN + 1, expand=False)
        return _only("job", short_id, [job.id for job in (await self._list_jobs(query)).items])

    async def find_work_plan(self, short_id: str) -> FoundId:
        if short_id == _LAST:
            return await self._last_plan()
        query = WorkPlanQuery(prefix=short_id, limit=_SHOWN + 1)
        page = await self._plans.list_work_plans(query)
        return _only("work plan", short_id, [plan.id for plan in page.items])

    async def _last_plan(self) -> FoundId:
        jobs = await self._list_jobs(JobQuery(limit=500, expand=False))
        plans = [job.work_plan_id for job in jobs.items if job.work_plan_id]
        if not plans:
            newest = await self._plans.list_work_plans(WorkPlanQuery(limit=1))
            plans = [plan.id for plan in newest.items]
        if not plans:
            raise NotFound("there is no work plan: no video is missing")
        return FoundId(id=plans[0])


def _only(kind: str, short_id: str, found: Sequence[str]) -> FoundId:
    """Return the only id with this beginning."""
    if not found:
        raise NotFound(f"there is no {kind} {short_id}")
    if len(found) > 1 and short_id not in found:
        more = ", …" if len(found) > _SHOWN else ""
        names = ", ".join(found[:_SHOWN])
        raise InvalidIdentifier(f"several {kind} ids begin with {short_id!r}: {names}{more}")
    return FoundId(id=short_id if short_id in found else found[0])
