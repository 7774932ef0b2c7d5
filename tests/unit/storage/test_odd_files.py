"""Unexpected file types and contents are reported by name, and all other files are read."""

import asyncio
import json
import os
import shutil
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.storage.samples import OTHER, VIDEO, metadata, playlist, save_request, stage
from tests.unit.storage.test_verify import ended
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import DatabaseCorrupt
from ytarchive.common.models import utc_now
from ytarchive.storage import (
    FindingKind,
    PassState,
    Rebuilt,
    SaveMetadata,
    SavePlaylist,
    UnavailableVideo,
    VideoQuery,
    WorkPlanQuery,
    WorkPlanRequest,
    rebuild_library,
)
from ytarchive.storage.service import StorageService

PLAYLIST = "PL0123456789abcdef"


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        before = Path.cwd()
        os.chdir(path.parent)  # the address of a socket has at most 108 bytes
        try:
            made.bind(path.name)
        finally:
            os.chdir(before)


def dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


KINDS = [fifo, unix_socket, Path.mkdir, dangling_link, loop, device]

PLACES = {
    "media": f"videos/{VIDEO}/{VIDEO}.mp4",
    "info": f"videos/{VIDEO}/{VIDEO}.info.json",
    "digests": f"videos/{VIDEO}/checksums.sha256",
    "captions": f"videos/{VIDEO}/captions/{VIDEO}.en.vtt",
    "video folder": f"videos/{VIDEO}",
    "metadata": f"metadata/videos/{VIDEO}.json",
    "playlist": f"metadata/playlists/{PLAYLIST}.json",
    "registration": f"metadata/registered/{VIDEO}.json",
    "plan": "metadata/work_plans/20260101T000000Z_plan.json",
    "draft": f".ytarchive/tmp/{VIDEO}.{'0' * 64}.draft",
    "scratch": ".ytarchive/tmp/left-over",
    "search index": ".ytarchive/search.db",
    "log of the search index": ".ytarchive/search.db-wal",
    "log of the library": ".ytarchive/library.db-wal",
    "index of the library's log": ".ytarchive/library.db-shm",
    "library": ".ytarchive/library.db",
    "stranger": "videos/stranger",
}


async def filled(config: StorageConfig) -> None:
    storage = await StorageService.open(config)
    for video_id in (VIDEO, OTHER):
        await storage.save_video(save_request(stage(config, video_id), video_id))
        await storage.save_metadata(SaveMetadata(metadata=metadata(video_id)))
    await storage.save_playlist(SavePlaylist(playlist=playlist(PLAYLIST)))
    entry = UnavailableVideo(video_id=VIDEO, title="t", reason="private", detected_at=utc_now())
    await storage.plans.create_work_plan(
        WorkPlanRequest(total_videos=1, unavailable_videos=[entry])
    )
    await storage.close()


async def bounded(work: Awaitable[Any]) -> Any:
    """The result; a test whose code waits for a FIFO fails instead of waiting with it."""
    async with asyncio.timeout(20):
        return await work


async def in_use(config: StorageConfig) -> set[str]:
    """Open the archive and read everything; the videos that it lists."""
    storage = await StorageService.open(config)
    try:
        listed = await storage.list_videos(VideoQuery())
        await storage.plans.list_work_plans(WorkPlanQuery())
        verification = await ended(storage)
        assert verification.state is PassState.COMPLETE
        assert FindingKind.UNREADABLE_ROW not in verification.findings
        if not (config.base_path / PLACES["playlist"]).is_dir():
            await storage.save_playlist(SavePlaylist(playlist=playlist(PLAYLIST), newest_only=True))
        await storage.search.catch_up()
        return {video.video_id for video in listed.items}
    finally:
        await storage.close()


async def rebuilt(config: StorageConfig) -> Rebuilt:
    return await rebuild_library(config)


LIBRARY = [place for place in PLACES.values() if "library.db" in place]
PARTS = [place for place in PLACES.values() if place not in {*LIBRARY, PLACES["video folder"]}]


