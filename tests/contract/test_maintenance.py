"""The maintenance of an open archive, in process and over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import Reach
from tests.unit.cli.peers import Peers, peers
from tests.unit.storage.samples import save_request, stage
from ytarchive.common.config import Settings, load_settings
from ytarchive.common.errors import FolderNotAllowed
from ytarchive.maintenance import BackupRequest, MaintenanceAPI, Verdict
from ytarchive.maintenance.service import MaintenanceService
from ytarchive.storage import Access, open_identity
from ytarchive.storage.service import StorageService


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    storage = {"base_path": tmp_path / "archive", "allowed_roots": [tmp_path / "backups"]}
    settings = load_settings(storage=storage, network={"proxy": "http://127.0.0.1:9"})
    open_identity(settings.storage, Access.CREATE)
    return settings


@pytest.fixture
def services() -> Peers:
    return peers("http://127.0.0.1:8000")


@pytest.fixture
async def maintenance(
    reach: Reach[Any], settings: Settings, services: Peers
) -> AsyncIterator[MaintenanceAPI]:
    storage = await StorageService.open(settings.storage)
    await storage.save_video(save_request(stage(settings.storage)))
    service = MaintenanceService(settings, storage.rebuild, services.of)
    yield await reach(MaintenanceAPI, service)
    await storage.close()


async def test_rebuild_tells_what_was_found_and_how_much_evidence_was_restored(
    maintenance: MaintenanceAPI, services: Peers
) -> None:
    services.availability.restored = 2
    rebuilt = await maintenance.rebuild()
    assert (rebuilt.videos, rebuilt.availability, rebuilt.problems) == (1, 2, 0)


async def test_backup_is_made_below_an_allowed_folder_alone(
    maintenance: MaintenanceAPI, tmp_path: Path
) -> None:
    made = await maintenance.back_up(BackupRequest(folder=str(tmp_path / "backups" / "daily")))
    assert Path(made.path).parent == tmp_path / "backups" / "daily"
    assert "library.db" in {each.name for each in made.manifest.databases}
    with pytest.raises(FolderNotAllowed, match=r"storage\.allowed_roots"):
        await maintenance.back_up(BackupRequest(folder=str(tmp_path)))
    assert not await asyncio.to_thread(lambda: list(tmp_path.glob("2*")))


async def test_server_checks_itself_and_its_services(maintenance: MaintenanceAPI) -> None:
    diagnosis = await maintenance.diagnose()
    verdicts = {each.name: each.verdict for each in diagnosis.checks}
    assert verdicts["server"] is verdicts["database"] is verdicts["disk"] is Verdict.OK
    assert verdicts["network"] is Verdict.FAIL
    assert not diagnosis.ok
