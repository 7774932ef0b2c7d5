"""`ytarchive logs`."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import click
from rich.text import Text

from ytarchive.app import Archive
from ytarchive.cli.options import Command
from ytarchive.cli.output import Output, moment
from ytarchive.cli.params import Moment
from ytarchive.cli.session import with_archive
from ytarchive.cli.text import plain
from ytarchive.logging import LogEntry, LogLevel, LogQuery

_INTERVAL = 0.5
_MOST_AT_ONCE = 1000
_LATE = timedelta(seconds=3)  # entries are stored in batches, so an older one may come later
_AHEAD = timedelta(minutes=2)  # more than the log lets entries be

_STYLES = {
    LogLevel.DEBUG: "dim",
    LogLevel.WARNING: "yellow",
    LogLevel.ERROR: "red",
    LogLevel.CRITICAL: "bold red",
}


@click.command(cls=Command)
@click.option("--service", help="Entries of this service alone.")
@click.option(
    "--level",
    type=click.Choice(list(LogLevel), case_sensitive=False),
    help="Entries of this level and above.",
)
@click.option(
    "--trace", "trace_id", metavar="ID", help="Entries of one request and what it caused."
)
@click.option("--text", help="Entries that contain this, whatever its case.")
@click.option("--since", type=Moment(), metavar="TIME", help="ISO 8601, or a time ago such as 1h.")
@click.option("--until", type=Moment(), metavar="TIME", help="As --since.")
@click.option(
    "--limit", type=click.IntRange(1, _MOST_AT_ONCE), default=100, show_default=True,
    help="So many entries, the latest.",
)  # fmt: skip
@click.option("-f", "--follow", is_flag=True, help="Stay, and show what is new.")
@with_archive
async def logs(
    archive: Archive,
    out: Output,
    /,
    follow: bool,
    level: LogLevel | None,
    **filters: str | int | datetime | None,
) -> None:
    """Search the log, or follow it.

    The latest entry comes last. With --json: a page of entries, newest first; with -f a line for
    each entry.
    """
    query = LogQuery.model_validate({"level": level} | filters)
    page = await archive.logging.query_logs(query)
    if out.as_json and not follow:
        out.document(page)
        return
    for entry in reversed(page.items):
        _print(out, entry)
    if not page.items and not follow:
        out.remark("No entry matches.")
    if follow:
        if archive.url is None:
            out.remark("No server is running, so nothing new will come.")
        await _follow(archive, out, query, _Seen(page.items))


class _Seen:
    """The entries shown of late, so that none is shown twice."""

    def __init__(self, entries: list[LogEntry]) -> None:
        self._recent: dict[bytes | str, datetime] = {}
        self.since = datetime.now(UTC) - _LATE
        for _ in self.new(entries):
            pass

    def new(self, entries: list[LogEntry]) -> Iterator[LogEntry]:
        """Those of `entries` (newest first) that were not shown yet, oldest first."""
        for entry in reversed(entries):
            key = entry.model_dump_json()
            if key not in self._recent:
                self._recent[key] = entry.timestamp
                yield entry
        latest = max(self._recent.values(), default=self.since)
        self.since = max(self.since, min(latest, datetime.now(UTC)) - _LATE)
        self._recent = {key: at for key, at in self._recent.items() if at >= self.since}


async def _follow(archive: Archive, out: Output, query: LogQuery, seen: _Seen) -> None:
    while True:
        await asyncio.sleep(_INTERVAL)
        # What a clock that was wrong dated further ahead must not fill the page.
        ahead = datetime.now(UTC) + _AHEAD
        until = min(query.until or ahead, ahead)
        fresh = {"since": seen.since, "until": until, "limit": _MOST_AT_ONCE}
        page = await archive.logging.query_logs(query.model_copy(update=fresh))
        for entry in seen.new(page.items):
            _print(out, entry)


def _print(out: Output, entry: LogEntry) -> None:
    if out.as_json:
        out.json_line(entry)
        return
    line = Text(f"{moment(entry.timestamp)} ", style="dim")
    line.append(f"{entry.level:<8} ", style=_STYLES.get(entry.level, ""))
    line.append(f"{entry.service:<9} ", style="cyan")
    line.append(plain(entry.message))
    out.console.print(line, soft_wrap=True)
