"""Connects a command to the archive: settings, connection, interrupts, errors."""

import asyncio
import functools
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec, TypeVar

import click
from loguru import logger

from ytarchive.app import open_archive
from ytarchive.cli.failure import NO_SERVER, USAGE, Failure
from ytarchive.cli.options import Globals
from ytarchive.cli.output import Output
from ytarchive.cli.text import plain
from ytarchive.common import errors
from ytarchive.common.config import Settings, StorageConfig, given_settings, load_settings
from ytarchive.common.setting_sources import Given
from ytarchive.discovery import Archive
from ytarchive.jobs import ProfilesAPI
from ytarchive.logging import Console, configure_logging
from ytarchive.maintenance import MaintenanceAPI
from ytarchive.offline import ACCESS_REMEDY, open_maintenance, open_profiles
from ytarchive.storage import Access

_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
_GRACE = 1.0  # seconds; short, because a user waits after Ctrl-C and interrupted transfers resume

if TYPE_CHECKING:  # loguru provides these types only for type checkers
    from loguru import Message, Record

P = ParamSpec("P")
T = TypeVar("T")

Work = Callable[Concatenate[Archive, Output, P], Awaitable[int | None]]


def chosen() -> Globals:
    """Return the global options of the command that runs."""
    return click.get_current_context().ensure_object(Globals)


def failure(error: errors.YTArchiveError, exit_code: int = 1) -> Failure:
    """Return a `Failure` for an error of the archive."""
    wrong_usage = isinstance(error, errors.InvalidIdentifier | errors.InvalidRequest)
    detail = error.detail()
    return Failure(
        error.message,
        remedy=remedy_for(error),
        exit_code=USAGE if wrong_usage else exit_code,
        code=detail.code,
        details=detail.details,
    )


def remedy_for(error: errors.YTArchiveError) -> str:
    """Return the remedy of an error as a command instead of an HTTP request."""
    match error:
        case errors.InvalidRequest():
            return "See `--help`."
        case errors.TokenRequired():
            return ACCESS_REMEDY
        case _:
            return error.remedy


def read_settings(options: Globals, **sections: dict[str, Any]) -> Settings:
    """Return all settings; the command line has precedence."""
    try:
        return load_settings(options.config, **_on_command_line(options), **sections)
    except errors.YTArchiveError as error:
        raise failure(error) from None


def read_given(options: Globals) -> Given:
    """Return the values of all sources, for commands that also work with invalid settings."""
    try:
        return given_settings(options.config, **_on_command_line(options))
    except errors.YTArchiveError as error:
        raise failure(error) from None


def _on_command_line(options: Globals) -> dict[str, dict[str, Any]]:
    if options.base_path is None:
        return {}
    return {"storage": {"base_path": options.base_path.absolute()}}


def show_log(verbose: int) -> None:
    """Show entries below warning on standard error: with `-v`, and with `-vv` all."""
    if verbose:
        level = "INFO" if verbose == 1 else "DEBUG"
        logger.add(_write_log, level=level, filter=_is_below_warning, format="{message}")


def _is_below_warning(record: "Record") -> bool:
    return record["level"].no < logger.level("WARNING").no


def _write_log(message: "Message") -> None:
    """Write an entry as a line, escaped, because it may contain text from YouTube."""
    record = message.record
    service = record["extra"].get("service", record["name"])
    line = f"{record['time']:%H:%M:%S} {record['level'].name.lower():<5} {service:<9} "
    # Looked up each time, because live bars replace the stream.
    sys.stderr.write(line + plain(record["message"]) + "\n")


def with_archive(work: Work[P]) -> Callable[P, int]:
    """Make a command of a coroutine whose first arguments are the archive and the output.

    The command changes an existing archive; see `reading` and `creating` for others. With `dry_run`
    it only reads.
    """
    return _command(work, Access.WRITE)


def reading(work: Work[P]) -> Callable[P, int]:
    """Make a command like `with_archive` for a read-only coroutine.

    Without a server it needs no lock and can run at the same time as other commands.
    """
    return _command(work, Access.READ)


def creating(work: Work[P]) -> Callable[P, int]:
    """Make a command like `with_archive` that creates the archive if the folder is empty."""
    return _command(work, Access.CREATE)


def cached_if_locked(work: Work[P]) -> Callable[P, int]:
    """Make a command as `with_archive` does, which reads if another command has the archive.

    With `refresh` or `save` it never does. What a reader cannot answer raises StateLocked.
    """
    return _command(work, Access.WRITE, may_read=True)


def needing_no_archive(work: Work[P]) -> Callable[P, int]:
    """Make a command as `with_archive` does, which uses a temporary archive if there is none."""
    return _command(work, Access.WRITE, needs_none=True)


