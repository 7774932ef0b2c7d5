"""Tables that lose nothing on narrow terminals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_GAP = 2
_LEAST = 12
"""Characters that a column of running text needs to be worth reading."""
_INDENT = 4


@dataclass(frozen=True)
class Column:
    """`flexible`: its text may be wrapped, and is the first to leave the line."""

    name: str
    right: bool
    flexible: bool

    @classmethod
    def of(cls, declared: str) -> "Column":
        """From its name behind `>`, flush right, or `~`, flexible."""
        return cls(declared.lstrip(">~"), declared.startswith(">"), declared.startswith("~"))


class Rows:
    """Rows below their columns' names; where they do not fit, what is left stands below each row.

    So an id is never cut: it is there to be copied.
    """

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> None:
        self._columns = columns
        self._rows = rows
        self._widths = [
            max([len(column.name), *(row[number].cell_len for row in rows)])
            for number, column in enumerate(columns)
        ]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A table, or as much of one as there is room for."""
        needed = [
            min(width, _LEAST) if column.flexible else width
            for column, width in zip(self._columns, self._widths, strict=True)
        ]
        if sum(needed) + _GAP * (len(needed) - 1) <= options.max_width:
            yield self._table()
        else:
            yield from self._lines(self._leading(options.max_width))

    def _table(self) -> Table:
        made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
        for column in self._columns:
            made.add_column(
                Text(column.name),
                justify="right" if column.right else "left",
                no_wrap=not column.flexible,
                overflow="fold",
            )
        for row in self._rows:
            made.add_row(*row)
        return made

    def _leading(self, room: int) -> int:
        """How many of the first columns fit into a line; one does in any case."""
        for number, (column, width) in enumerate(zip(self._columns, self._widths, strict=True)):
            room -= width
            if number and (column.flexible or room < 0):
                return number
            room -= _GAP
        return len(self._columns)

    def _lines(self, leading: int) -> Iterator[Text | Padding]:
        names = [Text(column.name, style="bold") for column in self._columns]
        yield self._line(names[:leading])
        for row in self._rows:
            yield self._line(row[:leading])
            left = zip(self._columns[leading:], row[leading:], strict=True)
            more = [
                Text.assemble((f"{column.name.lower()} ", "dim"), value)
                for column, value in left
                if value.plain not in {"", "-"}
            ]
            if more:
                below = Text("  ").join(more)
                below.overflow = "fold"
                yield Padding(below, (0, 0, 0, _INDENT))

    def _line(self, cells: Sequence[Text]) -> Text:
        line = Text(overflow="fold", no_wrap=False)
        for number, value in enumerate(cells):
            filling = " " * (self._widths[number] - value.cell_len)
            right = self._columns[number].right
            line.append(filling if right else "").append_text(value)
            line.append("" if right else filling).append(" " * _GAP)
        line.rstrip()
        return line
