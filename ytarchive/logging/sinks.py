"""The sources of log records, the console, and the entries before the log store exists."""

import inspect
import logging
import os
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from enum import Enum, auto
from typing import TYPE_CHECKING

from loguru import logger

from ytarchive.logging.api import LogEntry, LogLevel
from ytarchive.logging.masking import mask
from ytarchive.logging.records import (
    SEVERITY,
    complete,
    entry_of,
    level_of,
    service_of,
    traceback_of,
)

if TYPE_CHECKING:
    from loguru import Message, Record  # only for type checkers

_COLOURS = {
    LogLevel.DEBUG: "\x1b[2m",
    LogLevel.INFO: "\x1b[32m",
    LogLevel.WARNING: "\x1b[33m",
    LogLevel.ERROR: "\x1b[31m",
    LogLevel.CRITICAL: "\x1b[1;31m",
}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

_MOST = 1000


class EarlyEntries:
    """The first entries of a process, for the first store that requests them."""

    def __init__(self) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=_MOST)
        self._sink: int | None = None

    def keep(self) -> None:
        """Keep new entries; loguru must not have this sink yet."""
        self._sink = logger.add(self._take, level="DEBUG", format=lambda _: "")

    def handed_over(self, level: str) -> Iterator[LogEntry]:
        """Return the kept entries of `level` and above, and stop keeping entries."""
        if self._sink is not None:
            with suppress(ValueError):  # another module may have removed all sinks
                logger.remove(self._sink)
        kept, self._entries = self._entries, deque(maxlen=_MOST)
        self._sink = None
        least = logger.level(level).no
        return (entry for entry in kept if SEVERITY[entry.level] >= least)

    def _take(self, message: "Message") -> None:
        self._entries.append(entry_of(message.record))


early_entries = EarlyEntries()
"""One per process, like loguru's sinks."""


class LogProblems:
    """Writes problems of the log itself to stderr, at most one per minute."""

    def __init__(self) -> None:
        self._quiet_until = 0.0

    def report(self, text: str) -> None:
        """Write one line, unless one was written within the last minute."""
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + 60
            with suppress(OSError, ValueError):  # stderr may be on the same full disk, or closed
                sys.stderr.write(f"ytarchive: {mask(text)}\n")


class Console(Enum):
    """The content of the console (standard error)."""

    FULL = auto()
    """Everything from the level up, with time, service and tracebacks: for a server."""
    WARNINGS = auto()
    """Warnings and errors, a line each: for commands, whose output is for people."""
    NONE = auto()
    """Nothing."""


def configure_logging(level: str, *, console: Console = Console.FULL) -> None:
    """Show the log of this process, including the standard library's, on the console.

    `level` is the minimum level. Each record has its service and the trace id of the call. Call it
    before a LogPipeline starts; of several calls the last one is effective. Records before it are
    kept for the first pipeline.
    """
    logger.remove()
    logger.configure(patcher=complete)
    if console is not Console.NONE:
        levels = [level] if console is Console.FULL else [level, "WARNING"]
        least = max(levels, key=lambda name: logger.level(name).no)
        # A format function adds no traceback: loguru's traceback shows the values of variables.
        logger.add(_console_sink(console), level=least, format=lambda _: "")
    early_entries.keep()
    _intercept_standard_library()


def _console_sink(console: Console) -> "Callable[[Message], None]":
    line = _full_line if console is Console.FULL else _short_line
    colours = _COLOURS if _has_colours() else {}

    def write(message: "Message") -> None:
        with suppress(OSError, ValueError, AttributeError):  # stderr may be closed or missing
            sys.stderr.write(line(message.record, colours) + "\n")

    return write


def _has_colours() -> bool:
    with suppress(ValueError, AttributeError):  # stderr may be closed or missing
        return sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    return False


def _full_line(record: "Record", colours: Mapping[LogLevel, str]) -> str:
    level = level_of(record)
    time = record["time"].isoformat(" ", "seconds")[:19]
    text = _printable(record["message"])
    trace = record["extra"].get("trace_id")
    if level is not LogLevel.INFO and trace:
        text += f" [{_printable(trace)}]"
    if record["exception"] is not None:
        text += "\n" + _printable(traceback_of(record)).rstrip()
    return f"{time} {_coloured(f'{level:<8}', colours.get(level))} {service_of(record):<9} {text}"


def _short_line(record: "Record", colours: Mapping[LogLevel, str]) -> str:
    level = level_of(record)
    return f"{_coloured(level.lower(), colours.get(level))}: {_printable(record['message'])}"


def _coloured(text: str, colour: str | None) -> str:
    return f"{colour}{text}\x1b[0m" if colour else text


def _printable(text: str) -> str:
    """Return text for a terminal: without secrets, control characters and forged lines."""
    escaped = _CONTROL.sub(
        lambda found: found.group().encode("unicode_escape").decode(), mask(text)
    )
    return escaped.replace("\n", "\n    ")


class _Intercepted(logging.Handler):
    """Passes the standard library's records (aiohttp, asyncio) on to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname if record.levelname in LogLevel.__members__ else record.levelno
        frame, depth = inspect.currentframe(), 0
        while frame and (depth == 0 or frame.f_code.co_filename == logging.__file__):
            frame, depth = frame.f_back, depth + 1
        bound = logger.bind(logger=record.name).opt(depth=depth, exception=record.exc_info)
        bound.log(level, "{}", record.getMessage())


def _intercept_standard_library() -> None:
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, _Intercepted):
            root.removeHandler(handler)
    root.addHandler(_Intercepted())
    root.setLevel(logging.INFO)  # lower levels of libraries are for their developers
