"""The sources of settings, and the problems of invalid values.

The command line overrides the environment, and the environment the file. An invalid value is
reported with its name, its source and the expected form.
"""

import difflib
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

S = TypeVar("S", bound=BaseSettings)
Sections = dict[str, Any]
"""Values of a source by section and name."""

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
        return cls(by_source, file, problems)

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
        names = [str(part) for part in item["loc"][:2]]
        # The section's own model creates the default of the section, without the other settings.
        names = [*_sections_of(kind, title), *names][:2]
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
        return merged

    def _refuse(self, kind: type[BaseSettings], item: Mapping[str, Any]) -> None:
        """Record the problem of a value, and leave the value out."""
        section, *names = [str(part) for part in item["loc"][:2]]
        name = names[0] if names else None
        self.problems.append(
            SettingProblem(
                name=".".join([section, *names]),
                source=self._place(self.source_of(section, name), section, name),
                message=_message(kind, section, name, item),
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
        begin = f"YTARCHIVE_{section}__{name or ''}".upper()
        names = [each for each in os.environ if each.upper().startswith(begin)]
        return f"environment variable {names[0] if names else begin}"


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
        meant = _close(section, rest[len(section) + 1 :], list(_names(kind))) or f"{section}.…"
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
        SettingProblem(
            name=section, source=str(file), message=_unknown(kind, section.lower(), None)
        )
        for section in found
    ]


def _message(
    kind: type[BaseSettings], section: str, name: str | None, item: Mapping[str, Any]
) -> str:
    if item["type"] == "extra_forbidden":
        return _unknown(kind, section, name)
    if name is None and item["type"].startswith("model"):
        return f"is a section: write [{section}] and the settings below it"
    limits = _limits(_field(kind, section, name))
    if item["type"] in _OUT_OF_RANGE and limits:
        return f"must be {limits}"
    form = _FORMS.get(item["type"])
    if form is None:
        return problem_text(item)
    return f"{form}{' ' if limits.startswith('from') else ', '}{limits}" if limits else form


_FORMS = {
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "must be a whole number"),
    **dict.fromkeys(("float_parsing", "float_type"), "must be a number"),
    **dict.fromkeys(("bool_parsing", "bool_type"), "must be true or false"),
    "list_type": 'must be a list such as ["a", "b"]',
}
_OUT_OF_RANGE = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
_LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def _limits(field: FieldInfo | None) -> str:
    """Return the limits of a number in words, such as `from 0 to 65535` or `at least 1`."""
    metadata = field.metadata if field else []
    found = {name: getattr(m, name) for m in metadata for name in _LIMITS if hasattr(m, name)}
    if found.keys() == {"ge", "le"}:
        return f"from {found['ge']} to {found['le']}"
    return " and ".join(f"{_LIMITS[name]} {limit}" for name, limit in found.items())


def _field(kind: type[BaseSettings], section: str, name: str | None) -> FieldInfo | None:
    found = kind.model_fields.get(section)
    model = found.annotation if found else None
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return None
    return model.model_fields.get(name or "")


def _sections_of(kind: type[BaseSettings], title: str) -> list[str]:
    """Return the section that a model of this name describes; nothing for all settings."""
    fields = kind.model_fields.items()
    return [name for name, field in fields if getattr(field.annotation, "__name__", "") == title]


def _unknown(kind: type[BaseSettings], section: str, name: str | None) -> str:
    """Return the message for an unknown setting, with the setting that was probably meant."""
    if name is None:
        inside = (each for each in _names(kind) if each.partition(".")[2] == section)
        close = difflib.get_close_matches(section, kind.model_fields, n=1)
        what, meant = "is not a section", next(inside, close[0] if close else None)
    else:
        what, meant = "is not a setting", _close(section, name, list(_names(kind)))
    hint = f"; did you mean {meant}?" if meant else ""
    return f"{what}{hint}"


def _close(section: str, name: str, names: Sequence[str]) -> str | None:
    """Return the setting most similar to a name: first by name, then in its section, then any."""
    same = next((each for each in names if each.partition(".")[2] == name), None)
    if same is not None:
        return same
    own = [each for each in names if each.startswith(f"{section}.")]
    for among, cutoff in ((own, 0.6), (names, 0.8)):
        found = difflib.get_close_matches(f"{section}.{name}", among, n=1, cutoff=cutoff)
        if found:
            return found[0]
    return None


def _names(kind: type[BaseSettings]) -> Iterator[str]:
    for section, field in kind.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from (f"{section}.{name}" for name in model.model_fields)
