"""Tables show complete ids and all facts at any width of the terminal."""

import io
import json

import pytest
from rich.console import Console

from ytarchive.cli.output import Output, cell, table
from ytarchive.common.models import Page

JOB = "01a20684-210a-74bd-a370-9a081b3f5157"
COLUMNS = ["JOB", "STATUS", ">DONE", ">MISSING", "CREATED", "~WHAT"]
ROWS: list[list[object]] = [
    [JOB, "COMPLETED", "8/8", 3, "2026-11-23 03:54:41", "A playlist with a long name " * 3],
    [JOB, "RUNNING", "12/60", None, "2026-11-23 03:55:00", "日本語の長い題名日本語の長い題名"],
]


def shown(width: int, rows: list[list[object]] = ROWS) -> list[str]:
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(table(COLUMNS, rows))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_row_is_one_line_if_it_fits() -> None:
    head, first, *_ = shown(200)
    assert head.split() == ["JOB", "STATUS", "DONE", "MISSING", "CREATED", "WHAT"]
    assert first.startswith(f"{JOB}  COMPLETED    8/8        3  2026-11-23 03:54:41  A playlist")


def test_flexible_columns_are_wrapped_on_narrow_terminals() -> None:
    lines = shown(110)
    assert len(lines) > 4
    assert lines[1].endswith("A playlist with a long")


def test_columns_that_do_not_fit_are_below_the_row() -> None:
    assert shown(80)[:3] == [
        "JOB                                   STATUS      DONE  MISSING",
        f"{JOB}  COMPLETED    8/8        3",
        "    created 2026-11-23 03:54:41  what A playlist with a long name A playlist",
    ]


@pytest.mark.parametrize("width", [37, 40, 50, 80, 90, 120])
def test_nothing_is_cut_and_no_line_is_too_long(width: int) -> None:
    lines = shown(width)
    assert sum(JOB in line for line in lines) == 2
    text = "".join("".join(lines).split())
    for fact in ("COMPLETED", "12/60", "2026-11-2303:55:00", "Aplaylistwithalongname" * 3):
        assert fact in text
    assert max(map(len, lines)) <= width


def test_an_id_wider_than_the_terminal_is_continued_on_the_next_line() -> None:
    assert JOB in "".join(shown(20))


def test_a_table_without_rows_has_its_header() -> None:
    assert shown(80, [])[0].startswith("JOB")


@pytest.mark.parametrize("as_json", [True, False])
def test_skipped_entries_of_a_list_are_named(
    capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    page = Page[int](items=[], skipped=[f"job {JOB}", "job x"])
    Output(as_json=as_json).show(page, lambda _: cell("No job matches."))
    said = capsys.readouterr()
    if as_json:
        assert json.loads(said.out)["skipped"] == page.skipped
        assert not said.err
    else:
        assert said.out == "No job matches.\n"
        assert f"job {JOB}, job x" in said.err
