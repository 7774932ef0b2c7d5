"""Named profiles, and how they combine with the fields of a request.

Order of precedence: fields that the request gives, the named profile, the profile `default`, the
defaults of `ArchiveProfile`.
"""

from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from ytarchive.common.contract import invalid_request
from ytarchive.common.errors import InvalidRequest
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality

DEFAULT = "default"
"""The profile whose fields apply to every request."""
NOTHING = "none"
"""Text for null, which neither TOML nor the command line can express."""

ProfileName = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_-]{0,31}$",
        description="Lower-case letters, digits, `_` and `-`, as `music`",
    ),
]
"""The name of a profile."""


def from_text(field: FieldInfo, text: str) -> Any:
    """Return the value of a text: a list separated by commas, or `none` for null."""
    kinds = [field.annotation, *get_args(field.annotation)]
    if NoneType in kinds and text.strip().lower() == NOTHING:
        return None
    if any(get_origin(kind) is list for kind in kinds):
        return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    return text


class ProfileSettings(ArchiveProfile):
    """How videos are archived with `--profile NAME`; `default` applies to every request."""

    @field_validator("*", mode="before")
    @classmethod
    def _from_text(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            return from_text(cls.model_fields[str(info.field_name)], value)
        return value


BUILT_IN = {
    "music": ProfileSettings(
        quality=Quality.AUDIO, embed_metadata=True, embed_thumbnail=True, include_captions=False
    )
}
"""Profiles that exist without settings; settings of the same name replace them."""


class ProfileRequest(ArchiveProfile):
    """The archive profile of a request, and the name of a profile for the fields not given."""

    profile: ProfileName | None = Field(
        default=None,
        description="Named profile (`GET /profiles`) that the fields not given are taken from",
    )


R = TypeVar("R", bound=ProfileRequest)


def resolved(request: R, configured: Mapping[str, ArchiveProfile]) -> R:
    """Return a request with all fields of its profile. Raises InvalidRequest."""
    values = {
        name: getattr(profile, name)
        for _, profile in reversed(list(layers(request.profile, configured)))
        for name in given_fields(profile)
    }
    values |= {name: getattr(request, name) for name in given_fields(request)}
    try:
        profile = ArchiveProfile.model_validate(values)
    except ValidationError as error:
        raise invalid_request(error) from None
    return request.model_copy(update=profile.profile_fields)


def layers(
    name: str | None, configured: Mapping[str, ArchiveProfile]
) -> Iterator[tuple[str, ArchiveProfile]]:
    """Yield the profiles that apply, the named one first. Raises InvalidRequest."""
    known = all_profiles(configured)
    if name is not None and name not in known:
        message = f"profile: {name!r} is unknown; known profiles: {', '.join(known)}"
        raise InvalidRequest(message, fields={"profile": "unknown"}, known=list(known))
    for each in dict.fromkeys([name, DEFAULT]):
        if each is not None:
            yield each, known[each]


def all_profiles(configured: Mapping[str, ArchiveProfile]) -> dict[str, ArchiveProfile]:
    """Return all profiles by name, `default` first."""
    return {DEFAULT: ArchiveProfile(), **BUILT_IN, **configured}


def given_fields(profile: ArchiveProfile) -> list[str]:
    """Return the fields of the archive profile that were given, in the order of declaration."""
    return [name for name in ArchiveProfile.model_fields if name in profile.model_fields_set]
