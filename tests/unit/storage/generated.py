"""Archives with very many tiny videos, made without the service: their library is a rebuilt one.

    python -m tests.unit.storage.generated FOLDER VIDEOS

prints what a full verification of such an archive takes: peak memory in bytes above that of an
empty archive's.
"""

import asyncio
import hashlib
import resource
import sys
from pathlib import Path

from loguru import logger

from tests.waiting import eventually
from ytarchive.common.config import StorageConfig
from ytarchive.storage import PassState, VerifyRequest, rebuild_library
from ytarchive.storage.service import StorageService


def video_id(number: int) -> str:
    return f"v{number:010}"


def write_videos(config: StorageConfig, count: int) -> None:
    for number in range(count):
        name = video_id(number)
        folder = config.base_path / "videos" / name
        folder.mkdir(parents=True)
        content = f"media of {name}".encode()
        (folder / f"{name}.mp4").write_bytes(content)
        line = f"{hashlib.sha256(content).hexdigest()}  {name}.mp4\n"
        (folder / "checksums.sha256").write_text(line)


async def make_archive(config: StorageConfig, count: int) -> None:
    write_videos(config, count)
    await rebuild_library(config)


async def verify(config: StorageConfig) -> None:
    storage = await StorageService.open(config)
    await storage.verifier.start_verification(VerifyRequest())

    async def is_over() -> bool:
        return (await storage.verifier.get_verification()).state is not PassState.RUNNING

    await eventually(is_over, 300)
    assert (await storage.verifier.get_verification()).findings == {}
    await storage.close()


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def main() -> None:
    logger.remove()
    root, count = Path(sys.argv[1]), int(sys.argv[2])
    for name, videos in (("small", 20), ("large", count)):
        await make_archive(StorageConfig(base_path=root / name), videos)
        before = peak()
        await verify(StorageConfig(base_path=root / name))
        print(peak() - before)  # noqa: T201  # the answer to the test that started it


if __name__ == "__main__":
    asyncio.run(main())
