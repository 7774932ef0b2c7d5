"""The schedule: duties of this process, and those that other processes reported."""

from ytarchive.common.scheduler import DutyState, Scheduler
from ytarchive.jobs.registry.service import Registry
from ytarchive.jobs.schedule.api import ScheduleAPI


class ScheduleService(ScheduleAPI):
    """Merges the duties of all processes."""

    def __init__(self, scheduler: Scheduler, registry: Registry) -> None:
        self._scheduler = scheduler
        self._registry = registry

    async def get_schedule(self) -> list[DutyState]:
        duties = {(each.service, each.name): each for each in self._registry.duties()}
        duties |= {(each.service, each.name): each for each in self._scheduler.states()}
        return [duties[name] for name in sorted(duties)]
