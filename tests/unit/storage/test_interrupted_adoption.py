"""An adoption that was killed, or whose disks are full or gone, is completed by the next run."""

import asyncio
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.disks import also_at, mount_also_at, mounted, unmount
from tests.unit.storage.adopting import adopt, findings, report
from tests.unit.storage.foreign_libraries import digests, media, of_yt_dlp, write_file
from tests.unit.storage.peer_libraries import SAMPLES
from tests.unit.storage.samples import OTHER, VIDEO
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import CannotLink
from ytarchive.storage import AdoptMethod, Outcome, PassState, rebuild_library
from ytarchive.storage.adopt.examining import ExaminedCopy, Examiner
from ytarchive.storage.adopt.recognisers import FoundFile
from ytarchive.storage.adopt.records import AdoptionRecords, Settled
from ytarchive.storage.service import StorageService

_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.unit.storage.adopting import adopt
from ytarchive.common.config import StorageConfig
from ytarchive.storage.adopt.records import AdoptionRecords
from ytarchive.storage.adopt.records import AdoptionRecords, Settled
from ytarchive.storage.service import StorageService

left = int(sys.argv[4])

async def killed(self, settled):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    await whole(self, settled)

whole, AdoptionRecords.settle = AdoptionRecords.settle, killed

async def main():
    storage = await StorageService.open(StorageConfig(base_path=Path(sys.argv[1])))
    await adopt(storage, Path(sys.argv[2]), method=sys.argv[3])
    await storage.close()

asyncio.run(main())
"""


async def adopt_until_killed(
    config: StorageConfig, folder: Path, method: AdoptMethod, videos: int
) -> bool:
    """Adopt in a process that is killed when it has stored so many videos; whether it was."""
    arguments = (str(config.base_path), str(folder), method.value, str(videos))
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, *arguments)
    return await process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("method", list(AdoptMethod))
async def test_killed_adoption_is_completed_by_the_next_run(
    config: StorageConfig, tmp_path: Path, method: AdoptMethod
) -> None:
    folder = tmp_path / "in"
    for number in range(6):
        of_yt_dlp(folder, f"{number:010d}a")
    before = digests(folder)
    assert await adopt_until_killed(config, folder, method, 3)
    storage = await StorageService.open(config)
    done = await adopt(storage, folder, method=method)
    assert (done.state, done.videos_adopted, done.videos_done) == (PassState.COMPLETE, 6, 6)
    assert done.files == {Outcome.ADOPTED: len(before)}
    assert digests(folder) == ({} if method is AdoptMethod.MOVE else before)
    assert (await storage.get_stats()).total_videos == 6
    await storage.close()
    rebuilt = await rebuild_library(config)
    assert (rebuilt.videos, rebuilt.metadata, rebuilt.problems) == (6, 6, 0)


async def test_libraries_of_all_programs_are_adopted_alike_with_and_without_kills(
    config: StorageConfig, tmp_path: Path
) -> None:
    folder, videos = tmp_path / "in", 2 * len(SAMPLES)
    for number, sample in enumerate(SAMPLES):
        sample(folder / sample.__name__, [f"{letter}{number:09d}_" for letter in "ab"])
    before = digests(folder)
    kills = 0
    while await adopt_until_killed(config, folder, AdoptMethod.LINK, 8):
        kills += 1
    assert kills >= 2
    other = StorageConfig(base_path=tmp_path / "other")
    found = []
    for each in (config, other):
        storage = await StorageService.open(each)
        if each is other:
            await adopt(storage, folder)
        assert (await storage.adopter.get_adoption()).videos_adopted == videos
        assert await findings(storage, videos=videos) == {}
        undescribed = await storage.adopter.list_undescribed()
        found.append((await report(storage), undescribed, stored(each)))
        await storage.close()
    assert found[0] == found[1]
    assert digests(folder) == before


def stored(config: StorageConfig) -> dict[str, str]:
    """The digests of all stored files except manifests, which contain the time."""
    found = digests(config.base_path / "videos")
    return {path: found[path] for path in found if not path.endswith(("manifest.json", ".sha256"))}


async def test_links_to_another_file_system_are_refused_with_a_hint_and_copies_work(
    storage: StorageService, tmp_path: Path
) -> None:
    with mounted(tmp_path / "disk") as folder:
        of_yt_dlp(folder, VIDEO)
        of_yt_dlp(folder, OTHER)
        before = digests(folder)
        with pytest.raises(CannotLink, match="another file system") as refused:
            await adopt(storage, folder)
        assert "--copy" in refused.value.remedy
        copied = await adopt(storage, folder, method=AdoptMethod.COPY)
        assert (copied.videos_adopted, copied.files) == (2, {Outcome.ADOPTED: len(before)})
        assert digests(folder) == before
        assert await findings(storage, videos=2) == {}


async def test_move_to_a_full_disk_loses_nothing_and_continues_when_there_is_space(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "in"
    for number in range(4):
        write_file(folder / f"A film [{number:010d}a].mp4", media())
        write_file(folder / f"A film [{number:010d}a].description", str(number) * 2**21)
    before = digests(folder)
    with mounted(tmp_path / "disk", "size=32m") as disk:
        config = StorageConfig(base_path=disk / "archive", min_free=0)
        storage = await StorageService.open(config)
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(disk).free - 5 * 2**20))
        done = await adopt(storage, folder, method=AdoptMethod.MOVE)
        assert (done.state, 0 < done.videos_adopted < 4) == (PassState.STOPPED, True), done
        assert "bytes" in str(done.error)
        assert {*digests(folder).values(), *stored(config).values()} == {*before.values()}
        ballast.unlink()
        done = await adopt(storage, folder, method=AdoptMethod.MOVE)
        assert (done.state, done.videos_adopted) == (PassState.COMPLETE, 4)
        assert (digests(folder), await findings(storage, videos=4)) == ({}, {})
        await storage.close()


@pytest.mark.parametrize("during_a_video", [False, True])
async def test_disk_that_disappears_stops_the_adoption_and_it_resumes_when_it_is_back(
    storage: StorageService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *,
    during_a_video: bool,
) -> None:  # fmt: skip
    """The folder is mounted elsewhere too, so its files are still there afterwards."""
    with mounted(tmp_path / "disk") as disk, also_at(disk, tmp_path / "in") as folder:
        for number in range(6):
            of_yt_dlp(disk, f"{number:010d}a")
        before = digests(disk)
        examine, settle = Examiner.examine, AdoptionRecords.settle

        async def gone_after(self: AdoptionRecords, settled: Settled) -> None:
            await settle(self, settled)
            if settled.video_id.endswith("2a"):
                unmount(folder)

        def gone_before(self: Examiner, found: FoundFile, *files: Any) -> ExaminedCopy:
            if str(found.video_id).endswith("3a"):
                unmount(folder)
            return examine(self, found, *files)

        if during_a_video:
            monkeypatch.setattr(Examiner, "examine", gone_before)
        else:
            monkeypatch.setattr(AdoptionRecords, "settle", gone_after)
        done = await adopt(storage, folder, method=AdoptMethod.MOVE)
        assert done.state is PassState.STOPPED
        assert "is gone: is its disk mounted?" in str(done.error)
        assert done.videos_adopted == 3
        assert not done.files.get(Outcome.NOT_RECOGNISED)
        monkeypatch.undo()
        mount_also_at(disk, folder)
        done = await adopt(storage, folder, method=AdoptMethod.MOVE)
        assert (done.state, done.files) == (PassState.COMPLETE, {Outcome.ADOPTED: len(before)})
        assert (digests(disk), await findings(storage, videos=6)) == ({}, {})
