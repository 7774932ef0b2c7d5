"""Tables that fit narrow terminals without cutting text or breaking paths."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_GAP = 2
_LEAST = 12
"""Minimum width of a column of running text, in characters."""
_INDENT = 4


def may_wrap(value: Text) -> bool:
    """Return whether a text can be wrapped.

    Text with a slash may contain a path, which users copy.
    """
    return "/" not in value.plain


@dataclass(frozen=True)
class Column:
    """A column. The text of a `flexible` column is wrapped, and leaves the line first.

    With `holds_paths` no cell with a slash is wrapped; without `flexible` no cell at all.
    """

    name: str
    right: bool
    flexible: bool
    holds_paths: bool

    @classmethod
    def of(cls, declared: str) -> "Column":
        """Parse signs before the name: `>` flush right, `~` flexible, `/` with paths."""
        name = declared.lstrip(">~/")
        signs = declared.removesuffix(name)
        return cls(name, ">" in signs, "~" in signs, "/" in signs)

    def wraps(self, value: Text) -> bool:
        """Return whether a cell can be wrapped."""
        return may_wrap(value) if self.flexible and self.holds_paths else not self.holds_paths


class Rows:
    """Rows below the column names; columns that do not fit are shown below each row.

    No id or path is cut or wrapped, so both can be copied.
    """

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> None:
        self._columns = columns
        self._rows = rows
        self._widths = [
            max([len(column.name), *(row[number].cell_len for row in rows)])
            for number, column in enumerate(columns)
        ]
        self._wraps = [
            column.flexible and all(column.wraps(row[number]) for row in rows)
            for number, column in enumerate(columns)
        ]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield a table, with the columns that fit into the width."""
        needed = [
            min(width, _LEAST) if wraps else width
            for wraps, width in zip(self._wraps, self._widths, strict=True)
        ]
        if sum(needed) + _GAP * (len(needed) - 1) <= options.max_width:
            yield self._table()
        else:
            yield from self._lines(self._leading(options.max_width))

    def _table(self) -> Table:
        made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
        for column, wraps in zip(self._columns, self._wraps, strict=True):
            made.add_column(
                Text(column.name),
                justify="right" if column.right else "left",
                no_wrap=not wraps,
                overflow="fold",
            )
        for row in self._rows:
            made.add_row(*row)
        return made

    def _leading(self, room: int) -> int:
        """Return how many of the first columns fit into a line; at least 1."""
        for number, (column, width) in enumerate(zip(self._columns, self._widths, strict=True)):
            room -= width
            if number and (column.flexible or column.holds_paths or room < 0):
                return number
            room -= _GAP
        return len(self._columns)

    def _lines(self, leading: int) -> Iterator[Text | Padding]:
        names = [Text(column.name, style="bold") for column in self._columns]
        yield self._line(names[:leading])
        for row in self._rows:
            yield self._line(row[:leading])
            yield from self._below(row, leading)

    def _below(self, row: Sequence[Text], leading: int) -> Iterator[Text | Padding]:
        """Yield the rest of a row: the wrapped cells together, then each path on its own line."""
        breakable: list[Text] = []
        whole: list[Text] = []
        for column, value in zip(self._columns[leading:], row[leading:], strict=True):
            if value.plain not in {"", "-"}:
                named = Text.assemble((f"{column.name.lower()} ", "dim"), value)
                (breakable if column.wraps(value) else whole).append(named)
        if breakable:
            text = Text("  ").join(breakable)
            text.overflow, text.no_wrap = "fold", False
            yield Padding(text, (0, 0, 0, _INDENT))
        for text in whole:
            yield unbroken(Text.assemble(" " * _INDENT, text))

    def _line(self, cells: Sequence[Text]) -> Text:
        line = Text(overflow="fold", no_wrap=False)
        for column, width, value in zip(self._columns, self._widths, cells, strict=False):
            padded = value.copy()
            padded.align("right" if column.right else "left", width)
            line.append_text(padded).append(" " * _GAP)
        line.rstrip()
        return line


class Facts:
    """Names and values, one pair a line; long values are wrapped in the column after the name."""

    def __init__(self, rows: Sequence[tuple[Text, Text]]) -> None:
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines; lines with paths may be longer than the terminal is wide."""
        indent = max((name.cell_len for name, _ in self._rows), default=0) + _GAP
        for name, value in self._rows:
            filling = " " * (indent - name.cell_len)
            for number, line in enumerate(_wrapped(console, value, options.max_width - indent)):
                before = Text.assemble(name, filling) if not number else Text(" " * indent)
                yield unbroken(Text.assemble(before, line))


def _wrapped(console: Console, value: Text, room: int) -> Sequence[Text]:
    if not may_wrap(value) or room < _LEAST:
        return [value]
    return list(value.wrap(console, room, overflow="fold")) or [value]


def unbroken(line: Text) -> Text:
    """Return a line that only the terminal wraps."""
    line.no_wrap, line.overflow = True, "ignore"
    return line
