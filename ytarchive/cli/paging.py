"""Lists that come in pages: their options, and the line that leads to the next page."""

from collections.abc import Callable, Iterable

import click
from pydantic import BaseModel
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.options import Decorated, with_options
from ytarchive.cli.output import cell
from ytarchive.cli.params import range_of


def paged(query: type[BaseModel], *, limit: int) -> Callable[[Decorated], Decorated]:
    """The options of a command that asks for a page by `query`, of `limit` entries by default."""
    return with_options(
        click.option("--limit", type=range_of(query, "limit"), default=limit, show_default=True),
        click.option("--cursor", help="Go on after the page that named it."),
    )


def page_of(shown: Iterable[RenderableType], next_cursor: str | None) -> RenderableType:
    """A page, and below it how to see the next one, if there is one."""
    more = [] if next_cursor is None else [cell(f"More: --cursor {next_cursor}")]
    return Lines(*shown, *more)
