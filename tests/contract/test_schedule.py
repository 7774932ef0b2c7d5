"""The contract of the schedule, in process and over HTTP."""

from pathlib import Path
from typing import Any

from tests.contract.conftest import Reach
from tests.unit.jobs.conftest import Workshop
from tests.waiting import eventually
from ytarchive.common.config import load_settings
from ytarchive.common.models import utc_now
from ytarchive.common.scheduler import DutyState
from ytarchive.jobs import RegisterService, RegistryAPI, ScheduleAPI

ELSEWHERE = DutyState(service="storage", name="verification", interval=600, next_run_at=utc_now())


async def test_the_schedule_has_the_duties_of_all_processes(
    reach: Reach[Any], tmp_path: Path
) -> None:
    async with Workshop(tmp_path, load_settings()).open() as service:
        schedule: ScheduleAPI = await reach(ScheduleAPI, service.subjects()[ScheduleAPI])
        registry: RegistryAPI = await reach(RegistryAPI, service.registry)

        async def metrics() -> DutyState | None:
            duties = await schedule.get_schedule()
            return next((d for d in duties if d.name == "metrics" and d.last_run_at), None)

        own = await eventually(metrics)
        assert (own.service, own.interval, own.last_error) == ("jobs", 5, None)
        assert own.next_run_at is not None
        await registry.register_service(
            RegisterService(
                service_name="storage", url="http://127.0.0.1:9", port=9, duties=[ELSEWHERE]
            )
        )
        duties = await schedule.get_schedule()
        assert ELSEWHERE in duties
        names = [(each.service, each.name) for each in duties]
        assert names == sorted(names)
        assert {"availability", "parked videos", "work plans", "finished jobs"} < {
            each.name for each in duties if each.service == "jobs"
        }
        services = service.registry._services
        services["storage"] = services["storage"].model_copy(update={"is_healthy": False})
        await registry.remove_service("storage")
        assert ELSEWHERE not in await schedule.get_schedule()
