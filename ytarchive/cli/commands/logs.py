"""`ytarchive logs`."""

import asyncio
from datetime import datetime

import click
from rich.text import Text

from ytarchive.cli.changes import following
from ytarchive.cli.options import Command
from ytarchive.cli.output import Output
from ytarchive.cli.params import MOMENT
from ytarchive.cli.session import reading
from ytarchive.cli.text import plain
from ytarchive.cli.times import local_times, moment
from ytarchive.discovery import Archive
from ytarchive.logging import LogEntry, LogLevel, LogQuery

_INTERVAL = 0.2
"""Seconds between two requests, because each request may cause an entry itself."""
_MAX_AT_ONCE = 1000

_STYLES = {
    LogLevel.DEBUG: "dim",
    LogLevel.WARNING: "yellow",
    LogLevel.ERROR: "red",
    LogLevel.CRITICAL: "bold red",
}


@click.command(cls=Command)
@click.option("--service", help="Only entries of this service.")
@click.option(
    "--level",
    type=click.Choice(list(LogLevel), case_sensitive=False),
    help="Only entries of this level and above.",
)
@click.option("--trace", "trace_id", metavar="ID", help="Only entries of one request and its work.")
@click.option("--text", help="Only entries that contain this text, ignoring case.")
@click.option("--since", type=MOMENT, metavar="TIME", help="ISO 8601, or a time ago such as 1h.")
@click.option("--until", type=MOMENT, metavar="TIME", help="As --since.")
@click.option(
    "--limit", type=click.IntRange(1, _MAX_AT_ONCE), default=100, show_default=True,
    help="Number of entries.",
)  # fmt: skip
@click.option("-f", "--follow", is_flag=True, help="Follow the log.")
@reading
async def logs(
    archive: Archive,
    out: Output,
    /,
    follow: bool,
    level: LogLevel | None,
    **filters: str | int | datetime | None,
) -> None:
    """Search the log, or follow it.

    The latest entry is last. With --json: a page of entries, newest first; with -f a line for each
    entry.
    """
    query = LogQuery.model_validate({"level": level} | filters)
    start = await archive.logging.query_logs(_following(query, None)) if follow else None
    page = await archive.logging.query_logs(query)
    if out.as_json and not follow:
        out.document(page)
        return
    for entry in reversed(page.items):
        _print(out, entry)
    if not page.items and not follow:
        out.remark("No entry matches.")
    out.name_skipped(page.skipped)
    if start is not None:
        if archive.url is None:
            out.remark("No server is running; entries of other commands are shown.")
        await _follow(archive, out, _following(query, start.next_cursor), page.items)


def _following(query: LogQuery, cursor: str | None) -> LogQuery:
    return query.model_copy(update={"follow": True, "cursor": cursor, "limit": _MAX_AT_ONCE})


async def _follow(archive: Archive, out: Output, query: LogQuery, shown: list[LogEntry]) -> None:
    """Show new entries, except those in `shown`, which was requested a moment later."""
    async with following(archive, "log") as changes:
        while True:
            await changes.next()
            page = await archive.logging.query_logs(query)
            for entry in page.items:
                if entry not in shown:
                    _print(out, entry)
            query, shown = _following(query, page.next_cursor), []
            await asyncio.sleep(_INTERVAL)


def _print(out: Output, entry: LogEntry) -> None:
    if out.as_json:
        out.json_line(entry)
        return
    line = Text(f"{moment(entry.timestamp)} ", style="dim")
    line.append(f"{entry.level:<8} ", style=_STYLES.get(entry.level, ""))
    line.append(f"{entry.service:<9} ", style="cyan")
    line.append(plain(local_times(entry.message)))
    out.console.print(line, soft_wrap=True)
