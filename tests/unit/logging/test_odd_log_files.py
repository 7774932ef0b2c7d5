"""A path of a log file is never opened unless it is a regular file."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ytarchive.logging.files import LogFiles

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize("kind", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/null")])
def test_a_log_begins_a_further_file_where_something_else_is_in_its_place(
    tmp_path: Path, kind: Callable[[Path], Any]
) -> None:
    folder = tmp_path / "jobs"
    folder.mkdir()
    kind(folder / "2026-11-23.jsonl")
    files = LogFiles(tmp_path, 2**20)
    files.append([("jobs", b"{}\n")], TODAY)
    files.purge(keep_days=1, max_bytes=0, today=TODAY)
    assert (folder / "2026-11-23.1.jsonl").read_bytes() == b"{}\n"
