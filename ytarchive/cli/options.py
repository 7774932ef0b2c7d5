"""The options of all commands, and the classes that add them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from ytarchive.cli.failure import USAGE, Failure
from ytarchive.cli.times import use_utc

_DASHED_ID = re.compile(r"-[A-Za-z0-9_-]{10}")
"""A video id that looks like an option.

`common/identifiers.py` defines ids, but its import would make every command slower.
"""

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class NamedPath(click.Path):
    """A path. An empty one, often that of an unset variable, would be the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, and fail if it is empty."""
        if value == "":
            self.fail("the path is empty", param, ctx)
        return super().convert(value, param, ctx)


class TextPath(NamedPath):
    """A path that is sent to a service as text, which must be UTF-8."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, and fail if it is not UTF-8."""
        path = super().convert(value, param, ctx)
        try:
            str(path).encode()
        except UnicodeEncodeError:
            message = f"the path {path} is not UTF-8; name a folder above it, or rename it"
            self.fail(message, param, ctx)
        return path


def with_options(*options: Callable[[Any], Any]) -> Callable[[Decorated], Decorated]:
    """Return a decorator that gives a command several options, listed in this order."""

    def decorate(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@dataclass
class Globals:
    """The options of every command, at any position of the command line."""

    config: Path | None = None
    server: str | None = None
    base_path: Path | None = None
    json: bool = False
    verbose: int = 0
    wait: bool = False


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keep a given value; an option before the sub-command stays valid if it is not repeated."""
    if value and parameter.name is not None:
        setattr(context.ensure_object(Globals), parameter.name, value)


def _server(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value and not value.startswith(("http://", "https://")):
        raise Failure(
            f"{value!r} is not the URL of a server",
            remedy="Give it as in `--server http://127.0.0.1:8000`.",
            exit_code=USAGE,
            code="E002",
        )
    _remember(context, parameter, value)


def _utc(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        use_utc()


def global_options(*, at_root: bool) -> list[click.Parameter]:
    """Return the global options; below the root only `--json` is shown in the help."""
    option = partial(click.Option, callback=_remember, expose_value=False, hidden=not at_root)
    return [
        option(
            ["--config"], type=NamedPath(dir_okay=False, path_type=Path), metavar="FILE",
            help="Settings file; default: see `ytarchive config path`.",
        ),
        option(
            ["--server"], metavar="URL", envvar="YTARCHIVE_SERVER" if at_root else None,
            show_envvar=True, callback=_server,
            help="Server to use; default: the one at the configured address, if it runs.",
        ),
        option(
            ["--base-path"], type=NamedPath(file_okay=False, path_type=Path), metavar="DIR",
            help="Folder of the archive.",
        ),
        option(
            ["--json"], is_flag=True, is_eager=True, hidden=False, help="Print one JSON document."
        ),
        option(
            ["--wait"], is_flag=True,
            help="Wait for the end of another command that uses the archive.",
        ),
        option(
            ["--utc"], is_flag=True, is_eager=True, callback=_utc,
            help="Use UTC instead of this machine's time zone.",
        ),
        option(["-v", "--verbose"], count=True, help="Show the log; twice: with debug entries."),
    ]  # fmt: skip


class Command(click.Command):
    """A command with the global options that accepts video ids that begin with a dash."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("epilog", "The options in `ytarchive --help` can be used here too.")
        super().__init__(*args, **kwargs)
        self.params.extend(global_options(at_root=False))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse ids such as `-wNyEUrxzFU` as arguments, as after `--`."""
        if any(isinstance(parameter, click.Argument) for parameter in self.params):
            args = self._dashed_ids_last(args)
        return super().parse_args(ctx, args)

    def _dashed_ids_last(self, args: list[str]) -> list[str]:
        options = {name for parameter in self.params for name in parameter.opts}
        end = args.index("--") if "--" in args else len(args)
        dashed = [a for a in args[:end] if _DASHED_ID.fullmatch(a) and a not in options]
        if not dashed:
            return args
        others = [arg for arg in args[:end] if arg not in dashed]
        return [*others, "--", *dashed, *args[end + 1 :]]


class Group(click.Group):
    """A group of commands; `default` is used if no command is given."""

    command_class = Command

    def __init__(self, *args: Any, default: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.no_args_is_help = default is None
        self.default = default
        self.params.extend(global_options(at_root=False))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the default command if only options, or nothing, is given."""
        named = any(arg in self.commands or arg in ctx.help_option_names for arg in args)
        if self.default and not named and (not args or args[0].startswith("-")):
            args = [self.default, *args]
        return super().parse_args(ctx, args)
