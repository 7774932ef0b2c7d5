"""The sources of settings, and the problems of invalid values.

The command line overrides the environment, and the environment the file. An invalid value is
reported with its name, its source and the expected form.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

from ytarchive.common.errors import InvalidConfiguration
from ytarchive.common.models import problem_text
from ytarchive.common.regular import NotRegularFile, read_regular
from ytarchive.common.setting_problems import (
    is_table,
    message_for,
    sections_of,
    setting_names,
    similar,
    unknown,
)

S = TypeVar("S", bound=BaseSettings)
Sections = dict[str, Any]
"""Values of a source by section and name; the section of a profile is `profiles.NAME`."""

COMMAND_LINE = "command line"
ENVIRONMENT = "environment"
FILE = "file"


class SettingProblem(BaseModel):
    """An invalid setting and the reason."""

    name: str
    source: str
    message: str

    def __str__(self) -> str:
        """Name, source and reason in one line."""
        return f"{self.name} ({self.source}): {self.message}"


_OTHER_VARIABLES = frozenset({"server"})
"""Variables of the CLI that are called as a section."""


class _NestedEnvironment(EnvSettingsSource):
    """Only `SECTION__FIELD` names are settings; `YTARCHIVE_SERVER` is the CLI's server address."""

    def _load_env_vars(self) -> Any:
        return {name: value for name, value in super()._load_env_vars().items() if "__" in name}

    def __call__(self) -> dict[str, Any]:
        """Return the settings, with unknown sections, which are rejected later by name."""
        prefixed = [name for name in self.env_vars if name.startswith(self.env_prefix.lower())]
        sections = {name[len(self.env_prefix) :].partition("__")[0] for name in prefixed}
        unknown = sections - set(self.settings_cls.model_fields)
        return {name: {} for name in unknown} | super().__call__()

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Return the value of JSON; the field validates other text and reports it by name."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


@dataclass
class Given:
    """The values of all sources, in order of precedence."""

    by_source: dict[str, Sections]
    file: Path
    problems: list[SettingProblem]

    @classmethod
    def read(cls, kind: type[BaseSettings], file: Path, overrides: Sections) -> "Given":
        """Read every source. An unreadable file is recorded as a problem."""
        problems = list(_without_separator(kind))
        by_source = {
            COMMAND_LINE: overrides,
            ENVIRONMENT: _NestedEnvironment(kind)(),
            FILE: _read_file(file, problems),
        }
        problems += _in_upper_case(kind, file, by_source[FILE])
        flat = {source: _flat(kind, sections) for source, sections in by_source.items()}
        return cls(flat, file, problems)

    def source_of(self, section: str, name: str | None = None) -> str | None:
        """Return the first source in precedence with a setting or section; None if none has it."""
        for source, sections in self.by_source.items():
            values = sections.get(section)
            if section in sections and (
                name is None or (isinstance(values, dict) and name in values)
            ):
                return source
        return None

    def usable(self, kind: type[S]) -> S:
        """Return the settings without invalid values; `problems` names the invalid ones.

        Raises InvalidConfiguration for an invalid default: a user without a home folder must set
        `storage.base_path`.
        """
        while True:
            try:
                return kind(**self._merged())
            except ValidationError as error:
                for item in error.errors(include_url=False, include_input=False):
                    self._require_given(kind, error.title, item)
                    self._refuse(kind, item)

    def _require_given(self, kind: type[S], title: str, item: Mapping[str, Any]) -> None:
        """Raise InvalidConfiguration for a default, which cannot be left out."""
        # The section's own model creates the default of the section, without the other settings.
        names = _place_of(kind, [*sections_of(kind, title), *item["loc"]])
        if self.source_of(*names) is None:
            name = ".".join(names)
            raise InvalidConfiguration(f"{name}: its default is invalid: {problem_text(item)}")

    def _merged(self) -> Sections:
        merged: Sections = {}
        for sections in reversed(self.by_source.values()):
            for section, values in sections.items():
                if isinstance(values, dict):
                    known = merged.get(section)
                    merged[section] = (known if isinstance(known, dict) else {}) | values
                else:
                    merged[section] = values
        return _nested(merged)

    def _refuse(self, kind: type[BaseSettings], item: Mapping[str, Any]) -> None:
        """Record the problem of a value, and leave the value out."""
        section, *names = _place_of(kind, item["loc"])
        name = names[0] if names else None
        self.problems.append(
            SettingProblem(
                name=".".join([section, *names]),
                source=self._place(self.source_of(section, name), section, name),
                message=message_for(kind, section, name, item),
            )
        )
        for sections in self.by_source.values():
            values = sections.get(section)
            if name is None:
                sections.pop(section, None)
            elif isinstance(values, dict):
                sections[section] = {each: values[each] for each in values if each != name}

    def _place(self, source: str | None, section: str, name: str | None) -> str:
        if source == FILE:
            return str(self.file)
        if source != ENVIRONMENT:
            return source or "default"
        begin = f"YTARCHIVE_{section.replace('.', '__')}__{name or ''}".upper()
        names = [each for each in os.environ if each.upper().startswith(begin)]
        return f"environment variable {names[0] if names else begin}"


