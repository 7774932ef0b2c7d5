"""A disk that is full when a command starts: one message with the cause and what helps."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ytarchive.app import open_services
from ytarchive.common.config import load_settings
from ytarchive.common.errors import DiskFull
from ytarchive.logging import Console

SIZE_KIB = 3072


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_KIB}k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def leave(disk: Path, free_kib: int) -> None:
    (disk / "filler").write_bytes(bytes((SIZE_KIB - free_kib) * 1024))


@pytest.mark.parametrize("free_kib", [0, 8, 40, 100, 300])
async def test_wherever_the_start_gets_to_the_disk_is_named_as_full(
    small_disk: Path, free_kib: int
) -> None:
    """Folders, locks, databases and their indexes all meet it in their own way."""
    leave(small_disk, free_kib)
    settings = load_settings(storage={"base_path": small_disk / "archive"})
    with pytest.raises(DiskFull, match=r"disk.* full"):
        async with open_services(settings, whole_queue=False, console=Console.WARNINGS):
            pass


@pytest.mark.parametrize("command", ["serve", "download AAAAAAAAAAA", "storage stats", "doctor"])
def test_every_command_tells_to_free_space(small_disk: Path, command: str) -> None:
    leave(small_disk, 0)
    given = {"YTARCHIVE_STORAGE__BASE_PATH": str(small_disk / "archive")}
    ran = subprocess.run(
        [sys.executable, "-m", "ytarchive", *command.split()],
        check=False, capture_output=True, text=True, timeout=120, env=os.environ | given,
    )  # fmt: skip
    said = " ".join((ran.stdout + ran.stderr).split())
    assert ran.returncode == 1
    assert "the disk is full" in said
    assert "Free some space" in said
    assert "right to write" not in said
    assert "Traceback" not in said