def _command(
    work: Work[P], access: Access, *, may_read: bool = False, needs_none: bool = False
) -> Callable[P, int]:
    @functools.wraps(work)
    def command(*args: P.args, **kwargs: P.kwargs) -> int:
        options = chosen()
        settings = read_settings(options, jobs={"shutdown_grace": _GRACE})
        out = Output(as_json=options.json)
        configure_logging("WARNING", console=Console.WARNINGS)

        async def run_with(needed: Access, used: Settings = settings) -> int | None:
            async with connected(used, needed) as archive:
                show_log(options.verbose)
                return await work(archive, out, *args, **kwargs)

        no_archive = errors.NotAnArchive if needs_none else ()

        async def run() -> int | None:
            if kwargs.get("dry_run"):
                return await run_with(Access.READ)
            try:
                return await run_with(access)
            except no_archive:
                with TemporaryDirectory(prefix="ytarchive-") as folder:
                    place = StorageConfig(base_path=Path(folder))
                    temporary = settings.model_copy(update={"storage": place})
                    return await run_with(Access.CREATE, temporary)
            except errors.StateLocked:
                if not may_read or kwargs.get("refresh") or kwargs.get("save"):
                    raise
                with suppress(errors.NotCached):
                    return await run_with(Access.READ)
                raise

        return run_to_end(run()) or 0

    return command


def without_services(
    work: Callable[Concatenate[Settings, Output, P], Awaitable[None]],
    console: Console = Console.WARNINGS,
) -> Callable[P, int]:
    """Make a command of a coroutine whose first arguments are the settings and the output."""

    @functools.wraps(work)
    def command(*args: P.args, **kwargs: P.kwargs) -> int:
        options = chosen()
        settings = read_settings(options)
        configure_logging("WARNING", console=console)
        show_log(options.verbose)

        async def run() -> None:
            await work(settings, Output(as_json=options.json), *args, **kwargs)

        return run_to_end(run()) or 0

    return command


def connected(settings: Settings, access: Access) -> AbstractAsyncContextManager[Archive]:
    """Open the archive's services, of a server or in this process."""
    server = chosen().server
    return _opened(lambda: open_archive(settings, server, access))


def maintaining(
    settings: Settings,
    on_progress: Callable[[int], None] = lambda _: None,
    *,
    beside_server: bool = False,
) -> AbstractAsyncContextManager[MaintenanceAPI]:
    """Open the maintenance of the archive; see `open_maintenance`."""
    server = chosen().server
    return _opened(
        lambda: open_maintenance(settings, server, on_progress, beside_server=beside_server)
    )


def profiles_of(settings: Settings) -> AbstractAsyncContextManager[ProfilesAPI]:
    """Open the profiles of the server or of the settings; see `open_profiles`."""
    server = chosen().server
    return _opened(lambda: open_profiles(settings, server))


@asynccontextmanager
async def _opened(opening: Callable[[], AbstractAsyncContextManager[T]]) -> AsyncIterator[T]:
    """Open a connection; a named server that does not answer has its exit code."""
    async with AsyncExitStack() as stack:
        try:
            opened = await when_free(lambda: stack.enter_async_context(opening()))
        except (errors.ServiceUnavailable, errors.ServiceTimeout, errors.ProtocolError) as error:
            ended = failure(error, NO_SERVER if chosen().server else 1)
            ended.remedy = "Start it with `ytarchive serve`, or correct its URL."
            raise ended from None
        yield opened


async def when_free(work: Callable[[], Awaitable[T]]) -> T:
    """Return the result of `work`; with `--wait` retry while another process uses the archive."""
    options, shown = chosen(), ""
    while True:
        try:
            return await work()
        except errors.StateLocked as error:
            if not options.wait:
                raise
            if error.message != shown:
                shown = error.message
                Output(as_json=options.json).remark(f"waiting: {shown}")
        await asyncio.sleep(0.5)


def run_to_end(work: Coroutine[Any, Any, int | None]) -> int | None:
    """Run a coroutine; the first interrupt ends it in order, the second at once.

    The exit code is 1 in both cases.
    """
    try:
        return asyncio.run(_interruptible(work))
    except errors.YTArchiveError as error:
        raise failure(error) from None
    except asyncio.CancelledError:
        return 1


async def _interruptible(work: Coroutine[Any, Any, int | None]) -> int | None:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if task.cancelling():
            _leave()
        for number in _INTERRUPTS:
            loop.remove_signal_handler(number)
            signal.signal(number, _leave)
        task.cancel()

    for number in _INTERRUPTS:
        loop.add_signal_handler(number, stop)
    return await task


def _leave(*_: object) -> NoReturn:
    """End the process at once; stored files are not affected."""
    os._exit(1)
