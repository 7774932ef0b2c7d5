"""The bytes of stored videos, in process and over HTTP."""

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.contract.conftest import Reach
from tests.standin.captions import captions
from tests.unit.storage.samples import MEDIA, OTHER, VIDEO, metadata, save_request, stage
from ytarchive.common.archived_files import Role
from ytarchive.common.config import StorageConfig
from ytarchive.common.content import PART_SIZE, Content
from ytarchive.common.errors import (
    InvalidIdentifier,
    InvalidRequest,
    LocalError,
    NotFound,
    PathOutsideArchive,
)
from ytarchive.storage import ContentAPI, SaveMetadata
from ytarchive.storage.service import StorageService

LARGE = os.urandom(3 * PART_SIZE + 7)


@pytest.fixture
def config(tmp_path: Path) -> StorageConfig:
    return StorageConfig(base_path=tmp_path / "archive")


@pytest.fixture
async def storage(config: StorageConfig) -> AsyncIterator[StorageService]:
    service = await StorageService.open(config)
    await service.save_video(save_request(stage(config)))
    yield service
    await service.close()


@pytest.fixture
async def content(reach: Reach[Any], storage: StorageService) -> ContentAPI:
    own = storage.subjects()[ContentAPI]
    return cast("ContentAPI", await reach(ContentAPI, own))


@pytest.fixture
def folder(config: StorageConfig) -> Path:
    return config.base_path / "videos" / VIDEO


async def read(content: Content, start: int = 0, stop: int | None = None) -> bytes:
    async with await content.open(start, stop) as parts:
        return b"".join([part async for part in parts])


def files_below(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in folder.rglob("*") if path.is_file()}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def replace_by_link(path: Path, moved: Path) -> None:
    path.rename(moved)
    path.symlink_to(moved)


async def test_media_are_described_and_read_in_any_part(content: ContentAPI, folder: Path) -> None:
    media = await content.get_media(VIDEO)
    assert (media.name, media.media_type, media.size) == (f"{VIDEO}.mp4", "video/mp4", len(MEDIA))
    assert media.modified.timestamp() == int((folder / f"{VIDEO}.mp4").stat().st_mtime)
    assert await read(media) == MEDIA
    assert await read(media, 5, 9) == MEDIA[5:9]
    assert await read(media, 100) == MEDIA[100:]
    assert await read(media, 100, 10**9) == MEDIA[100:]
    assert await read(media, 10**9) == b""
    assert await read(media, 7, 7) == b""


async def test_etag_is_the_same_until_the_file_is_replaced(
    content: ContentAPI, storage: StorageService, config: StorageConfig
) -> None:
    first = await content.get_media(VIDEO)
    assert (await content.get_media(VIDEO)).etag == first.etag
    await storage.save_video(save_request(stage(config, media=LARGE)))
    later = await content.get_media(VIDEO)
    assert (later.etag != first.etag, later.size) == (True, len(LARGE))


async def test_large_content_arrives_in_parts(
    content: ContentAPI, storage: StorageService, config: StorageConfig
) -> None:
    await storage.save_video(save_request(stage(config, media=LARGE)))
    async with await (await content.get_media(VIDEO)).open() as parts:
        found = [part async for part in parts]
    assert b"".join(found) == LARGE
    assert max(map(len, found)) <= PART_SIZE


async def test_address_is_accepted_for_the_id_in_it(content: ContentAPI) -> None:
    assert (await content.get_media(f"https://youtu.be/{VIDEO}")).name == f"{VIDEO}.mp4"


async def test_thumbnail_is_an_image(content: ContentAPI) -> None:
    thumbnail = await content.get_thumbnail(VIDEO)
    assert (thumbnail.name, thumbnail.media_type) == (f"{VIDEO}.jpg", "image/jpeg")
    assert await read(thumbnail) == b"\xff\xd8\xff\xe0"


@pytest.mark.parametrize("name", ["en", f"{VIDEO}.en.vtt"])
async def test_captions_are_found_by_language_and_by_name(content: ContentAPI, name: str) -> None:
    found = await content.get_captions(VIDEO, name)
    assert (found.name, found.media_type) == (
        f"{VIDEO}.en.vtt",
        "text/vtt; charset=utf-8",
    )
    assert await read(found) == b"WEBVTT\n\n"


SIDE_FILES = {
    "comments": (f"{VIDEO}.comments.json", "application/json", b'[{"text": "first"}]'),
    "live_chat": (f"{VIDEO}.live_chat.json", "application/json", b'{"replay": {}}\n'),
    "description": (f"{VIDEO}.description", "text/plain; charset=utf-8", b"A description"),
}


