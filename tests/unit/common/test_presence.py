"""Checks that the archive is present: shared, and never older than the request."""

import asyncio
from pathlib import Path

import pytest

from ytarchive.common.errors import ArchiveMissing
from ytarchive.common.identity import IDENTITY_FILE, create_identity, new_identity
from ytarchive.common.presence import ArchiveWatch, Presence


class CountedPresence(Presence):
    looks = 0

    def require(self) -> None:
        self.looks += 1
        super().require()


@pytest.fixture
def presence(tmp_path: Path) -> CountedPresence:
    identity = create_identity(tmp_path, new_identity())
    return CountedPresence(tmp_path, identity.id)


async def test_concurrent_checks_share_one_read(presence: CountedPresence) -> None:
    await asyncio.gather(*(presence.check() for _ in range(50)))
    assert presence.looks == 1


async def test_every_caller_gets_archive_missing(presence: CountedPresence) -> None:
    (presence.base / IDENTITY_FILE).unlink()
    outcomes = await asyncio.gather(*(presence.check() for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [ArchiveMissing] * 3


async def test_a_check_sees_what_happened_before_it(presence: CountedPresence) -> None:
    earlier = asyncio.create_task(presence.check())
    await asyncio.sleep(0)  # it has begun
    (presence.base / IDENTITY_FILE).unlink()
    with pytest.raises(ArchiveMissing):
        await presence.check()
    await asyncio.gather(earlier, return_exceptions=True)


@pytest.mark.parametrize(("writes", "looks"), [(True, 2), (False, 1)])
async def test_writing_is_checked_before_and_after_and_reading_only_after(
    presence: CountedPresence, writes: bool, looks: int
) -> None:
    async with ArchiveWatch(presence).checked(writes=writes):
        assert presence.looks == looks - 1
    assert presence.looks == looks


@pytest.mark.parametrize("writes", [True, False])
async def test_an_archive_that_disappears_meanwhile_explains_the_error(
    presence: CountedPresence, writes: bool
) -> None:
    async def reads_a_missing_file() -> None:
        async with ArchiveWatch(presence).checked(writes=writes):
            (presence.base / IDENTITY_FILE).unlink()
            raise FileNotFoundError("videos")

    with pytest.raises(ArchiveMissing):
        await reads_a_missing_file()
