"""All media stores behave the same; `MemoryMediaStore` represents stores without a local disk."""

import hashlib
import threading
from pathlib import Path

import pytest

from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import (
    Cancelled,
    ContentChanged,
    LocalError,
    NotFound,
    PathOutsideArchive,
)
from ytarchive.storage import FileKind, LocalMediaStore, MediaStore
from ytarchive.testing import MemoryMediaStore

VIDEO = "dQw4w9WgXcQ"
NAMES = [f"{VIDEO}.mp4", f"captions/{VIDEO}.en.vtt", "checksums.sha256"]


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStore:
    if request.param == "memory":
        return MemoryMediaStore()
    return LocalMediaStore.at(StorageConfig(base_path=tmp_path / "archive"))


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """A finished download on the disk that has the staging folder."""
    folder = tmp_path / "archive" / ".ytarchive" / "staging" / VIDEO
    (folder / "captions").mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_text(name)
    return folder


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def keys(store: MediaStore, prefix: str, *, deep: bool = True) -> list[str]:
    return sorted([key async for key in store.iterate(prefix, deep=deep)])


async def text(store: MediaStore, key: str) -> str:
    return (await store.read(key)).decode()


async def test_put_moves_the_named_files_of_a_folder(store: MediaStore, staged: Path) -> None:
    await store.put(staged, f"videos/{VIDEO}", NAMES)
    assert await keys(store, "videos") == [f"videos/{VIDEO}/{name}" for name in sorted(NAMES)]
    assert [await text(store, f"videos/{VIDEO}/{name}") for name in NAMES] == NAMES
    assert VIDEO not in left_in(staged.parent)


async def test_put_replaces_files_of_the_same_name_and_keeps_others(
    store: MediaStore, staged: Path
) -> None:
    await store.write(f"videos/{VIDEO}/{VIDEO}.mp4", b"old")
    await store.write(f"videos/{VIDEO}/{VIDEO}.jpg", b"kept")
    await store.put(staged, f"videos/{VIDEO}", NAMES)
    assert await text(store, f"videos/{VIDEO}/{VIDEO}.mp4") == f"{VIDEO}.mp4"
    assert await text(store, f"videos/{VIDEO}/{VIDEO}.jpg") == "kept"


async def test_put_can_be_repeated_after_it_was_interrupted(
    store: MediaStore, staged: Path
) -> None:
    await store.write(f"videos/{VIDEO}/{NAMES[0]}", (staged / NAMES[0]).read_bytes())
    (staged / NAMES[0]).unlink()
    for _ in range(2):
        await store.put(staged, f"videos/{VIDEO}", NAMES)
    assert [await text(store, f"videos/{VIDEO}/{name}") for name in NAMES] == NAMES


async def test_put_leaves_files_that_are_not_named(store: MediaStore, staged: Path) -> None:
    await store.write(f"videos/{VIDEO}/other", b"")
    (staged / "later").touch()
    await store.put(staged, f"videos/{VIDEO}", NAMES)
    assert left_in(staged) == ["later"]


async def test_write_replaces_the_content(store: MediaStore) -> None:
    await store.write("videos/x/y.txt", b"old")
    await store.write("videos/x/y.txt", b"new")
    assert await store.read("videos/x/y.txt") == b"new"
    assert await store.read("videos/x/y.txt", limit=2) == b"ne"


async def test_a_range_of_a_file_is_read(store: MediaStore) -> None:
    content = bytes(range(256)) * 4096
    await store.write("videos/x.mp4", content)
    for start, stop in [(0, None), (5, 9), (1_000_000, None), (0, 10**9), (9, 5)]:
        async with await store.open("videos/x.mp4", start, stop) as parts:
            assert b"".join([part async for part in parts]) == content[start:stop]


