"""The contract of the governor, in process and over HTTP."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import Reach
from tests.unit.jobs.conftest import Workshop
from ytarchive.common.config import load_settings
from ytarchive.common.errors import InvalidRequest
from ytarchive.common.models import utc_now
from ytarchive.jobs import GovernorAPI, PauseRequest


async def test_the_governor_is_shown_paused_and_resumed(reach: Reach[Any], tmp_path: Path) -> None:
    async with Workshop(tmp_path, load_settings()).open() as jobs:
        governor: GovernorAPI = await reach(GovernorAPI, jobs.governor)
        assert (await governor.get_governor()).paused_at is None
        assert (await governor.pause_governor()).paused_at is not None
        assert (await governor.get_governor()).paused_at is not None
        resumed = await governor.resume_governor()

        until = (utc_now() + timedelta(hours=1)).replace(microsecond=0)
        limited = await governor.pause_governor(PauseRequest(until=until, reason="a backup"))
        health = await jobs.health()
        with pytest.raises(InvalidRequest, match="in the past"):
            await governor.pause_governor(PauseRequest(until=utc_now() - timedelta(hours=1)))
        assert (await governor.get_governor()).paused_until == until

    assert (limited.paused_until, limited.pause_reason) == (until, "a backup")
    assert "a backup" in (health.waiting_for or "")
    assert health.is_healthy
    assert (resumed.paused_at, resumed.state) == (None, "closed")
