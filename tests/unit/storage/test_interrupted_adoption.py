"""An adoption that was killed, or whose disks are full or gone, is completed by the next run."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from tests.unit.storage.adopting import adopt, findings, report
from tests.unit.storage.foreign_libraries import digests, of_yt_dlp
from tests.unit.storage.peer_libraries import SAMPLES
from ytarchive.common.config import StorageConfig
from ytarchive.storage import AdoptMethod, Outcome, PassState, rebuild_library
from ytarchive.storage.service import StorageService

_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.unit.storage.adopting import adopt
from ytarchive.common.config import StorageConfig
from ytarchive.storage.adopt.records import AdoptionRecords
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
        sample(folder / sample.__name__, [f"{number:09d}_{letter}" for letter in "ab"])
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
