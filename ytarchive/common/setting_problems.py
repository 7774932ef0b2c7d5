"""The messages about invalid settings: the expected form, or the setting that was meant."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from ytarchive.common.models import problem_text


def message_for(
    kind: type[BaseSettings], section: str, name: str | None, item: Mapping[str, Any]
) -> str:
    """Return the message about an invalid value, a section or the name of a profile."""
    if item["loc"][-1] == "[key]":
        return "is not a name: use at most 32 lower-case letters, digits, _ and -"
    if item["type"] == "extra_forbidden":
        return unknown(kind, section, name)
    if name is None and item["type"].startswith(("model", "dict")):
        name = f"{section}.NAME" if is_table(kind, section) else section
        return f"is a section: write [{name}] and the settings below it"
    limits = _limits(_fields(kind, section).get(name or ""))
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


def is_table(kind: type[BaseSettings], section: str) -> bool:
    """Return whether a section contains sections, as `profiles` does."""
    field = kind.model_fields.get(section)
    return field is not None and get_origin(field.annotation) is dict


def section_model(annotation: Any) -> type[BaseModel] | None:
    """Return the model of a section, or of each section of a table; None for other fields."""
    model = get_args(annotation)[1] if get_origin(annotation) is dict else annotation
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def _fields(kind: type[BaseSettings], section: str) -> dict[str, FieldInfo]:
    found = kind.model_fields.get(section.partition(".")[0])
    model = section_model(found.annotation) if found else None
    return model.model_fields if model else {}


def sections_of(kind: type[BaseSettings], title: str) -> list[str]:
    """Return the section that a model of this name describes; nothing for all settings."""
    fields = kind.model_fields.items()
    return [name for name, field in fields if getattr(field.annotation, "__name__", "") == title]


def unknown(kind: type[BaseSettings], section: str, name: str | None) -> str:
    """Return the message for an unknown setting, with the setting that was probably meant."""
    if name is None:
        inside = (each for each in setting_names(kind) if each.partition(".")[2] == section)
        close = difflib.get_close_matches(section, kind.model_fields, n=1)
        what, meant = "is not a section", next(inside, close[0] if close else None)
    else:
        what, meant = "is not a setting", similar(section, name, _names_near(kind, section))
    hint = f"; did you mean {meant}?" if meant else ""
    return f"{what}{hint}"


def similar(section: str, name: str, names: Sequence[str]) -> str | None:
    """Return the setting most similar to a name: first by name, then in its section, then any."""
    same = next((each for each in names if each.rpartition(".")[2] == name), None)
    if same is not None:
        return same
    own = [each for each in names if each.startswith(f"{section}.")]
    for among, cutoff in ((own, 0.6), (names, 0.8)):
        found = difflib.get_close_matches(f"{section}.{name}", among, n=1, cutoff=cutoff)
        if found:
            return found[0]
    return None


def _names_near(kind: type[BaseSettings], section: str) -> list[str]:
    """Return the names of all settings, first those of a table's section."""
    own = _fields(kind, section) if "." in section else ()
    return [*(f"{section}.{name}" for name in own), *setting_names(kind)]


def setting_names(kind: type[BaseSettings]) -> Iterator[str]:
    """Yield the names of all settings, without those of tables."""
    for section, field in kind.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from (f"{section}.{name}" for name in model.model_fields)
