"""A synchronisation of views that is killed at steps of every kind."""

import sys
from pathlib import Path

from tests.unit.storage.samples import listed, run
from tests.unit.storage.views.crash_rounds import VIEWS
from tests.unit.storage.views.test_views import sync
from ytarchive.common.config import StorageConfig
from ytarchive.storage.service import StorageService


async def test_synchronisation_killed_at_a_step_is_completed_by_the_next_one(
    tmp_path: Path,
) -> None:
    """Views of all policies are then as those of a round that was not killed."""
    driver = (sys.executable, "-m", "tests.unit.storage.views.crash_rounds")
    rounds = int(run(*driver, str(tmp_path)))
    assert rounds > 10
    complete = shown(tmp_path / str(rounds + 1))
    assert len(complete) > 20
    for number in range(1, rounds + 1):
        storage = await StorageService.open(StorageConfig(base_path=tmp_path / str(number)))
        for name in VIEWS:
            report = await sync(storage, name)
            assert (report.foreign, report.blocked) == (0, [])
        await storage.close()
        assert shown(tmp_path / str(number)) == complete


def shown(base: Path) -> list[str]:
    """Return the files and folders of all views."""
    return [f"{name}/{path}" for name in VIEWS for path in listed(base / name)]
