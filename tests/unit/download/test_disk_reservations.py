"""Running downloads never reserve the same space twice."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from ytarchive.common.errors import DiskFull
from ytarchive.download.attempts import DiskReservations


class Disk:
    """A disk of a configured size."""

    free = 1000


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    usage = lambda _: SimpleNamespace(free=disk.free, total=100_000)  # noqa: E731  # shorter than a function
    monkeypatch.setattr("shutil.disk_usage", usage)
    return disk


def nothing() -> int:
    return 0


def test_reserved_space_is_not_available_to_others(disk: Disk, tmp_path: Path) -> None:
    room = DiskReservations(tmp_path, min_free=100)
    room.claim("a", 600, nothing)
    with pytest.raises(DiskFull) as raised:
        room.claim("b", 301, nothing)
    assert raised.value.details == {"needed_bytes": 301, "free_bytes": 300}
    room.claim("c", 300, nothing)
    room.release("a")
    room.claim("b", 600, nothing)


def test_written_bytes_count_once(disk: Disk, tmp_path: Path) -> None:
    room = DiskReservations(tmp_path, min_free=0)
    written = [0]
    room.claim("a", 600, lambda: written[0])
    written[0], disk.free = 500, 500
    room.claim("b", 400, nothing)
    with pytest.raises(DiskFull):
        room.claim("c", 1, nothing)


def test_the_minimum_free_space_is_not_available(disk: Disk, tmp_path: Path) -> None:
    room = DiskReservations(tmp_path / "not" / "there" / "yet", min_free=2000)
    with pytest.raises(DiskFull, match="0 MiB are available"):
        room.claim("a", 1, nothing)


def test_a_twentieth_of_a_small_disk_stays_free(disk: Disk, tmp_path: Path) -> None:
    disk.free = 50_000
    room = DiskReservations(tmp_path, min_free=2**30)
    room.claim("a", 45_000, nothing)
    with pytest.raises(DiskFull):
        room.claim("b", 1, nothing)
