"""The contract of the governor, in process and over HTTP."""

from pathlib import Path
from typing import Any

from tests.contract.conftest import Reach
from tests.unit.jobs.conftest import Workshop
from ytarchive.common.config import load_settings
from ytarchive.jobs import GovernorAPI


async def test_the_governor_is_shown_paused_and_resumed(reach: Reach[Any], tmp_path: Path) -> None:
    async with Workshop(tmp_path, load_settings()).open() as jobs:
        governor: GovernorAPI = await reach(GovernorAPI, jobs.governor)
        assert (await governor.get_governor()).paused_at is None
        assert (await governor.pause_governor()).paused_at is not None
        assert (await governor.get_governor()).paused_at is not None
        resumed = await governor.resume_governor()

    assert (resumed.paused_at, resumed.state) == (None, "closed")