async def test_every_stored_file_is_listed_and_served_by_name_and_role(
    content: ContentAPI, storage: StorageService, config: StorageConfig, folder: Path
) -> None:
    staged = stage(config)
    for name, _, data in SIDE_FILES.values():
        (staged / name).write_bytes(data)
    await storage.save_video(save_request(staged))
    listed = await content.list_files(VIDEO)
    on_disk = files_below(folder)
    assert {each.name for each in listed} == on_disk.keys()
    assert listed[0].role is Role.MEDIA
    for each in listed:
        path = on_disk[each.name]
        for name in (each.name, each.role.value):
            file = await content.get_file(VIDEO, name)
            assert (file.name, file.media_type) == (each.name, each.media_type)
            assert await read(file, 2, 9) == path.read_bytes()[2:9]
        assert (each.size_bytes, each.sha256) == (path.stat().st_size, digest(path))
    types = {each.role.value: (each.name, each.media_type) for each in listed}
    assert {role: types[role] for role in SIDE_FILES} == {
        role: (name, type_) for role, (name, type_, _) in SIDE_FILES.items()
    }


async def test_file_that_is_not_registered_is_not_served(content: ContentAPI, folder: Path) -> None:
    (folder / "notes.json").write_text("{}")
    for name in ("notes.json", "comments", "removed"):
        with pytest.raises(NotFound, match=f"has no file {name}; `GET /storage/videos/"):
            await content.get_file(VIDEO, name)
    with pytest.raises(NotFound, match=f"nothing is stored of {OTHER}"):
        await content.list_files(OTHER)


async def test_cleaned_captions_have_each_line_once(content: ContentAPI, folder: Path) -> None:
    (folder / "captions" / f"{VIDEO}.en.vtt").write_bytes(captions("en", "vtt", rolls=True)[0])
    cleaned = await content.get_cleaned_captions(VIDEO, "en")
    assert cleaned.media_type == "text/vtt; charset=utf-8"
    text = await read(cleaned)
    assert await read(cleaned, 3, 9) == text[3:9]
    assert text.decode().startswith(
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nStand-in caption 1 (en)\n\n"
        "00:00:01.000 --> 00:00:02.000\nStand-in caption 2 (en)\n"
    )
    with pytest.raises(NotFound, match="has no captions"):
        await content.get_cleaned_captions(VIDEO, "de")


@pytest.mark.parametrize("name", ["de", f"{VIDEO}.mp4", "captions", "checksums.sha256", f"{VIDEO}"])
async def test_only_captions_are_found_among_captions(content: ContentAPI, name: str) -> None:
    with pytest.raises(NotFound, match="has no captions"):
        await content.get_captions(VIDEO, name)


@pytest.mark.parametrize(
    "name", ["..", ".hidden", "a/b", "../../x", "a\\b", "a\x00b", "a\nb", "", "x" * 201]
)
async def test_names_that_are_no_file_names_are_refused(content: ContentAPI, name: str) -> None:
    for get in (content.get_captions, content.get_file):
        with pytest.raises((InvalidRequest, NotFound)):
            await get(VIDEO, name)


async def test_ids_are_checked(content: ContentAPI) -> None:
    with pytest.raises(InvalidIdentifier):
        await content.get_media("../../../../..")


async def test_video_that_is_not_stored_has_no_content(
    content: ContentAPI, storage: StorageService
) -> None:
    with pytest.raises(NotFound, match=f"nothing is stored of {OTHER}"):
        await content.get_media(OTHER)
    await storage.save_metadata(SaveMetadata(metadata=metadata(OTHER)))
    with pytest.raises(NotFound, match=f"no media of {OTHER} is stored"):
        await content.get_media(OTHER)
    with pytest.raises(NotFound, match="has no thumbnail"):
        await content.get_thumbnail(OTHER)
    with pytest.raises(NotFound, match="has no captions"):
        await content.get_captions(OTHER, "en")


async def test_missing_file_is_reported_with_the_remedy(content: ContentAPI, folder: Path) -> None:
    (folder / f"{VIDEO}.mp4").unlink()
    with pytest.raises(NotFound, match=r"\.mp4 is registered and missing; `ytarchive verify`"):
        await content.get_media(VIDEO)


@pytest.mark.parametrize("what", ["link", "FIFO", "folder"])
async def test_only_regular_files_are_opened(
    content: ContentAPI, folder: Path, tmp_path: Path, what: str
) -> None:
    media = folder / f"{VIDEO}.mp4"
    media.unlink()
    if what == "link":
        (tmp_path / "archive" / "videos" / "other.mp4").write_bytes(MEDIA)
        media.symlink_to(tmp_path / "archive" / "videos" / "other.mp4")
    elif what == "FIFO":
        os.mkfifo(media)
    else:
        media.mkdir()
    with pytest.raises(LocalError, match="not a regular file"):
        await content.get_media(VIDEO)


@pytest.mark.parametrize("linked", ["file", "folder"])
async def test_no_file_outside_the_archive_is_opened(
    content: ContentAPI, folder: Path, tmp_path: Path, linked: str
) -> None:
    outside = tmp_path / "outside"
    if linked == "file":
        replace_by_link(folder / f"{VIDEO}.mp4", outside)
    else:
        replace_by_link(folder, outside)
    with pytest.raises(PathOutsideArchive):
        await content.get_media(VIDEO)
