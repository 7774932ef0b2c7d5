"""Which paths are taken as places for videos."""

from pathlib import Path

import pytest

from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import PathOutsideArchive
from ytarchive.common.paths import require_place_for_videos

VIDEO, OTHER = "dQw4w9WgXcQ", "AAAAAAAAAAA"


@pytest.fixture
def archive(tmp_path: Path) -> StorageConfig:
    """An archive that has stored one video."""
    (tmp_path / "videos" / VIDEO).mkdir(parents=True)
    (tmp_path / "videos" / VIDEO / "checksums.sha256").write_text("")
    return StorageConfig(base_path=tmp_path, state_dir=tmp_path / "state")


def is_accepted(named: str, archive: StorageConfig, video_id: str | None = None) -> bool:
    try:
        require_place_for_videos(named, archive, video_id)
    except PathOutsideArchive:
        return False
    return True


@pytest.mark.parametrize(
    "named",
    ["videos", "./films/2024/", ".", "Käse & Brot", "é" * 120, f"videos/{OTHER}", "my-holidays"],
)
def test_folders_of_the_archive_are_places_for_videos(archive: StorageConfig, named: str) -> None:
    assert is_accepted(named, archive)


@pytest.mark.parametrize(
    "named",
    ["a\nb", "a\0b", "a\x1b[2J", "\u202egnp.exe", "\ud800", "x" * 241, "é" * 121, "x/" * 1100,
     "x" * 300, "..", "/etc", ".ytarchive/x", "metadata", "logs/x", "state/x"],
)  # fmt: skip
def test_unsafe_names_and_paths_out_of_the_archive_are_refused(
    archive: StorageConfig, named: str
) -> None:
    assert not is_accepted(named, archive)


def test_a_loop_of_links_is_refused(archive: StorageConfig) -> None:
    (archive.base_path / "loop").symlink_to("loop")
    assert not is_accepted("loop/x", archive)


@pytest.mark.parametrize("deeper", ["", "/", "/captions", "/new/folder"])
def test_a_stored_video_s_folder_is_no_place_for_others(
    archive: StorageConfig, deeper: str
) -> None:
    for video_id in (None, OTHER):
        with pytest.raises(PathOutsideArchive, match=f"videos/{VIDEO} is the folder of a stored"):
            require_place_for_videos(f"videos/{VIDEO}{deeper}", archive, video_id)


def test_a_video_may_be_sent_to_its_own_folder(archive: StorageConfig) -> None:
    assert is_accepted(f"videos/{VIDEO}", archive, VIDEO)
    assert not is_accepted(f"videos/{VIDEO}/captions", archive, VIDEO)