async def test_another_version_is_not_opened(store: MediaStore) -> None:
    await store.write("videos/x.mp4", b"one")
    etag = (await store.stat(["videos/x.mp4"]))["videos/x.mp4"].etag
    async with await store.open("videos/x.mp4", etag=etag) as parts:
        assert [part async for part in parts] == [b"one"]
    await store.write("videos/x.mp4", b"three")
    with pytest.raises(ContentChanged):
        await store.open("videos/x.mp4", etag=etag)


async def test_a_missing_file_is_not_read(store: MediaStore) -> None:
    with pytest.raises(NotFound):
        await store.read("videos/x.mp4")
    with pytest.raises(NotFound):
        await store.open("videos/x.mp4")
    with pytest.raises(LocalError):
        await store.move("videos/x.mp4", "videos/y.mp4")


async def test_stat_returns_kind_size_and_digest(store: MediaStore) -> None:
    await store.write("videos/x/y.mp4", b"content")
    states = await store.stat(["videos/x/y.mp4", "videos/x", "videos/z"], hashed=True)
    file = states["videos/x/y.mp4"]
    assert (file.kind, file.size) == (FileKind.FILE, 7)
    assert file.sha256 == hashlib.sha256(b"content").hexdigest()
    assert file.modified is not None
    assert states["videos/x"].kind is FileKind.FOLDER
    assert states["videos/z"].kind is FileKind.MISSING
    assert (await store.stat(["videos/x/y.mp4"]))["videos/x/y.mp4"].sha256 is None


async def test_hashing_stops_on_request(store: MediaStore) -> None:
    await store.write("videos/x.mp4", b"content")
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        await store.stat(["videos/x.mp4"], hashed=True, stop=stop)


async def test_iterate_lists_one_level_or_everything(store: MediaStore) -> None:
    for key in ("videos/a/1", "videos/a/b/2", "videos/3", "videosx/4"):
        await store.write(key, b"")
    assert await keys(store, "videos") == ["videos/3", "videos/a/1", "videos/a/b/2"]
    assert await keys(store, "videos", deep=False) == ["videos/3", "videos/a/"]
    assert await keys(store, "none") == []
    assert "videos/3" in await keys(store, ".")


async def test_move_changes_the_key(store: MediaStore) -> None:
    await store.write("videos/a/1", b"one")
    await store.move("videos/a/1", ".ytarchive/trash/x/videos/a/1")
    assert await keys(store, "videos") == []
    assert await store.read(".ytarchive/trash/x/videos/a/1") == b"one"


async def test_delete_removes_a_file_or_all_files_below_a_prefix(store: MediaStore) -> None:
    for key in ("videos/a/1", "videos/a/b/2", "videos/ab", "videos/c"):
        await store.write(key, b"")
    await store.delete("videos/a")
    await store.delete("videos/c")
    await store.delete("videos/none")
    assert await keys(store, "videos") == ["videos/ab"]


async def test_place_returns_where_a_video_is_stored(store: MediaStore) -> None:
    assert await store.place("", VIDEO) == f"videos/{VIDEO}"
    assert await store.place("films", VIDEO) == f"films/{VIDEO}"
    assert await store.place(f"films/{VIDEO}", VIDEO) == f"films/{VIDEO}"
    assert await store.place("films/My film.mp4") == "films/My film.mp4"


@pytest.mark.parametrize("path", ["../x", "/etc", "metadata/x", ".ytarchive/x", "logs", "a\x00b"])
async def test_a_place_outside_the_videos_is_refused(store: MediaStore, path: str) -> None:
    for video_id in (None, VIDEO):
        with pytest.raises(PathOutsideArchive):
            await store.place(path, video_id)


async def test_space_is_reported(store: MediaStore) -> None:
    await store.write("videos/x", b"content")
    space = await store.space(0)
    assert 0 < space.free < space.capacity


async def test_a_local_path_leads_to_the_file(store: MediaStore) -> None:
    await store.write("videos/x", b"content")
    path = store.local_path("videos/x")
    assert path is None or path.read_bytes() == b"content"
