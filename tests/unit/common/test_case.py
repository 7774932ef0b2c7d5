"""Ids that differ only in case are never confused, on any file system."""

from pathlib import Path

import pytest

from ytarchive.common import case
from ytarchive.common.case import require_apart, require_exact_name
from ytarchive.common.errors import CaseConflict


@pytest.fixture
def ignoring_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system on which `a` and `A` are the same name."""

    def lookup(path: Path) -> tuple[int, int] | None:
        for entry in path.parent.iterdir():
            if entry.name.lower() == path.name.lower():
                found = entry.lstat()
                return found.st_dev, found.st_ino
        return None

    monkeypatch.setattr(case, "_lookup", lookup)


@pytest.mark.parametrize("taken", ["abcdefghijk", "ABCDEFGHIJK", "abcdefghijK"])
def test_names_that_differ_in_case_are_kept_apart_by_most_file_systems(
    tmp_path: Path, taken: str
) -> None:
    (tmp_path / taken).mkdir()
    names = ("abcdefghijk", "ABCDEFGHIJK", "Abcdefghijk")
    for name in names:
        require_exact_name(tmp_path / name)
        require_apart(tmp_path, name, list(names))
        (tmp_path / name).mkdir(exist_ok=True)
    assert {path.name for path in tmp_path.iterdir()} == {taken, *names}


@pytest.mark.usefixtures("ignoring_case")
@pytest.mark.parametrize("taken", ["ABCDEFGHIJK", "abcdefghijK"])
def test_a_name_that_is_taken_in_another_case_is_refused(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).mkdir()
    with pytest.raises(CaseConflict, match=f"already has {taken}"):
        require_exact_name(tmp_path / "abcdefghijk")
    require_exact_name(tmp_path / taken)
    require_exact_name(tmp_path / "another_id1")


@pytest.mark.usefixtures("ignoring_case")
def test_two_names_that_differ_in_case_are_not_used_at_the_same_time(tmp_path: Path) -> None:
    with pytest.raises(CaseConflict, match="next to ABCDEFGHIJK"):
        require_apart(tmp_path, "abcdefghijk", ["other_id_01", "ABCDEFGHIJK"])
    require_apart(tmp_path, "abcdefghijk", ["abcdefghijk", "other_id_01"])
