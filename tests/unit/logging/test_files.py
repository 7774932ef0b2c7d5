import json
import resource
from datetime import date
from pathlib import Path

import pytest

from ytarchive.logging.files import LogFiles

TODAY = date(2026, 11, 23)


def line(number: int) -> bytes:
    return json.dumps({"number": number}).encode() + b"\n"


def numbers(path: Path) -> list[int]:
    return [json.loads(text)["number"] for text in path.read_text("utf-8").splitlines()]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_each_service_and_day_has_its_file(tmp_path: Path) -> None:
    files = LogFiles(tmp_path, 2**20)
    files.append([("jobs", line(1)), ("storage", line(2)), ("jobs", line(3))], TODAY)
    files.append([("jobs", line(4))], date(2026, 11, 24))
    assert numbers(tmp_path / "jobs" / "2026-11-23.jsonl") == [1, 3]
    assert numbers(tmp_path / "storage" / "2026-11-23.jsonl") == [2]
    assert numbers(tmp_path / "jobs" / "2026-11-24.jsonl") == [4]


def test_a_full_file_is_followed_by_the_next_part_also_after_a_restart(tmp_path: Path) -> None:
    size = 3 * len(line(1))
    LogFiles(tmp_path, size).append([("jobs", line(n)) for n in range(5)], TODAY)
    LogFiles(tmp_path, size).append([("jobs", line(n)) for n in range(5, 8)], TODAY)
    folder = tmp_path / "jobs"
    assert names(folder) == ["2026-11-23.1.jsonl", "2026-11-23.2.jsonl", "2026-11-23.jsonl"]
    assert numbers(folder / "2026-11-23.jsonl") == [0, 1, 2]
    assert numbers(folder / "2026-11-23.1.jsonl") == [3, 4, 5]
    assert numbers(folder / "2026-11-23.2.jsonl") == [6, 7]
    assert all(path.stat().st_size <= size for path in folder.iterdir())


def test_an_incomplete_line_of_a_crash_does_not_affect_other_lines(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    path = tmp_path / "jobs" / "2026-11-23.jsonl"
    path.write_bytes(line(1) + b'{"numb')
    LogFiles(tmp_path, 2**20).append([("jobs", line(2))], TODAY)
    assert path.read_bytes() == line(1) + b'{"numb\n' + line(2)


def test_a_removed_folder_is_created_again(tmp_path: Path) -> None:
    files = LogFiles(tmp_path, 2**20)
    files.append([("jobs", line(1))], TODAY)
    path = tmp_path / "jobs" / "2026-11-23.jsonl"
    path.unlink()
    path.parent.rmdir()
    files.append([("jobs", line(2))], TODAY)
    assert numbers(path) == [2]


def test_unwritten_lines_are_written_later(tmp_path: Path) -> None:
    """After a full disk, the file is looked at again: no glued lines, no wrong size."""
    files = LogFiles(tmp_path, 2**20)
    path = tmp_path / "jobs" / "2026-11-23.jsonl"
    files.append([("jobs", line(1))], TODAY)
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    with pytest.raises(OSError, match="it is a folder"):
        files.append([("jobs", line(2))], TODAY)
    path.rmdir()
    path.write_bytes(line(1) + b"{")
    files.append([("jobs", line(3))], TODAY)
    assert path.read_bytes() == line(1) + b"{\n" + line(2) + line(3)


def test_a_failing_file_of_one_service_does_not_affect_others(tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("in the way")
    files = LogFiles(tmp_path, 2**20)
    with pytest.raises(OSError, match="jobs"):
        files.append([("jobs", line(1)), ("storage", line(2))], TODAY)
    assert numbers(tmp_path / "storage" / "2026-11-23.jsonl") == [2]
    (tmp_path / "jobs").unlink()
    files.append([], TODAY)
    assert numbers(tmp_path / "jobs" / "2026-11-23.jsonl") == [1]


def test_invented_services_do_not_fill_the_disk_with_folders(tmp_path: Path) -> None:
    files = LogFiles(tmp_path, 2**20)
    files.append([(f"service-{number}", line(number)) for number in range(500)], TODAY)
    assert len(names(tmp_path)) == 65
    assert len(numbers(tmp_path / "other" / "2026-11-23.jsonl")) == 436


def test_a_disk_that_fills_in_the_middle_of_a_line_leaves_no_half_of_it(tmp_path: Path) -> None:
    """A real limit on the size of files, as a full disk: a write that is cut short."""
    files = LogFiles(tmp_path, 2**20)
    files.append([("jobs", line(1))], TODAY)
    path = tmp_path / "jobs" / "2026-11-23.jsonl"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(line(1)) + 5, before[1]))
    try:
        with pytest.raises(OSError, match="No space left"):
            files.append([("jobs", line(2))], TODAY)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == line(1)
    files.append([("jobs", line(3))], TODAY)
    assert numbers(path) == [1, 2, 3]


def test_old_files_are_removed_by_date(tmp_path: Path) -> None:
    files = LogFiles(tmp_path, 2**20)
    for day in (1, 20, 21, 23):
        files.append([("jobs", line(day))], date(2026, 11, day))
    files.purge(keep_days=3, max_bytes=2**20, today=TODAY)
    assert names(tmp_path / "jobs") == ["2026-11-20.jsonl", "2026-11-21.jsonl", "2026-11-23.jsonl"]


def test_the_oldest_files_are_removed_beyond_the_size_limit(tmp_path: Path) -> None:
    """The parts being written stay, and so do files that are not ours."""
    files = LogFiles(tmp_path, 2 * len(line(1)))
    for day in (21, 22, 23):
        files.append([("jobs", line(1))] * 4 + [("storage", line(1))], date(2026, 11, day))
    own = tmp_path / "jobs" / "notes.txt"
    own.write_text("kept")
    files.purge(keep_days=30, max_bytes=5 * len(line(1)), today=TODAY)
    assert names(tmp_path / "jobs") == ["2026-11-23.1.jsonl", "2026-11-23.jsonl", "notes.txt"]
    assert names(tmp_path / "storage") == ["2026-11-23.jsonl"]
