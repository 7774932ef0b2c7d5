"""Reports the failure of a command: a message for people, or a JSON object."""

import json
import re
import sys
from contextlib import suppress
from typing import Any, ClassVar

import click
from click.exceptions import NoArgsIsHelpError

from ytarchive.cli.text import plain
from ytarchive.cli.times import local_times

USAGE = 2
NO_SERVER = 3


class Failure(Exception):
    """Ends a command with an error and its remedy, without a traceback."""

    label: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        exit_code: int = 1,
        code: str,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.exit_code = exit_code
        self.code = code
        self.details = details

    def __str__(self) -> str:
        what = plain(local_times(self.message)).strip().rstrip(".")
        end = "" if what.endswith(("?", "!")) else "."
        return f"{self.label}: {what}{end} {self.remedy}".rstrip()


def show_failure(error: Failure, *, as_json: bool) -> int:
    """Show a failure, as JSON on standard output, and return its exit code."""
    if as_json:
        shown = {"code": error.code, "message": error.message, "details": error.details}
        shown["remedy"] = error.remedy or None
        document = {"success": False, "data": None, "error": shown}
        click.echo(json.dumps(document, default=str))
    else:
        with suppress(
            OSError
        ):  # standard error may be full or closed; the exit code shows the failure too
            click.echo(str(error), file=sys.stderr)
    return error.exit_code


def show_usage_error(error: click.ClickException, *, as_json: bool) -> int:
    """Show an error in the command line, and return its exit code."""
    # click lists choices in lines of their own, and wraps long messages
    message = re.sub(r"\s*\n\s*", " ", error.format_message())
    if isinstance(error, NoArgsIsHelpError) and not as_json:
        error.show()
        return error.exit_code
    if isinstance(error, NoArgsIsHelpError):
        message = "a command is missing"
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "ytarchive"
    remedy = f"See `{command} --help`."
    return show_failure(
        Failure(message, remedy=remedy, exit_code=USAGE, code="E002"), as_json=as_json
    )