def replace(path: Path, kind: Callable[[Path], Any]) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    kind(path)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
async def test_a_fifo_is_never_opened(config: StorageConfig, place: str) -> None:
    await filled(config)
    replace(config.base_path / place, fifo)
    if place in LIBRARY:
        with pytest.raises(DatabaseCorrupt, match="ytarchive rebuild"):
            await bounded(StorageService.open(config))
    else:
        assert OTHER in await bounded(in_use(config))
    made = await bounded(rebuilt(config))
    lost = {PLACES[name] for name in ("media", "video folder", "digests")}
    assert made.videos == 2 - (place in lost)
    assert OTHER in await bounded(in_use(config))


@pytest.mark.parametrize("kind", KINDS)
async def test_only_regular_files_are_opened(
    config: StorageConfig, kind: Callable[[Path], Any]
) -> None:
    await filled(config)
    for place in PARTS:
        replace(config.base_path / place, kind)
    assert await bounded(in_use(config)) == {OTHER, VIDEO}
    for place in LIBRARY:
        replace(config.base_path / place, kind)
    with pytest.raises(DatabaseCorrupt, match="ytarchive rebuild"):
        await bounded(StorageService.open(config))
    made = await bounded(rebuilt(config))
    assert made.videos == 1
    assert any(VIDEO in example for example in made.examples)
    assert await bounded(in_use(config)) == {OTHER}


CONTENTS: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"no JSON",
    "text that is not UTF-8": b'{"title": "\xff", "video_id": "%s"}' % VIDEO.encode(),
    "a list": b"[1, 2]",
    "a number": b"1",
    "null": b"null",
    "null bytes": bytes(4096),
    "a null byte": b'{"title": "a\\u0000b", "video_id": "%s"}' % VIDEO.encode(),
    "a lone surrogate": b'{"title": "\\udcff", "video_id": "%s"}' % VIDEO.encode(),
    "levels": b'{"a":' * 100_000,
    "closed levels": b'{"title":' + b"[" * 100 + b"]" * 100 + b"}",
    "a number of 5000 digits": b'{"duration": %s}' % (b"9" * 5000),
    "NaN": b'{"duration": NaN}',
    "a byte order mark": b"\xef\xbb\xbf{}",
}
VALUES: list[Any] = [
    2**63, -(2**63) - 1, 10**40, 1e400, float("nan"), [], {}, None, "1\0", "\udcff", -1, True,
]  # fmt: skip
DOCUMENTS = [PLACES[name] for name in ("info", "metadata", "playlist", "registration", "plan")]


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
async def test_unreadable_documents_stop_nothing(config: StorageConfig, content: bytes) -> None:
    await filled(config)
    for place in DOCUMENTS:
        (config.base_path / place).write_bytes(content)
    assert {VIDEO, OTHER} == await bounded(in_use(config))
    made = await bounded(rebuilt(config))
    assert made.videos == 2
    assert {VIDEO, OTHER} == await bounded(in_use(config))
    for name in ("metadata", "registration", "plan"):  # the playlist was stored again in between
        assert any(PLACES[name] in example for example in made.examples)


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_no_value_in_a_document_stops_the_rebuild(
    config: StorageConfig, value: object
) -> None:
    """Each field of each document in turn has a value that no database or model can keep."""
    await filled(config)
    for folder in ("metadata/videos", "metadata/playlists", "metadata/work_plans"):
        [document, *_] = sorted((config.base_path / folder).glob("*.json"))
        whole = json.loads(document.read_bytes())
        for field in whole:
            copy = document.with_name(f"{field}-{document.name}"[-60:])
            target = document if folder == "metadata/videos" and field == "duration" else copy
            target.write_text(json.dumps(whole | {field: value}))
    made = await bounded(rebuilt(config))
    assert (made.videos, made.metadata >= 1) == (2, True)
    assert {VIDEO, OTHER} == await bounded(in_use(config))
