"""The options that specify how videos are archived, derived from the fields of `ArchiveProfile`."""

from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import click
from click.core import ParameterSource
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from ytarchive.cli.options import with_options
from ytarchive.cli.params import Parsed
from ytarchive.common.models import problem_text
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.profiles import NOTHING, ProfileRequest, from_text

_NAMES = {"caption_languages": "--captions"}
"""Options that are not named as their field."""
_NO_CAPTIONS = click.option("--no-captions", is_flag=True, help="Do not fetch captions.")


_PROFILE = click.option(
    "--profile", metavar="NAME",
    help="Profile that sets the options below that are not given; see `ytarchive profiles`.",
)  # fmt: skip


def _options() -> list[Any]:
    fields = ArchiveProfile.model_fields.items()
    made = [_option(name, field) for name, field in fields if name != "include_captions"]
    return [_PROFILE, *made, _NO_CAPTIONS]


def given_profile(given: dict[str, Any]) -> dict[str, Any]:
    """Return the profile's fields that the command line gives; the others come from elsewhere."""
    context = click.get_current_context()
    fields = {
        name: None if given[name] == NOTHING else given[name]
        for name in ProfileRequest.model_fields
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    if given["no_captions"]:
        fields["include_captions"] = False
    elif "caption_languages" in fields:
        fields["include_captions"] = bool(fields["caption_languages"])
    return fields


def _option(name: str, field: FieldInfo) -> Any:
    kind = _without_none(field.annotation)
    flag = _NAMES.get(name) or "--" + name.removeprefix("include_").replace("_", "-")
    help_text = (field.description or "").replace("`", "")
    if kind is bool:
        both = f"{flag}/--no-{flag.removeprefix('--')}"
        return click.option(
            both, name, default=field.default, show_default=True, help=f"{help_text}."
        )
    if _is_enum(kind):
        nothing = [] if kind is field.annotation else [NOTHING]
        shown: Any = click.Choice([*(each.value for each in kind), *nothing])
        metavar = None
    else:
        shown, metavar = Parsed(name, _reader(name, field)), name.rpartition("_")[2].upper()
    if get_origin(kind) is list:
        help_text += f"; {_choices(kind)}separated by commas"
    return click.option(
        flag, name, type=shown, metavar=metavar, default=_written(field.default),
        show_default=True, help=f"{help_text}.",
    )  # fmt: skip


def _reader(name: str, field: FieldInfo) -> Any:
    """Return the function that reads the text of an option; it raises ValueError."""

    def read(text: str) -> Any:
        try:
            return getattr(ArchiveProfile.model_validate({name: from_text(field, text)}), name)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            is_named = problem["type"] == "value_error" or not isinstance(problem["input"], str)
            value = "" if is_named else f"{problem['input']!r} "
            raise ValueError(f"{value}{problem_text(problem)}.") from None

    return read


def _without_none(kind: Any) -> Any:
    """Return the type of a field that can be null, or the type itself."""
    if get_origin(kind) not in {Union, UnionType}:
        return kind
    kinds = [each for each in get_args(kind) if each is not NoneType]
    return kinds[0] if len(kinds) == 1 else kind


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _choices(kind: Any) -> str:
    """Return the possible items of a list, for its help text."""
    (item,) = get_args(kind)
    return f"possible: {', '.join(each.value for each in item)}; " if _is_enum(item) else ""


def _written(value: Any) -> str | None:
    """Return a default as it is written on the command line."""
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    return str(value.value if isinstance(value, Enum) else value)


profile_options = with_options(*_options())
"""The decorator that gives a command an option for each field of the profile."""
