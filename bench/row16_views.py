"""Row 16: views `library` and `media-server`, first and again, against bare links of the files."""

import asyncio
import itertools
import os
import time
from pathlib import Path
from typing import Any

from bench.library import insert, metadata_file, registered, videos
from bench.report import Row
from bench.world import BenchServer, World
from ytarchive.common.config import StorageConfig
from ytarchive.common.database import Database
from ytarchive.common.identity import create_identity, new_identity
from ytarchive.storage.library.repository import SCHEMA
from ytarchive.storage.store.layout import Layout

_FROM_SCRATCH, _AGAIN = 60.0, 5.0
"""Seconds for 100,000 videos."""
_AT_ONCE = 2_000


def measure(world: World) -> list[Row]:
    """The media, captions and thumbnails of the videos; smaller sizes have smaller targets."""
    count = 100_000 if world.full else 20_000
    base_path = world.folder() / "archive"
    base_path.mkdir()
    create_identity(base_path, new_identity())
    files = asyncio.run(_fill(base_path, count))
    bare = _links(world.folder(), files)
    (base_path / "metadata" / "views.json").write_text('{"version": 1, "views": []}')
    with world.server(base_path=base_path, server__request_timeout=600) as server:
        library = _measured(server, "library")
        media_server = _measured(server, "media-server")
    if library[0]["shown"] != len(files) or media_server[0]["shown"] < len(files) + count:
        raise RuntimeError(f"a view is not complete: {library}, {media_server}")
    share = count / 100_000
    rows = []
    for letters, policy, (first, again) in (
        ("ab", "library", library), ("cd", "media-server", media_server)
    ):  # fmt: skip
        what = f"view {policy} of {count:,} videos"
        rows += [
            _row(f"16{letters[0]}", f"{what} from scratch", bare, first, _FROM_SCRATCH * share),
            _row(f"16{letters[1]}", f"{what} again, all folders read", bare, again, _AGAIN * share),
        ]
    return rows


def _measured(server: BenchServer, policy: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Add a view with the name of its policy; return the reports of two synchronisations."""
    server.post("/storage/views", {"name": policy, "policy": policy})
    first, again = _synced(server, policy), _synced(server, policy)
    if again["created"]:
        raise RuntimeError(f"the view was not complete: {again}")
    return first, again


async def _fill(base_path: Path, count: int) -> list[Path]:
    """Register videos and create their files, of a few bytes each; return the shown ones.

    The metadata are complete, since views for media servers read them.
    """
    files: list[Path] = []
    layout = Layout.of(StorageConfig(base_path=base_path))
    layout.metadata_folder.mkdir(parents=True)
    async with await Database.open(layout.database, SCHEMA) as database:
        made = videos(count)
        while some := list(itertools.islice(made, _AT_ONCE)):
            await database.write(insert(some))
            for video in some:
                layout.metadata_file(video.video_id).write_bytes(metadata_file(video))
            for path in (base_path / each for video in some for each in registered(video)):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"stored")
                files += [path] if path.suffix != ".json" else []
    return files


def _links(folder: Path, files: list[Path]) -> float:
    """Return the seconds of creating one link for each file in one folder."""
    begun = time.monotonic()
    for number, path in enumerate(files):
        os.link(path, folder / str(number))
    return time.monotonic() - begun


def _synced(server: BenchServer, name: str) -> dict[str, Any]:
    """Synchronise; the report, with the seconds and the number of files that are shown."""
    begun = time.monotonic()
    report: dict[str, Any] = server.post(f"/storage/views/{name}/sync", {}).data
    views = server.get("/storage/views").data["views"]
    shown = next(view["entries"] for view in views if view["name"] == name)
    return report | {"seconds": time.monotonic() - begun, "shown": shown}


def _row(number: str, what: str, bare: float, report: dict[str, Any], target: float) -> Row:
    seconds = report["seconds"]
    return Row(
        number=number,
        what=what,
        peer=f"{bare:.1f} s, a link for each file",
        ours=f"{seconds:.1f} s",
        ratio=seconds / bare,
        target=f"< {target:g} s",
        is_met=seconds < target,
        facts={"report": report, "bare": bare},
    )
