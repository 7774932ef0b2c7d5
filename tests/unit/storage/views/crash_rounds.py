"""Synchronises views of all policies repeatedly, each time killed some steps later.

    python -m tests.unit.storage.views.crash_rounds FOLDER

Each round works in `FOLDER/<n>`, and is killed just before a step (see `countdown.py`). The number
of killed rounds is printed.
"""

import asyncio
import sys
from pathlib import Path

from tests.unit.countdown import Countdown, killed_rounds
from tests.unit.storage.samples import OTHER, VIDEO, metadata, playlist, save_request, stage
from tests.unit.storage.views.test_views import sync, views_of
from ytarchive.common.config import StorageConfig
from ytarchive.storage import AddView, SaveMetadata, SavePlaylist, ViewPolicy
from ytarchive.storage.service import StorageService

VIEWS = ("library", "lists", "tv", "own")
_EVERY = 7
"""Steps between the rounds; with fewer, the test takes minutes."""


async def work(base: Path, steps: int) -> None:
    """Show a video; then show it with another title and channel, and a second video."""
    config = StorageConfig(base_path=base)
    storage = await StorageService.open(config)
    await add_views(storage)
    await storage.save_playlist(SavePlaylist(playlist=playlist("PLxxxxxxxxxxxxxxxx")))
    await store(storage, config, VIDEO)
    for name in VIEWS:
        await sync(storage, name)
    renamed = metadata(title="Renamed").model_copy(update={"channel_title": "New name"})
    await storage.save_metadata(SaveMetadata(metadata=renamed))
    await storage.save_playlist(SavePlaylist(playlist=playlist("PLyyyyyyyyyyyyyyyy", 1)))
    await store(storage, config, OTHER)
    Countdown(steps).arm("link")
    for name in VIEWS:
        await sync(storage, name)


async def add_views(storage: StorageService) -> None:
    views = views_of(storage)
    await views.add_view(AddView(name="lists", policy=ViewPolicy.PLAYLISTS))
    await views.add_view(AddView(name="tv", policy=ViewPolicy.MEDIA_SERVER))
    template = "{channel}/{year}/{title} [{id}]"
    await views.add_view(AddView(name="own", policy=ViewPolicy.CUSTOM, template=template))


async def store(storage: StorageService, config: StorageConfig, video_id: str) -> None:
    await storage.save_metadata(SaveMetadata(metadata=metadata(video_id, "A title")))
    await storage.save_video(save_request(stage(config, video_id), video_id))


def main() -> None:
    root = Path(sys.argv[1])

    def killed(steps: int) -> None:
        asyncio.run(work(root / str(steps), steps * _EVERY))

    print(killed_rounds(killed))  # noqa: T201  # the answer to the test that started it


if __name__ == "__main__":
    main()