def _flat(kind: type[BaseSettings], sections: Sections) -> Sections:
    """Return the sections of a source, with each profile as a section of its own."""
    flat: Sections = {}
    for section, values in sections.items():
        if is_table(kind, section) and isinstance(values, dict):
            flat |= {f"{section}.{name}": each for name, each in values.items()}
        else:
            flat[section] = values
    return flat


def _nested(flat: Sections) -> Sections:
    """Return sections in the form of the settings."""
    nested: Sections = {}
    for section, values in flat.items():
        table, separator, name = section.partition(".")
        if separator and isinstance(nested.setdefault(table, {}), dict):
            nested[table][name] = values
        elif not separator:
            nested[section] = values
    return nested


def _place_of(kind: type[BaseSettings], location: Sequence[Any]) -> list[str]:
    """Return the section and, if there is one, the name of the setting that is invalid."""
    parts = [str(part) for part in location]
    if len(parts) > 1 and is_table(kind, parts[0]):
        parts[:2] = [".".join(parts[:2])]
    return [part for part in parts[:2] if part != "[key]"]


def _without_separator(kind: type[BaseSettings]) -> Iterator[SettingProblem]:
    """Yield the variables that name a section, but no setting after two underscores."""
    prefix = kind.model_config["env_prefix"].lower()
    for variable in sorted(os.environ):
        rest = variable.lower().removeprefix(prefix)
        if rest == variable.lower() or "__" in rest or rest in _OTHER_VARIABLES:
            continue
        section = next(
            (each for each in kind.model_fields if f"{rest}_".startswith(f"{each}_")), ""
        )
        if not section:
            continue
        meant = (
            similar(section, rest[len(section) + 1 :], list(setting_names(kind))) or f"{section}.…"
        )
        form = f"{prefix}{meant.replace('.', '__')}".upper()
        source = f"environment variable {variable}"
        message = f"is not a setting; did you mean {form}?"
        yield SettingProblem(name=rest, source=source, message=message)


def _read_file(file: Path, problems: list[SettingProblem]) -> Sections:
    """Return the values of a TOML file; none for the null device or no file. A BOM is allowed."""
    try:
        # A link to a missing file is reported: its disk may be unmounted.
        if not (file.exists() or file.is_symlink()) or file.samefile(os.devnull):
            return {}
        return tomllib.loads(
            read_regular(file, follow_links=True).decode("utf-8-sig").replace("\r\n", "\n")
        )
    except NotRegularFile as error:
        message = f"{error.strerror}; put a settings file there, or remove it"
    except UnicodeDecodeError:
        message = "is not UTF-8 text; save it as UTF-8"
    except tomllib.TOMLDecodeError as error:
        message = f"is not TOML: {error}"
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
    problems.append(SettingProblem(name="settings file", source=str(file), message=message))
    return {}


def _in_upper_case(
    kind: type[BaseSettings], file: Path, sections: Sections
) -> list[SettingProblem]:
    """Remove sections such as `[Server]`, which pydantic-settings would use for `server`."""
    found = [section for section in sections if section != section.lower()]
    for section in found:
        del sections[section]
    return [
        SettingProblem(name=section, source=str(file), message=unknown(kind, section.lower(), None))
        for section in found
    ]
