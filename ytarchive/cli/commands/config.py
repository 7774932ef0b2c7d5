"""`ytarchive config`."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel, SecretStr
from pydantic_settings import InitSettingsSource
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.failure import Failure
from ytarchive.cli.options import Globals, Group
from ytarchive.cli.output import Output, cell, table
from ytarchive.cli.session import chosen, read_settings
from ytarchive.cli.template import template
from ytarchive.common.config import Settings, default_config_file

_CREDENTIALS = re.compile(r"(?<=://)\S+(?=@)")
_MASK = "********"


class Setting(BaseModel):
    """One setting, secrets masked, and where its value comes from."""

    name: str
    value: Any
    source: str


class Configuration(BaseModel):
    """Everything that `config show` tells."""

    file: Path
    file_exists: bool
    settings: list[Setting]


class ConfigFile(BaseModel):
    """What `config path` tells."""

    path: Path
    exists: bool


@click.group(cls=Group, default="show")
def config() -> None:
    """Show the settings, or begin a file of them."""


@config.command()
def show() -> None:
    """Show every setting and where it comes from; secrets are masked."""
    options = chosen()
    settings = read_settings(options)
    file = _file(options)
    shown = Configuration(
        file=file, file_exists=file.is_file(), settings=list(_settings(settings, options))
    )
    Output(as_json=options.json).show(shown, _table)


@config.command()
def path() -> None:
    """Show where the file of settings is looked for."""
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
@click.option("--force", is_flag=True, help="Overwrite the file if there is one.")
def init(force: bool) -> None:
    """Write a file with every setting, its meaning and its default."""
    file = _file(chosen())
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(file, template(), overwrite=force)
    except FileExistsError:
        remedy = "Edit it, or write it anew with --force."
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
    """Write a file that only its owner may read, because secrets will stand in it."""
    mode = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if overwrite else os.O_EXCL)
    with os.fdopen(os.open(file, mode, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)


def _settings(settings: Settings, options: Globals) -> Iterator[Setting]:
    given = _given_by(type(settings))
    if options.base_path is not None:
        given = {"command line": {"storage": {"base_path": options.base_path}}} | given
    for section, values in settings:
        for field, value in values:
            source = next(
                (s for s, found in given.items() if field in found.get(section, {})), None
            )
            if source is None:
                source = "environment" if _is_from_environment(section, field, value) else "default"
            yield Setting(name=f"{section}.{field}", value=_masked(value), source=source)


def _given_by(kind: type[Settings]) -> dict[str, dict[str, Any]]:
    """What the environment and the file say, the stronger one first."""
    nothing = InitSettingsSource(kind, {})
    _, environment, file = kind.settings_customise_sources(kind, *[nothing] * 4)
    return {"environment": environment(), "file": file()}


def _is_from_environment(section: str, field: str, value: object) -> bool:
    """The key has a variable of its own besides YTARCHIVE_YOUTUBE__API_KEY."""
    return (section, field) == ("youtube", "api_key") and value is not None


def _masked(value: object) -> object:
    if isinstance(value, SecretStr):
        return _MASK
    if isinstance(value, list):
        return [_masked(each) for each in value]
    return _CREDENTIALS.sub(_MASK, value) if isinstance(value, str) else value


def _table(shown: Configuration) -> RenderableType:
    missing = "" if shown.file_exists else " (does not exist)"
    rows = [(each.name, _written(each.value), each.source) for each in shown.settings]
    return Lines(cell(f"file: {shown.file}{missing}"), table(["SETTING", "~VALUE", "SOURCE"], rows))


def _written(value: object) -> object:
    """A value as the file of settings would have it, but for quotes; what is not set is a dash."""
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
