"""The output of commands: tables and lines for people, JSON for programs."""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console, RenderableType
from rich.filesize import decimal
from rich.text import Text

from ytarchive.cli.tables import Column, Facts, Rows
from ytarchive.cli.text import plain
from ytarchive.cli.times import local_times
from ytarchive.common.json_text import json_bytes
from ytarchive.common.models import Page

Value = TypeVar("Value")


class Output:
    """Writes answers to standard output and remarks to standard error."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = _console(stderr=False)
        self.remarks = _console(stderr=True)

    @property
    def is_live(self) -> bool:
        """Return whether the output is a terminal that can redraw lines."""
        return self.console.is_terminal and not self.console.is_dumb_terminal and not self.as_json

    def show(self, value: Value, render: Callable[[Value], RenderableType]) -> None:
        """Print a value as JSON with `--json`, otherwise as `render` returns it."""
        if self.as_json:
            self.document(value)
        else:
            self.print(render(value))
        if isinstance(value, Page):
            self.name_skipped(value.skipped)

    def name_skipped(self, names: Sequence[str]) -> None:
        """Name the entries that are left out because their database rows are unreadable."""
        if names and not self.as_json:
            self.remark(f"Left out, because their database rows are damaged: {', '.join(names)}.")

    def print(self, shown: RenderableType) -> None:
        """Print for people, without trailing spaces of a table's lines.

        Only the terminal wraps lines outside tables, so that paths can be copied.
        """
        with self.console.capture() as captured:
            self.console.print(shown, no_wrap=True, overflow="ignore", crop=False)
        lines = captured.get().splitlines()
        self.console.file.write("".join(f"{line.rstrip()}\n" for line in lines))

    def document(self, value: Any) -> None:
        """Print the one JSON document of a command."""
        click.echo(json_bytes(value, indent=2))

    def json_line(self, value: Any) -> None:
        """Print one element of a stream."""
        click.echo(json_bytes(value))

    def line(self, text: str, style: str = "") -> None:
        """Print a line for people; nothing with `--json`."""
        if not self.as_json:
            self.console.print(Text(plain(local_times(text)), style=style), soft_wrap=True)

    def remark(self, text: str) -> None:
        """Print a remark that is not part of the answer."""
        self.remarks.print(Text(plain(local_times(text))), soft_wrap=True)


def _console(*, stderr: bool) -> Console:
    """Return a console without markup, emoji codes and highlighting, which change titles."""
    stream = sys.stderr if stderr else sys.stdout
    if not os.environ.get("COLUMNS", "").strip("0"):  # as a terminal without a size sets it
        os.environ.pop("COLUMNS", None)
    wide = None if stream.isatty() or "COLUMNS" in os.environ else 160
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, width=wide)


def cell(value: object, style: str = "") -> Text:
    """Return a table's cell; None is a dash."""
    return Text("-" if value is None else plain(str(value)), style=style)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Rows:
    """Return a table.

    A column's name may begin with `>`: flush right, `~`: may be wrapped, `/`: paths.
    """
    cells = [[value if isinstance(value, Text) else cell(value) for value in row] for row in rows]
    return Rows([Column.of(name) for name in columns], cells)


def pairs(rows: Iterable[tuple[str, object]]) -> Facts:
    """Return names and values, one pair a line."""
    cells = [(cell(name, "bold"), value) for name, value in rows]
    return Facts([(n, value if isinstance(value, Text) else cell(value)) for n, value in cells])


def size(count: float) -> str:
    """Return bytes as text, such as `12.3 MB`."""
    return decimal(int(count))


def clock(seconds: float | None) -> str:
    """Return seconds as `1:02:03` or `2:03`; empty if not known."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


STYLES = {
    "success": "green",
    "skipped": "cyan",
    "failed": "red",
    "unavailable": "yellow",
    "cancelled": "magenta",
    "COMPLETED": "green",
    "RUNNING": "cyan",
    "FAILED": "red",
    "CANCELLED": "magenta",
    "PENDING": "",
}


def status_cell(status: str) -> Text:
    """Return a status in its colour."""
    return cell(status, STYLES.get(status, ""))
