"""Lists in pages: their options, and the line about the next page."""

from collections.abc import Callable, Iterable

import click
from pydantic import BaseModel
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.options import Decorated, with_options
from ytarchive.cli.output import cell
from ytarchive.cli.params import range_of


def paged(query: type[BaseModel], *, limit: int) -> Callable[[Decorated], Decorated]:
    """Return the options of a command that shows a page; `limit` is the default page size."""
    return with_options(
        click.option("--limit", type=range_of(query, "limit"), default=limit, show_default=True),
        click.option("--cursor", help="Continue from this cursor."),
    )


def page_of(shown: Iterable[RenderableType], next_cursor: str | None) -> RenderableType:
    """Return a page and, below it, the command that shows the next page."""
    more = [] if next_cursor is None else [cell(f"More: --cursor {next_cursor}")]
    return Lines(*shown, *more)
