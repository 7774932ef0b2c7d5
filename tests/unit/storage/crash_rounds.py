"""Saves a video repeatedly, each time killed one step later, until a round completes.

    python -m tests.unit.storage.crash_rounds FOLDER KIND

Each round works in `FOLDER/<n>`; it is killed just before the n-th step (see `countdown.py`).
`first` is a download, `second` one over a stored one, `format` one in another format; `side` adds
captions and a thumbnail; `restore` restores the replaced video over the present one; `remove`
removes a stored video, and `unremove` restores it; `form` writes the film stored in `FOLDER/film`
as mkv; `metadata` saves a video's metadata again; `rebuild` rebuilds the library of two videos, and
`rebuild open` that of an open archive. The number of killed rounds is printed.
"""

import asyncio
import shutil
import sys
from pathlib import Path
from typing import cast

from tests.unit.countdown import Countdown, killed_rounds
from tests.unit.storage.forms import FILM
from tests.unit.storage.samples import (
    LACKING,
    OTHER,
    VIDEO,
    metadata,
    save_request,
    side_request,
    stage,
    stage_side_files,
)
from ytarchive.common.config import StorageConfig
from ytarchive.common.media_formats import Container
from ytarchive.common.profile import ArchiveProfile
from ytarchive.storage import (
    FormVideo,
    RemoveVideos,
    RestoreItem,
    SaveMetadata,
    TrashAPI,
    TrashQuery,
    rebuild_library,
)
from ytarchive.storage.service import StorageService


async def save(base: Path, kind: str, steps: int) -> None:
    config = StorageConfig(base_path=base)
    storage = await StorageService.open(config)
    if kind in {"second", "format"}:
        staged = stage(config)
        if kind == "format":
            (staged / f"{VIDEO}.mp4").rename(staged / f"{VIDEO}.webm")
        await storage.save_video(save_request(staged))
    if kind.startswith("rebuild"):
        await rebuild(storage, config, steps, is_open=kind == "rebuild open")
        return
    if kind == "restore":
        await restore(storage, config, steps)
        return
    if kind in {"remove", "unremove"}:
        await remove(storage, config, steps, is_undone=kind == "unremove")
        return
    if kind == "metadata":
        await describe(storage, steps)
        return
    if kind == "side":
        request = save_request(stage(config)).model_copy(update={"missing": LACKING})
        await storage.save_video(request)
        request = side_request(stage_side_files(config))
    else:
        request = save_request(stage(config, media=b"new media", captions="de"))
    Countdown(steps).arm()
    await storage.save_video(request)
    await storage.close()


async def restore(storage: StorageService, config: StorageConfig, steps: int) -> None:
    await storage.save_video(save_request(stage(config)))
    await storage.save_video(save_request(stage(config, media=b"new media", captions="de")))
    trash = cast("TrashAPI", storage.subjects()[TrashAPI])
    [item] = (await trash.list_trash(TrashQuery())).items
    Countdown(steps).arm()
    await trash.restore_from_trash(item.id, RestoreItem(replace=True))
    await storage.close()


async def remove(
    storage: StorageService, config: StorageConfig, steps: int, *, is_undone: bool
) -> None:
    await storage.save_metadata(SaveMetadata(metadata=metadata()))
    await storage.save_video(save_request(stage(config)))
    trash = cast("TrashAPI", storage.subjects()[TrashAPI])
    if not is_undone:
        Countdown(steps).arm()
    [removed] = (await trash.remove_videos(RemoveVideos(video_ids=[VIDEO]))).videos
    if is_undone:
        Countdown(steps).arm()
        await trash.restore_from_trash(removed.items[0], RestoreItem())
    await storage.close()


async def form(base: Path, steps: int) -> None:
    film = base.parent / FILM
    shutil.copytree(film, base)
    storage = await StorageService.open(StorageConfig(base_path=base))
    Countdown(steps).arm()
    mkv = ArchiveProfile(container=Container.MKV, embed_metadata=True)
    await storage.form_video(FormVideo(video_id=VIDEO, profile=mkv))
    await storage.close()


async def describe(storage: StorageService, steps: int) -> None:
    await storage.save_metadata(SaveMetadata(metadata=metadata(title="old title")))
    Countdown(steps).arm()
    await storage.save_metadata(SaveMetadata(metadata=metadata(title="new title")))
    await storage.close()


async def rebuild(
    storage: StorageService, config: StorageConfig, steps: int, *, is_open: bool
) -> None:
    for video_id in (VIDEO, OTHER):
        await storage.save_video(save_request(stage(config, video_id), video_id))
    if is_open:
        Countdown(steps).arm()
        await storage.rebuild()
    await storage.close()
    if not is_open:
        Countdown(steps).arm()
        await rebuild_library(config)


def main() -> None:
    root, kind = Path(sys.argv[1]), sys.argv[2]

    def save_killed(steps: int) -> None:
        base = root / str(steps)
        work = form(base, steps) if kind == "form" else save(base, kind, steps)
        asyncio.run(work)

    # A change of form has three times as many steps as a save.
    print(killed_rounds(save_killed, every=2 if kind == "form" else 1))  # noqa: T201  # the answer to the test that started it


if __name__ == "__main__":
    main()
