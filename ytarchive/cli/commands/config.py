"""`ytarchive config`."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel, SecretStr
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.failure import Failure
from ytarchive.cli.options import Globals, Group
from ytarchive.cli.output import Output, cell, table
from ytarchive.cli.session import chosen, read_given
from ytarchive.cli.template import template
from ytarchive.common.config import Settings, default_config_file, usable_settings
from ytarchive.common.setting_sources import ENVIRONMENT, Given, SettingProblem

_CREDENTIALS = re.compile(r"(?<=://)\S+(?=@)")
_MASK = "********"


class Setting(BaseModel):
    """A setting, its value (secrets masked) and the source of the value."""

    name: str
    value: Any
    source: str


class Configuration(BaseModel):
    """The output of `config show`."""

    file: Path
    file_exists: bool
    settings: list[Setting]
    problems: list[SettingProblem]


class ConfigFile(BaseModel):
    """The output of `config path`."""

    path: Path
    exists: bool


@click.group(cls=Group, default="show")
def config() -> None:
    """Show the settings, or create the settings file."""


@config.command()
def show() -> int:
    """Show every setting and its source; secrets are masked.

    The exit code is 1 if a setting is invalid; its default is shown instead.
    """
    given = read_given(chosen())
    settings, problems = usable_settings(given)
    shown = Configuration(
        file=given.file,
        file_exists=given.file.is_file(),
        settings=list(_settings(settings, given)),
        problems=problems,
    )
    out = Output(as_json=chosen().json)
    out.show(shown, _table)
    for each in problems:
        out.remark(f"invalid: {each}")
    return 1 if problems else 0


@config.command()
def path() -> None:
    """Show the path of the settings file."""
    file = _file(chosen())
    found = ConfigFile(path=file, exists=file.is_file())
    out = Output(as_json=chosen().json)
    if out.as_json:
        out.document(found)
        return
    out.line(str(file))
    if not found.exists:
        out.remark("It does not exist; `ytarchive config init` writes it.")


@config.command()
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
def init(force: bool) -> None:
    """Write a file with every setting, its meaning and its default."""
    file = _file(chosen())
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(file, template(), overwrite=force)
    except FileExistsError:
        remedy = "Edit it, or overwrite it with --force."
        raise Failure(f"{file} exists already", remedy=remedy, code="E014") from None
    except OSError as error:
        remedy = "Choose another file with --config."
        message = f"{file} cannot be written: {error.strerror}"
        raise Failure(message, remedy=remedy, code="E202") from None
    out = Output(as_json=chosen().json)
    out.show(ConfigFile(path=file, exists=True), lambda found: cell(f"wrote {found.path}"))


def _file(options: Globals) -> Path:
    return options.config or default_config_file()


def _write(file: Path, text: str, *, overwrite: bool) -> None:
    """Write a file that only its owner can read, because it may contain secrets."""
    mode = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if overwrite else os.O_EXCL)
    with os.fdopen(os.open(file, mode, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)


def _settings(settings: Settings, given: Given) -> Iterator[Setting]:
    for section, values in _sections(settings):
        for name, value in values:
            source = given.source_of(section, name) or _default_source(section, name, value)
            yield Setting(name=f"{section}.{name}", value=_masked(value), source=source)


def _sections(settings: Settings) -> Iterator[tuple[str, Iterable[tuple[str, Any]]]]:
    """Yield each section with its settings; of a profile only those that it sets."""
    for section, values in settings:
        if not isinstance(values, dict):
            yield section, values
            continue
        for name, each in values.items():
            yield f"{section}.{name}", each.model_dump(exclude_unset=True, mode="json").items()


def _default_source(section: str, name: str, value: object) -> str:
    """Return the source of a default: two settings have variables of other programs."""
    is_shared = (section, name) in {("youtube", "api_key"), ("network", "proxy")}
    return ENVIRONMENT if is_shared and value is not None else "default"


def _masked(value: object) -> object:
    if isinstance(value, SecretStr):
        return _MASK
    if isinstance(value, list):
        return [_masked(each) for each in value]
    return _CREDENTIALS.sub(_MASK, value) if isinstance(value, str) else value


def _table(shown: Configuration) -> RenderableType:
    missing = "" if shown.file_exists else " (does not exist)"
    rows = [(each.name, _written(each.value), each.source) for each in shown.settings]
    listed = table(["SETTING", "~/VALUE", "SOURCE"], rows)
    return Lines(cell(f"file: {shown.file}{missing}"), listed)


def _written(value: object) -> object:
    """Return a value as in the settings file, without quotes; a dash if it is not set."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case []:
            return None
        case list():
            return ", ".join(map(str, value))
        case _:
            return value
