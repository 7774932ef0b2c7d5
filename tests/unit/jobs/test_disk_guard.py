"""The disk is checked once for videos that start together, not once for each."""

import asyncio

import pytest

from tests.unit.jobs.peers import StoragePeer
from tests.waiting import until
from ytarchive.common.errors import ArchiveMissing, NotFound
from ytarchive.jobs.guards import guards
from ytarchive.jobs.guards.guards import DiskGuard
from ytarchive.storage import StorageStats


class CountingStorage(StoragePeer):
    """Counts checks; `missing`: the archive is not in its folder."""

    checks = 0
    missing = False

    async def get_stats(self) -> StorageStats:
        self.checks += 1
        if self.missing:
            raise ArchiveMissing("the folder is empty", path="/archive")
        return await super().get_stats()


@pytest.fixture
def storage() -> CountingStorage:
    return CountingStorage()


@pytest.mark.parametrize("name", ["admit", "admit_archive"])
async def test_videos_that_start_together_share_a_check(
    name: str, storage: CountingStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "_SECONDS_GOOD", 3600.0)
    guard = DiskGuard(storage)

    for _ in range(100):
        await getattr(guard, name)()

    assert storage.checks == 1


async def test_metadata_start_on_a_full_disk_and_downloads_do_not(
    storage: CountingStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that metadata may start says nothing of the space for media."""
    monkeypatch.setattr(guards, "_SECONDS_GOOD", 3600.0)
    monkeypatch.setattr(guards, "_INTERVALS", {"disk_full": 0.0})
    guard = DiskGuard(storage)
    storage.is_full = True
    await guard.admit_archive()
    download = asyncio.create_task(guard.admit())
    await until(lambda: guard.waiting is not None)
    storage.is_full = False
    await download

    assert guard.waiting is None


async def test_the_cause_of_an_error_is_checked_each_time(
    storage: CountingStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "_SECONDS_GOOD", 3600.0)
    guard = DiskGuard(storage)
    await guard.admit_archive()
    storage.missing = True

    assert isinstance(await guard.cause_of(NotFound("no file")), ArchiveMissing)
