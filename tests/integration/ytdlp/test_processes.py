"""Workers are started, replaced, cancelled, and end with their server."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.integration.ytdlp.helpers import (
    PATIENCE,
    SLOW,
    Archive,
    files,
    ignore,
    is_alive,
    until,
)
from tests.standin import Fault
from tests.standin.clients import decode
from tests.standin.media import ffmpeg_program
from ytarchive.common import errors
from ytarchive.common.config import Settings, StorageConfig
from ytarchive.ytdlp import Transfer, YtDlp

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_killed_worker_is_reported_and_the_next_attempt_resumes(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.change(media_bytes_per_second=SLOW)
    running = asyncio.create_task(archive.ytdlp.download(archive.order(video.id), ignore, ignore))
    await until(lambda: archive.media_seen() > 1_000_000)
    [worker] = archive.workers
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(errors.WorkerCrashed, match="SIGKILL"):
        await running
    archive.youtube.behaviour.change(media_bytes_per_second=None)
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert done.network_bytes < archive.media_size(136, 140)
    assert await decode(done.folder / f"{video.id}.mp4") == ""


async def test_a_killed_fork_server_is_replaced(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    await archive.ytdlp.extract(video.id)
    fork_server = archive.ytdlp._pool._fork_server
    assert fork_server
    [worker] = archive.workers
    os.kill(fork_server._process.pid, signal.SIGKILL)
    await until(lambda: not fork_server.is_alive and not is_alive(worker))
    assert (await archive.ytdlp.extract(video.id)).metadata.video_id == video.id


async def test_an_extraction_can_be_cancelled_at_once(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults.append(Fault(kind="watch", hang=True))
    running = asyncio.create_task(archive.ytdlp.download(archive.order(video.id), ignore, ignore))
    await until(lambda: archive.youtube.requests.counts["watch"])
    running.cancel()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_a_transfer_without_progress_is_stopped(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults.append(Fault(kind="media", hang=True, times=1))
    async with archive.other(stall_timeout=0.3) as ytdlp:
        with pytest.raises(errors.NetworkTimeout):
            await ytdlp.download(archive.order(video.id), ignore, ignore)
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert (done.folder / f"{video.id}.mp4").is_file()


async def test_a_hanging_extraction_is_stopped(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults.append(Fault(kind="watch", hang=True))
    async with archive.other(extract_timeout=1) as ytdlp:
        with pytest.raises(errors.NetworkTimeout):
            await ytdlp.extract(video.id)


async def test_a_worker_is_replaced_after_its_share_of_videos(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    async with archive.other(videos_per_worker=1) as ytdlp:
        await ytdlp.extract(video.id)
        fork_server = ytdlp._pool._fork_server
        assert fork_server
        assert fork_server.is_empty
        await ytdlp.extract(video.id)


async def test_a_worker_far_above_its_memory_limit_is_ended_at_once(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults.append(Fault(kind="watch", hang=True))
    async with archive.other(worker_memory=2**20) as ytdlp:  # no Python is as small as that
        with pytest.raises(errors.WorkerCrashed, match="MiB of memory"):
            await ytdlp.extract(video.id)
        fork_server = ytdlp._pool._fork_server
        assert fork_server
        await until(lambda: fork_server.is_empty)


@pytest.mark.parametrize(("share", "stays"), [(0.9, False), (2, True)])
async def test_a_worker_that_has_grown_is_replaced_after_its_task(
    archive: Archive, share: float, stays: bool
) -> None:
    video = archive.youtube.catalogue.add_video()
    await archive.ytdlp.extract(video.id)
    usual = archive.ytdlp._pool._idle[-1].memory
    async with archive.other(worker_memory=int(usual * share)) as ytdlp:
        await ytdlp.extract(video.id)
        assert bool(ytdlp._pool._idle) is stays


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc")
async def test_workers_hold_no_port_of_the_server(archive: Archive) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.set_inheritable(True)
        inode = f"socket:[{os.fstat(listening.fileno()).st_ino}]"
        async with archive.other() as ytdlp:
            await ytdlp.extract(archive.youtube.catalogue.add_video().id)
            fork_server = ytdlp._pool._fork_server
            assert fork_server
            for pid in (fork_server._process.pid, *fork_server._workers):
                assert inode not in held_by(pid)


def held_by(pid: int) -> set[str]:
    """What a process has open."""
    return {str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()}


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="needs Linux's /proc")
async def test_a_crash_of_a_worker_leaves_no_core_file(archive: Archive) -> None:
    await archive.ytdlp.extract(archive.youtube.catalogue.add_video().id)
    [worker] = archive.workers
    assert "Max core file size        0 " in limits_of(worker)


def limits_of(pid: int) -> str:
    return Path(f"/proc/{pid}/limits").read_text()


async def test_other_cookies_or_another_yt_dlp_bring_new_workers(
    archive: Archive, tmp_path: Path
) -> None:
    video = archive.youtube.catalogue.add_video()
    jar = tmp_path / "cookies.txt"
    jar.write_text("# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t0\tA\told\n")
    async with archive.other({"cookies_file": jar}) as ytdlp:
        await ytdlp.extract(video.id)
        jar.write_text("# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t0\tA\tnew\n")
        old = ytdlp._pool._fork_server
        assert old
        ytdlp._pool._checked = -1e9  # as if a minute had passed
        await ytdlp.extract(video.id)
        assert any("A=new" in entry.cookie for entry in archive.youtube.requests.entries)
        await until(lambda: not old.is_alive)
    assert jar.read_text().endswith("new\n")


async def test_no_process_is_started_before_the_first_task(tmp_path: Path) -> None:
    async with YtDlp(Settings(storage=StorageConfig(base_path=tmp_path))) as ytdlp:
        assert ytdlp._pool._fork_server is None
    assert not files(tmp_path)


async def test_idle_workers_are_ended(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    await archive.ytdlp.extract(video.id)
    [worker] = archive.workers
    archive.ytdlp._pool._end_idle()  # as its timer does
    await until(lambda: not is_alive(worker))
    assert archive.ytdlp._pool._fork_server is None
    await archive.ytdlp.extract(video.id)


SERVER = """
import asyncio, json, sys
from pathlib import Path
from ytarchive.common.config import NetworkConfig, Settings, StorageConfig
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality
from ytarchive.ytdlp import DownloadOrder, YtDlp

