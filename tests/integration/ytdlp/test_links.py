"""Links in staging are not followed out of the archive, and their targets are not changed."""

from pathlib import Path

import pytest

from tests.integration.ytdlp.helpers import Archive, files, ignore
from ytarchive.ytdlp import DownloadOrder
from ytarchive.ytdlp.worker_config import prepare

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    (tmp_path / "outside" / "deeper").mkdir(parents=True)
    (tmp_path / "outside" / "precious").write_text("precious")
    return tmp_path / "outside"


def untouched(outside: Path) -> bool:
    return files(outside) == {"precious"} and (outside / "precious").read_text() == "precious"


async def complete(archive: Archive, order: DownloadOrder) -> bool:
    done = await archive.ytdlp.download(order, ignore, ignore)
    assert not any(path.is_symlink() for path in [done.folder, *done.folder.rglob("*")])
    return {f"{order.video_id}.mp4", f"captions/{order.video_id}.en.vtt"} <= files(done.folder)


async def test_a_link_in_place_of_a_video_s_folder_is_replaced(
    archive: Archive, outside: Path
) -> None:
    order = archive.order(archive.youtube.catalogue.add_video("t", captions=("en",)).id)
    order.folder.parent.mkdir(parents=True, exist_ok=True)
    order.folder.symlink_to(outside, target_is_directory=True)
    assert await complete(archive, order)
    assert untouched(outside)


async def test_links_inside_a_video_s_folder_are_removed(archive: Archive, outside: Path) -> None:
    order = archive.order(archive.youtube.catalogue.add_video("t", captions=("en",)).id)
    order.folder.mkdir(parents=True)
    (order.folder / "captions").symlink_to(outside, target_is_directory=True)
    for name in (".136+140.f136.mp4.part", ".136+140.mp4.part", ".mp4", ".jpg", ".info.json"):
        (order.folder / f"{order.video_id}{name}").symlink_to(outside / "precious")
    assert await complete(archive, order)
    assert untouched(outside)


async def test_a_link_in_place_of_the_folder_of_extractions_is_replaced(
    archive: Archive, outside: Path
) -> None:
    """Old extractions are deleted there, so a link would delete foreign files."""
    info = archive.base / "fresh" / ".ytarchive" / "staging" / "info"
    info.parent.mkdir(parents=True)
    info.symlink_to(outside, target_is_directory=True)
    settings = archive.ytdlp._settings
    moved = settings.storage.model_copy(update={"base_path": archive.base / "fresh"})
    prepare(settings.model_copy(update={"storage": moved}))
    assert info.is_dir()
    assert not info.is_symlink()
    assert untouched(outside)
