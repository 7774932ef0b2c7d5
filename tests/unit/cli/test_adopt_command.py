"""`ytarchive adopt`, without a server."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.storage.foreign_libraries import media, write_file
from tests.unit.storage.samples import VIDEO


def test_report_names_the_first_files_and_json_has_all(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    write_file(tmp_path / "in" / f"A film [{VIDEO}].mp4", media())
    for number in range(1200):
        write_file(tmp_path / "in" / "notes" / f"{number:04d}.txt", "text")
    preview = cli("adopt", str(tmp_path / "in"), "--dry-run")
    assert (preview.code, "dry run: nothing is changed" in preview.out) == (0, True)
    assert "do not edit" not in preview.out
    ran = cli("adopt", str(tmp_path / "in"))
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 80
    for text in ("1 of 1 adopted", "there is no media file of this name", "and 1180 more"):
        assert text in ran.out
    everything = cli("adopt", str(tmp_path / "in"), "--json")
    assert len(everything.json["files"]) == 1201


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [("nothing", 1, "there is no folder"), ("file", 2, "is a file"), ("loop", 1, "no folder"),
     ("M\udcfcnchen", 2, "M\\xfcnchen is not UTF-8; name a folder above it"),
     ("archive", 1, "is an archive of ytarchive")],
)  # fmt: skip
def test_folder_that_cannot_be_adopted_is_refused_with_the_remedy(
    cli: Cli, tmp_path: Path, name: str, code: int, text: str
) -> None:
    write_file(tmp_path / "file", "x")
    write_file(tmp_path / "M\udcfcnchen" / "x", "x")
    (tmp_path / "loop").symlink_to("loop")
    ran = cli("adopt", str(tmp_path / name))
    assert (ran.code, text in ran.err) == (code, True), ran.err


def test_empty_folder_and_an_odd_name_in_a_folder_are_no_errors(cli: Cli, tmp_path: Path) -> None:
    write_file(tmp_path / "in" / "M\udcfcnchen" / "f\udcfcr.txt", "x")
    (tmp_path / "empty").mkdir()
    assert cli("adopt", str(tmp_path / "empty")).code == 0
    ran = cli("adopt", str(tmp_path / "in"))
    assert (ran.code, "M\\xfcnchen/f\\xfcr.txt" in ran.out) == (0, True)
