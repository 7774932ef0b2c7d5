from pathlib import Path

import pytest

from tests.unit.storage.samples import VIDEO
from ytarchive.common.archived_files import Role
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import InvalidIdentifier, PathOutsideArchive, YTArchiveError
from ytarchive.storage.store.folders import video_folder
from ytarchive.storage.store.layout import Layout, parsed


@pytest.fixture
def layout(config: StorageConfig) -> Layout:
    config.base_path.mkdir()
    return Layout.of(config)


@pytest.mark.parametrize(
    ("output_path", "folder"),
    [
        (None, f"videos/{VIDEO}"),
        ("", f"videos/{VIDEO}"),
        ("videos", f"videos/{VIDEO}"),
        ("./videos/", f"videos/{VIDEO}"),
        (".", VIDEO),
        ("music/live", f"music/live/{VIDEO}"),
        (f"videos/{VIDEO}", f"videos/{VIDEO}"),
        (f"music/{VIDEO}/", f"music/{VIDEO}"),
        ("videos/../music", f"music/{VIDEO}"),
        ("Käse & Brot", f"Käse & Brot/{VIDEO}"),
    ],
)
def test_a_video_gets_a_folder_named_after_its_id(
    layout: Layout, output_path: str | None, folder: str
) -> None:
    assert video_folder(layout, VIDEO, output_path) == layout.base / folder


def test_an_absolute_output_path_inside_the_archive_is_accepted(layout: Layout) -> None:
    given = str(layout.base / "music")
    assert video_folder(layout, VIDEO, given) == layout.base / "music" / VIDEO


@pytest.mark.parametrize(
    "output_path",
    [
        "..",
        "../archive-evil",
        "videos/../../elsewhere",
        "/etc",
        "/",
        ".ytarchive",
        ".ytarchive/staging",
        "metadata/videos",
        "logs",
        "videos/\x00",
        "videos/line\nbreak",
        "videos/\u202egnp.exe",
        "videos/\ud800",
        "x" * 300,
        "é" * 200,
        "x/" * 3000,
    ],
)
def test_an_output_path_that_leads_elsewhere_is_refused(layout: Layout, output_path: str) -> None:
    with pytest.raises(PathOutsideArchive):
        video_folder(layout, VIDEO, output_path)


def test_a_link_that_leads_out_is_refused_and_one_inside_is_followed(
    layout: Layout, tmp_path: Path
) -> None:
    (layout.base / "out").symlink_to(tmp_path)
    (layout.base / "music").mkdir()
    (layout.base / "in").symlink_to(layout.base / "music")
    with pytest.raises(PathOutsideArchive):
        video_folder(layout, VIDEO, "out")
    assert video_folder(layout, VIDEO, "in") == layout.base / "music" / VIDEO


def test_a_link_in_the_place_of_the_videos_own_folder_is_refused(
    layout: Layout, tmp_path: Path
) -> None:
    layout.videos.mkdir()
    (layout.videos / VIDEO).symlink_to(tmp_path)
    with pytest.raises(PathOutsideArchive):
        video_folder(layout, VIDEO, "videos")
    (layout.videos / VIDEO).unlink()
    (layout.videos / VIDEO).symlink_to(layout.videos / "another")
    with pytest.raises(PathOutsideArchive):
        video_folder(layout, VIDEO, "videos")


def test_a_loop_of_links_is_refused(layout: Layout) -> None:
    (layout.base / "loop").symlink_to("loop")
    with pytest.raises(PathOutsideArchive):
        video_folder(layout, VIDEO, "loop")


def test_a_state_folder_inside_the_archive_holds_no_videos(tmp_path: Path) -> None:
    layout = Layout.of(StorageConfig(base_path=tmp_path, state_dir=tmp_path / "state"))
    for folder in ("state", "state/deeper"):
        with pytest.raises(PathOutsideArchive):
            video_folder(layout, VIDEO, folder)


@pytest.mark.parametrize("playlist_id", ["../x", "PL/../../x", "", "PL\x00", "@" + "字" * 90])
def test_a_playlists_file_is_named_by_a_valid_id_only(layout: Layout, playlist_id: str) -> None:
    with pytest.raises((InvalidIdentifier, PathOutsideArchive)) as caught:
        layout.playlist_file(playlist_id)
    assert isinstance(caught.value, YTArchiveError)


def test_an_archive_reached_through_a_link_works_on_its_real_place(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    layout = Layout.of(StorageConfig(base_path=tmp_path / "link"))
    given = str(tmp_path / "link" / "videos")
    assert video_folder(layout, VIDEO, given) == tmp_path / "real" / "videos" / VIDEO


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("a.mp4", Role.MEDIA),
        ("a.M4A", Role.MEDIA),
        ("a.info.json", Role.INFO),
        ("a.webp", Role.THUMBNAIL),
        ("captions/a.en.vtt", Role.CAPTIONS),
        ("checksums.sha256", Role.CHECKSUMS),
        ("a.description", Role.DESCRIPTION),
    ],
)
def test_a_files_role_follows_from_its_name(name: str, role: Role) -> None:
    assert parsed(name).role is role
