"""Ids of jobs and work plans on the command line: complete, their beginning, or `last`."""

from collections.abc import Sequence

from ytarchive.common.errors import InvalidIdentifier, NotFound
from ytarchive.discovery import Archive
from ytarchive.jobs import JobQuery
from ytarchive.storage import WorkPlanQuery, WorkPlansAPI

LAST = "last"

_LENGTH = 36
_SHOWN = 3


async def job_id_of(archive: Archive, given: str) -> str:
    """Return the id of the job that `given` names.

    Raises InvalidIdentifier for the beginning of several ids, NotFound for `last` without a job.
    """
    if len(given) == _LENGTH:
        return given
    if given == LAST:
        page = await archive.jobs.list_jobs(JobQuery(limit=1, expand=False))
        if not page.items:
            raise NotFound("there is no job yet")
        return page.items[0].id
    query = JobQuery(prefix=given, limit=_SHOWN + 1, expand=False)
    return _only("job", given, [job.id for job in (await archive.jobs.list_jobs(query)).items])


async def plan_id_of(archive: Archive, given: str) -> str:
    """Return the id of the work plan that `given` names; `last` is that of the newest job.

    Raises InvalidIdentifier for the beginning of several ids, NotFound for `last` without a plan.
    """
    if len(given) == _LENGTH:
        return given
    if given == LAST:
        return await _last_plan(archive)
    query = WorkPlanQuery(prefix=given, limit=_SHOWN + 1)
    page = await archive.of(WorkPlansAPI).list_work_plans(query)
    return _only("work plan", given, [plan.id for plan in page.items])


async def _last_plan(archive: Archive) -> str:
    jobs = await archive.jobs.list_jobs(JobQuery(limit=500, expand=False))
    plans = [job.work_plan_id for job in jobs.items if job.work_plan_id]
    if plans:
        return plans[0]
    page = await archive.of(WorkPlansAPI).list_work_plans(WorkPlanQuery(limit=1))
    if not page.items:
        raise NotFound("there is no work plan: no video is missing")
    return page.items[0].id


def _only(kind: str, given: str, found: Sequence[str]) -> str:
    """Return the only id with this beginning, otherwise `given`, which the service refuses."""
    if given in found:
        return given
    matching = [each for each in found if each.startswith(given)]
    if len(matching) > 1:
        more = ", …" if len(matching) > _SHOWN else ""
        names = ", ".join(matching[:_SHOWN])
        raise InvalidIdentifier(f"several {kind} ids begin with {given!r}: {names}{more}")
    return matching[0] if matching else given