async def main(base, proxy, ca, ids):
    storage, network = StorageConfig(base_path=base), NetworkConfig(proxy=proxy, ca_file=ca)
    ytdlp = YtDlp(Settings(storage=storage, network=network))
    await asyncio.gather(*[
        ytdlp.download(DownloadOrder(
            video_id=i, folder=Path(base) / i, profile=ArchiveProfile(
                quality=Quality.P720, include_captions=False, include_thumbnail=False,
            ),
        ), print, print) for i in ids
    ])

asyncio.run(main(*sys.argv[1:4], sys.argv[4:]))
"""


@pytest.fixture
def mark() -> Iterator[str]:
    """A value in the environment by which a test finds its processes."""
    found = f"YTARCHIVE_TEST_MARK={uuid4()}"
    yield found
    for pid in marked(found):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
async def test_a_killed_server_leaves_no_process_behind(
    archive: Archive, tmp_path: Path, mark: str
) -> None:
    youtube = archive.youtube
    youtube.behaviour.change(media_bytes_per_second=SLOW)
    videos = youtube.catalogue.add_videos(2)
    arguments = [tmp_path, youtube.proxy_url, youtube.ca_file, *(v.id for v in videos)]
    name, _, value = mark.partition("=")
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, *map(str, arguments)), env=os.environ | {name: value}
    )
    await until(lambda: youtube.requests.active_media == 2)
    assert len(marked(mark)) >= 4  # server, fork server and two workers
    server.kill()
    await server.wait()
    await until(lambda: not marked(mark))
    await until(lambda: youtube.requests.active_media == 0)


def marked(mark: str) -> list[int]:
    """The processes that have `mark` in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:  # not ours, or gone already
            continue
    return found


HANGING_FFMPEG = """#!/bin/sh
case "$*" in *-version*|*-bsfs*) exec {real} "$@";; esac
sleep 61
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
async def test_a_merge_can_be_cancelled_and_is_done_again_without_the_network(
    archive: Archive, tmp_path: Path, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = archive.youtube.catalogue.add_video()
    fake = tmp_path / "ffmpeg"
    fake.write_text(HANGING_FFMPEG.format(real=ffmpeg_program()))
    fake.chmod(0o755)
    seen: list[Transfer] = []
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        patch.setenv(*mark.split("="))
        async with archive.other() as ytdlp:
            running = asyncio.create_task(
                ytdlp.download(archive.order(video.id), seen.append, ignore)
            )
            await until(lambda: seen and seen[-1].phase == "merging" and len(marked(mark)) >= 4)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await until(lambda: len(marked(mark)) == 1)  # the fork server
    archive.youtube.reset()
    done = await archive.ytdlp.download(archive.order(video.id), ignore, ignore)
    assert done.network_bytes == 0
    assert not archive.youtube.requests.counts["media"]
    assert files(done.folder) >= {f"{video.id}.mp4"}
    assert await decode(done.folder / f"{video.id}.mp4") == ""


async def test_only_the_server_handles_signals(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    await archive.ytdlp.extract(video.id)
    fork_server = archive.ytdlp._pool._fork_server
    assert fork_server
    for pid in (fork_server._process.pid, *archive.workers):
        os.kill(pid, signal.SIGTERM)
    workers = archive.workers
    await archive.ytdlp.extract(video.id)
    assert archive.workers == workers


async def test_without_ffmpeg_a_download_names_the_missing_tool(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytarchive.ytdlp.worker_config.ffmpeg_path", lambda: None)
    async with archive.other() as ytdlp:
        with pytest.raises(errors.ToolMissing, match="ffmpeg"):
            await ytdlp.download(archive.order("aaaaaaaaaaa"), ignore, ignore)


async def test_a_yt_dlp_that_cannot_be_loaded_is_named(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "yt_dlp").mkdir()
    (tmp_path / "yt_dlp" / "__init__.py").write_text("raise ImportError('half installed')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    async with archive.other() as ytdlp:
        with pytest.raises(errors.ToolMissing, match="half installed"):
            await ytdlp.extract("aaaaaaaaaaa")
