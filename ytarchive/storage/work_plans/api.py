"""Contract of the work plans."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import OpaqueId
from ytarchive.common.models import Page
from ytarchive.common.services import ServiceName
from ytarchive.storage.work_plans.models import PlanEntry, WorkPlan, WorkPlanQuery, WorkPlanRequest


class WorkPlansAPI(Contract, Protocol):
    """Create, extend and list work plans."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("POST /storage/work-plan", status=201)
    async def create_work_plan(self, request: WorkPlanRequest) -> WorkPlan:
        """Create the work plan of a list, or of a job without a list; extend it if it exists.

        Raises NotFound for an unknown `plan_id`, Conflict if the job has another plan.
        """
        ...

    @endpoint("GET /storage/work-plans")
    async def list_work_plans(self, request: WorkPlanQuery) -> Page[PlanEntry]:
        """List all work plans, newest first."""
        ...

    @endpoint("GET /storage/work-plans/{plan_id}")
    async def get_work_plan(self, plan_id: OpaqueId) -> WorkPlan:
        """Return one work plan. Raises NotFound."""
        ...
