"""A full disk: a new archive names the cause; an existing one starts, and cancels its jobs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.disks import mounted
from tests.harness import Server, environment, until
from tests.standin import StandInProcess
from ytarchive.app import open_services
from ytarchive.common.config import load_settings
from ytarchive.common.errors import DiskFull
from ytarchive.logging import Console

SIZE_KIB = 3072


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    with mounted(tmp_path / "disk", f"size={SIZE_KIB}k") as folder:
        yield folder


def leave(disk: Path, free_kib: int) -> None:
    (disk / "filler").write_bytes(bytes((SIZE_KIB - free_kib) * 1024))


@pytest.mark.parametrize("free_kib", [0, 8, 40, 100, 300])
async def test_a_start_on_a_full_disk_reports_it_at_any_step(
    small_disk: Path, free_kib: int
) -> None:
    """Folders, locks, databases and their indexes fail in different ways."""
    leave(small_disk, free_kib)
    settings = load_settings(storage={"base_path": small_disk / "archive"})
    with pytest.raises(DiskFull, match=r"disk.* full"):
        async with open_services(settings, whole_queue=False, console=Console.WARNINGS):
            pass


@pytest.mark.parametrize("command", ["serve", "download AAAAAAAAAAA"])
def test_commands_that_create_an_archive_name_the_full_disk(small_disk: Path, command: str) -> None:
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
    assert "Allow this user" not in said
    assert "Traceback" not in said


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB."""
    with mounted(tmp_path / "disk", "size=64m") as folder:
        yield folder


def fill(disk: Path) -> None:
    """Write until no byte is free."""
    with (disk / "filler").open("ab", buffering=0) as file:
        for size in (2**20, 4096, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue


def test_jobs_are_cancelled_and_queued_and_the_server_restarts_on_a_full_disk(
    disk: Path, youtube: StandInProcess
) -> None:
    listed = youtube.ask("/catalogue")["playlists"][youtube.ids["playlist60"]["playlist"]]
    videos = listed[40:43]
    settings = {"storage__min_free": 0, "storage__staging_max_bytes": 0}
    job = {"data": {"type": "VIDEO_DOWNLOAD", "video_ids": videos[:1]}}
    other = {"data": {"type": "VIDEO_DOWNLOAD", "video_ids": videos[1:]}}
    staging = disk / "archive" / ".ytarchive" / "staging"
    youtube.behave(media_bytes_per_second=100_000)
    try:
        with Server(environment(disk / "archive", youtube, **settings)) as server:
            job_id = server.post("/jobs", job).data["id"]
            until((staging / videos[0]).is_dir, "a partial file")
            fill(disk)
            assert server.post(f"/jobs/{job_id}/cancel", {}).data["status"] == "CANCELLED"
            until(lambda: not (staging / videos[0]).exists(), "the removal of the partial file")
            fill(disk)
            queued = server.post("/jobs", other)
            assert queued.status == 201
            server.stop(signal.SIGKILL)
            fill(disk)
            server.start()
            cancelled = server.post(f"/jobs/{queued.data['id']}/cancel", {})
            assert cancelled.data["status"] == "CANCELLED"
            (disk / "filler").unlink()
            youtube.behave(media_bytes_per_second=None)
            again = server.post("/jobs", other).data["id"]
            assert server.ended(again)["status"] == "COMPLETED"
    finally:
        youtube.behave(media_bytes_per_second=None)


def test_a_job_whose_stream_filled_the_disk_is_cancelled_there_and_the_server_restarts(
    disk: Path, youtube: StandInProcess
) -> None:
    """The stream is fragmented and longer than announced."""
    fields = {"manifest": "hls", "fragments": 400, "itags": [18]}
    video_id = youtube.ask("/videos", fields)["id"]
    job = {"data": {"type": "VIDEO_DOWNLOAD", "video_ids": [video_id]}}
    youtube.add_fault(kind="media", after=20, hang=True)
    with Server(environment(disk / "archive", youtube, storage__min_free=0)) as server:
        job_id = server.post("/jobs", job).data["id"]
        until(lambda: youtube.counters()["kinds"].get("media", 0) > 20, "the start of the stream")
        fill(disk)
        youtube.clear_faults()
        server.stop(signal.SIGKILL)
        fill(disk)
        server.start()
        path = f"/jobs/{job_id}"
        until(lambda: server.get(path).data["progress"]["waiting_reason"] == "disk_full", "wait")
        fill(disk)
        assert server.post(f"{path}/cancel", {}).data["status"] == "CANCELLED"
        fill(disk)
        assert server.post("/jobs", job).status == 201
