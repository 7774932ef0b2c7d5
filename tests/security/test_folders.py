"""Requests use folders of the machine only below `storage.allowed_roots`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import Server, environment
from tests.security.conftest import NOWHERE


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The allowed folder, with links out of it and to itself, beside a folder like it."""
    root = tmp_path_factory.mktemp("folders") / "allowed"
    for folder in (root, root.with_name("allowed-not"), root.with_name("elsewhere")):
        folder.mkdir()
    (root / "out").symlink_to(root.with_name("elsewhere"))
    (root / "loop").symlink_to("loop")
    (root / "file").touch()
    root.with_name("in").symlink_to(root)
    return root


@pytest.fixture(scope="module")
def allowing(root: Path) -> Iterator[Server]:
    base_path = root.with_name("archive")
    settings = environment(base_path, None, storage__allowed_roots=root, **NOWHERE)
    with Server(settings) as running:
        yield running


def test_without_allowed_roots_every_folder_is_refused_and_the_setting_is_named(
    server: Server, tmp_path: Path
) -> None:
    for folder in (tmp_path, tmp_path / "new", server.environment["YTARCHIVE_STORAGE__BASE_PATH"]):
        answer = server.post("/maintenance/backup", {"folder": str(folder)})
        assert (answer.status, answer.code) == (403, "E024")
        assert "storage.allowed_roots" in answer.envelope["error"]["message"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("folder", "status"),
    [("{root}/..", 403), ("{root}/../elsewhere", 403), ("{root}/new/../../elsewhere", 403),
     ("{root}/out", 403), ("{root}/out/deeper", 403), ("{root}/loop/x", 422), ("{root}-not", 403),
     ("/", 403), ("/proc/self/cwd", 403), ("allowed", 403), ("..", 403), ("~", 403),
     ("file://{root}", 403), ("{root}/a\0b", 422), ("{root}/a\nb", 422), ("{root}/\u202eb", 422),
     ("{root}/" + "x" * 300, 422), ("", 422), ("{root}/" * 400, 422)],
)  # fmt: skip
def test_ways_out_of_the_allowed_roots_are_refused(
    allowing: Server, root: Path, folder: str, status: int
) -> None:
    before = sorted(root.parent.glob("[!a]*/**"))
    answer = allowing.post("/maintenance/backup", {"folder": folder.format(root=root)})
    assert answer.status == status, answer.body
    assert sorted(root.parent.glob("[!a]*/**")) == before


@pytest.mark.parametrize("folder", ["{root}", "{root}/new/folder", "{root}/../allowed", "{in}"])
def test_folders_below_an_allowed_root_are_used_with_links_resolved(
    allowing: Server, root: Path, folder: str
) -> None:
    named = folder.format(root=root, **{"in": root.with_name("in")})
    answer = allowing.post("/maintenance/backup", {"folder": named})
    assert answer.status == 201, answer.body
    made = Path(answer.data["path"])
    assert made.is_relative_to(root)
    assert (made / "manifest.json").is_file()


def test_file_in_the_way_of_a_backup_is_an_error_of_the_request(
    allowing: Server, root: Path
) -> None:
    answer = allowing.post("/maintenance/backup", {"folder": str(root / "file")})
    assert answer.envelope["success"] is False
    assert (root / "file").read_bytes() == b""
